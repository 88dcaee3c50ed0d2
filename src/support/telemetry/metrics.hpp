// A program's Prometheus metrics.
#pragma once

#include <memory>
#include <string>

#include <prometheus/registry.h>

namespace outbox::telemetry {

// Owns the registry, which is thread-safe, as rendering is.
class Metrics {
 public:
  // Registers outbox_build_info{program, version}.
  explicit Metrics(const std::string& program);

  [[nodiscard]] prometheus::Registry& registry() noexcept { return *registry_; }

  // Prometheus' text format.
  [[nodiscard]] std::string render() const;

 private:
  std::unique_ptr<prometheus::Registry> registry_;
};

}  // namespace outbox::telemetry
