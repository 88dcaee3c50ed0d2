// The stdout sink and a named pipe, whose readers may go and come.
#pragma once

#include "tests/conformance/sink/sink_driver.hpp"

namespace outbox::test {

[[nodiscard]] SinkDriverFactory stdout_sink_driver();

}  // namespace outbox::test
