#include "support/load/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace outbox::load {

double percentile(const std::vector<double>& sorted, double percent) {
  // 99.9 % of 1,000 is a little more than 999 in binary.
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()) - 1e-9);
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace outbox::load
