// The null sink, which has no destination.
#pragma once

#include "tests/conformance/sink/sink_driver.hpp"

namespace outbox::test {

[[nodiscard]] SinkDriverFactory null_sink_driver();

}  // namespace outbox::test
