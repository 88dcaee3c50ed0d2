#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "core/batch_feed.hpp"
#include "outbox/result.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

// Reads ahead on a thread of its own, so that the next batch is there when the window has room.
// Wakes `news` when a batch or an error is there to be taken. Its destructor ends reading and
// joins.
class BatchReader final : public BatchFeed {
 public:
  BatchReader(Source& source, std::size_t limit, DeliveryQueue& news);
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  [[nodiscard]] std::optional<Batch> take() override;
  [[nodiscard]] std::optional<Error> error() const override;

 private:
  static constexpr std::size_t kReadAhead = 2;
  static constexpr std::chrono::milliseconds kAwaitTimeout{1'000};

  void run(const std::stop_token& stop);
  bool hand_over(Batch batch, const std::stop_token& stop);
  void fail(Error error);

  Source& source_;
  std::size_t limit_;
  DeliveryQueue& news_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  std::deque<Batch> batches_;
  std::optional<Error> error_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace outbox
