#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include <librdkafka/rdkafka.h>

namespace outbox::kafka {

// Ends the lingering of messages: librdkafka's linger.ms is one for all of a producer's messages,
// and only rd_kafka_flush, which waits for their delivery, suspends it. Thread-safe.
class Flusher {
 public:
  // `handle` must outlive it.
  explicit Flusher(rd_kafka_t* handle);

  // What was produced goes now. Returns at once.
  void flush();

 private:
  void run(const std::stop_token& stop);

  rd_kafka_t* handle_;
  std::mutex mutex_;
  std::condition_variable_any wanted_changed_;
  bool wanted_ = false;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace outbox::kafka
