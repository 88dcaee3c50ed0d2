#include "sinks/kafka/flusher.hpp"

#include <utility>

namespace outbox::kafka {
namespace {

// Longer than a broker usually takes, and short enough for whoever joins the thread.
constexpr int kFlushMs = 20;

}  // namespace

Flusher::Flusher(rd_kafka_t* handle)
    : handle_(handle), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Flusher::flush() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wanted_changed_.notify_one();
}

void Flusher::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wanted_changed_.wait(lock, stop, [this] { return wanted_; })) {
    wanted_ = false;
    lock.unlock();
    static_cast<void>(rd_kafka_flush(handle_, kFlushMs));  // a timeout is as good
    lock.lock();
  }
}

}  // namespace outbox::kafka
