#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <prometheus/histogram.h>

namespace outbox {

// A histogram that is given its observations many at a time, since each call takes a lock. One
// thread.
class BatchedHistogram {
 public:
  // Ascending boundaries, those of `histogram`.
  BatchedHistogram(prometheus::Histogram& histogram, std::vector<double> boundaries)
      : histogram_(histogram),
        boundaries_(std::move(boundaries)),
        counts_(boundaries_.size() + 1) {}

  void observe(double value) {
    const auto bucket = std::lower_bound(boundaries_.begin(), boundaries_.end(), value);
    ++counts_[static_cast<std::size_t>(bucket - boundaries_.begin())];
    sum_ += value;
    any_ = true;
  }

  void flush() {
    if (!any_) return;
    histogram_.ObserveMultiple(counts_, sum_);
    std::fill(counts_.begin(), counts_.end(), 0.0);
    sum_ = 0;
    any_ = false;
  }

 private:
  prometheus::Histogram& histogram_;
  std::vector<double> boundaries_;
  std::vector<double> counts_;  // of each bucket, the last one without a boundary
  double sum_ = 0;
  bool any_ = false;
};

}  // namespace outbox
