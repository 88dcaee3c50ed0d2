#include "bench/percentiles.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "support/load/percentile.hpp"

namespace outbox::bench {

std::string percentiles_json(const std::string& name, std::vector<double> samples_ms) {
  if (samples_ms.empty()) return {};
  std::sort(samples_ms.begin(), samples_ms.end());
  constexpr std::array<std::pair<const char*, double>, 5> kWanted = {
      {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}}};
  std::string json;
  for (const auto& [label, percent] : kWanted) {
    json += fmt::format("{}\"{}_{}_ms\":{:.4f}", json.empty() ? "" : ",", name, label,
                        load::percentile(samples_ms, percent));
  }
  return json;
}

}  // namespace outbox::bench
