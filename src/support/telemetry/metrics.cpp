#include "support/telemetry/metrics.hpp"

#include <prometheus/gauge.h>
#include <prometheus/text_serializer.h>

namespace outbox::telemetry {

Metrics::Metrics(const std::string& program) : registry_(std::make_unique<prometheus::Registry>()) {
  prometheus::BuildGauge()
      .Name("outbox_build_info")
      .Help("Always 1; the labels tell what runs.")
      .Register(*registry_)
      .Add({{"program", program}, {"version", OUTBOX_VERSION}})
      .Set(1);
}

std::string Metrics::render() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace outbox::telemetry
