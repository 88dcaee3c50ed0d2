#pragma once

#include <vector>

namespace outbox::load {

// The value below which so many of 100 samples lie, by nearest rank. The samples are sorted, and
// there is at least one.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double percent);

}  // namespace outbox::load
