#pragma once

#include <string>
#include <vector>

namespace outbox::bench {

// "name_p50_ms":…,"name_p90_ms":…, p99, p99.9 and max; without samples, nothing.
[[nodiscard]] std::string percentiles_json(const std::string& name, std::vector<double> samples_ms);

}  // namespace outbox::bench
