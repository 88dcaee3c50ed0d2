#include "tests/conformance/sink/http_sink_driver.hpp"
#include "tests/conformance/sink/kafka_sink_driver.hpp"
#include "tests/conformance/sink/null_sink_driver.hpp"
#include "tests/conformance/sink/sink_driver.hpp"
#include "tests/conformance/sink/stdout_sink_driver.hpp"

namespace outbox::test {

std::vector<SinkDriverFactory> all_sink_drivers() {
  return {kafka_sink_driver(), http_sink_driver(), stdout_sink_driver(), null_sink_driver()};
}

}  // namespace outbox::test
