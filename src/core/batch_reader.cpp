#include "core/batch_reader.hpp"

#include <utility>

namespace outbox {

BatchReader::BatchReader(Source& source, std::size_t limit, DeliveryQueue& news)
    : source_(source),
      limit_(limit),
      news_(news),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::optional<Batch> BatchReader::take() {
  std::optional<Batch> batch;
  {
    const std::lock_guard lock{mutex_};
    if (batches_.empty()) {
      return std::nullopt;
    }
    batch = std::move(batches_.front());
    batches_.pop_front();
  }
  room_.notify_one();
  return batch;
}

std::optional<Error> BatchReader::error() const {
  const std::lock_guard lock{mutex_};
  return error_;
}

void BatchReader::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Result<Batch> batch = source_.claim(limit_);
    if (!batch) {
      fail(std::move(batch).error());
      return;
    }
    const bool caught_up = batch->records.empty() || batch->caught_up;
    if (!hand_over(*std::move(batch), stop)) {
      return;
    }
    if (caught_up) {
      if (const Result<void> awaited = source_.await_work(kAwaitTimeout, stop); !awaited) {
        fail(awaited.error());
        return;
      }
    }
  }
}

bool BatchReader::hand_over(Batch batch, const std::stop_token& stop) {
  {
    std::unique_lock lock{mutex_};
    if (!room_.wait(lock, stop, [this] { return batches_.size() < kReadAhead; })) {
      return false;
    }
    batches_.push_back(std::move(batch));
  }
  news_.wake();
  return true;
}

void BatchReader::fail(Error error) {
  {
    const std::lock_guard lock{mutex_};
    error_ = std::move(error);
  }
  news_.wake();
}

}  // namespace outbox
