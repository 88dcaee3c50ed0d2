// The HTTP sink and a receiver of webhooks.
#pragma once

#include "tests/conformance/sink/sink_driver.hpp"

namespace outbox::test {

[[nodiscard]] SinkDriverFactory http_sink_driver();

}  // namespace outbox::test
