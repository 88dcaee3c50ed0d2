// The Kafka sink and a topic.
#pragma once

#include "tests/conformance/sink/sink_driver.hpp"

namespace outbox::test {

[[nodiscard]] SinkDriverFactory kafka_sink_driver();

}  // namespace outbox::test
