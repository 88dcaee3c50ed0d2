#pragma once

#include <string>
#include <vector>

namespace outbox::bench {

// The value below which so many of 100 samples lie, by nearest rank. The samples are sorted, and
// there is at least one.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double percent);

// "name_p50_ms":…,"name_p90_ms":…, p99, p99.9 and max; without samples, nothing.
[[nodiscard]] std::string percentiles_json(const std::string& name, std::vector<double> samples_ms);

}  // namespace outbox::bench
