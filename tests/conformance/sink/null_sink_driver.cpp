#include "tests/conformance/sink/null_sink_driver.hpp"

#include "sinks/null/null_sink.hpp"

namespace outbox::test {
namespace {

class NullSinkDriver final : public SinkDriver {
 public:
  std::unique_ptr<Sink> make_sink(const SinkSettings& /*settings*/) override {
    return std::make_unique<null_sink::NullSink>();
  }
  std::unique_ptr<Sink> make_lost_sink() override { return nullptr; }
  std::optional<std::vector<Received>> received() override { return std::nullopt; }
  std::optional<std::size_t> oversize() const override { return std::nullopt; }
  std::optional<std::size_t> refused_size() const override { return std::nullopt; }
  std::optional<std::string> refusing_topic() override { return std::nullopt; }
  bool has_null_headers() const override { return false; }
};

}  // namespace

SinkDriverFactory null_sink_driver() {
  return {"Null",
          []() -> std::unique_ptr<SinkDriver> { return std::make_unique<NullSinkDriver>(); },
          nullptr};
}

}  // namespace outbox::test
