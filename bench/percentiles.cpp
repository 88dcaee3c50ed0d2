#include "bench/percentiles.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace outbox::bench {

double percentile(const std::vector<double>& sorted, double percent) {
  // 99.9 % of 1,000 is a little more than 999 in binary.
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()) - 1e-9);
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string percentiles_json(const std::string& name, std::vector<double> samples_ms) {
  if (samples_ms.empty()) return {};
  std::sort(samples_ms.begin(), samples_ms.end());
  constexpr std::array<std::pair<const char*, double>, 5> kWanted = {
      {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}}};
  std::string json;
  for (const auto& [label, percent] : kWanted) {
    json += fmt::format("{}\"{}_{}_ms\":{:.4f}", json.empty() ? "" : ",", name, label,
                        percentile(samples_ms, percent));
  }
  return json;
}

}  // namespace outbox::bench
