// Writes outbox messages to standard output, one JSON object a line.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "outbox/sink.hpp"
#include "sinks/stdout/line.hpp"

namespace outbox::stdout_sink {

struct StdoutOptions {
  int fd = STDOUT_FILENO;  // stays open as long as the sink lives; the sink does not close it
  // Accepted and not written, at most. A line that is longer by itself is rejected.
  std::size_t max_buffered_messages = 10'000;
  std::size_t max_buffered_bytes = std::size_t{16} * 1024 * 1024;
};

// The topic that a message is shown with. message_rejected: it has none.
using TopicOf = std::function<Result<std::string>(const Record&)>;

// A message is delivered once its whole line was written; LineMaker says what is in it. One thread
// of its own writes.
//
// When writing fails, as the pipe's reader has gone or the disk is full, everything that is not
// written fails with destination_unavailable. A line that was begun is ended first by whatever
// comes next, so that lines stay whole; its message then comes twice.
class StdoutSink final : public Sink {
 public:
  explicit StdoutSink(TopicOf topic_of, StdoutOptions options = {});
  ~StdoutSink() override;
  StdoutSink(const StdoutSink&) = delete;
  StdoutSink& operator=(const StdoutSink&) = delete;

  [[nodiscard]] SinkTraits traits() const override;
  [[nodiscard]] Result<void> connect(DeliveryQueue& deliveries) override;
  [[nodiscard]] std::string_view topic_of(const Record& message) override;
  [[nodiscard]] SendResult send(std::span<const Record> messages) override;
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout) override;
  void close() override;
  [[nodiscard]] SinkHealth health() const override;

 private:
  struct Line {
    std::optional<std::uint64_t> tag;  // none: the end of a line whose message has failed
    std::size_t size = 0;              // bytes
  };
  // Lines, one after the other.
  struct Chunk {
    std::string bytes;
    std::vector<Line> lines;
  };

  [[nodiscard]] bool may_send();  // under mutex_

  // The thread's side.
  void serve(const std::stop_token& stop);
  [[nodiscard]] bool take(const std::stop_token& stop);
  void write_chunk(const std::stop_token& stop);
  [[nodiscard]] Result<std::size_t> write_some(std::string_view bytes, const std::stop_token& stop);
  void deliver(std::span<const Line> lines);
  void fail(std::span<const Line> lines, const Error& error);
  void add_delivery(const Line& line, const std::optional<Error>& error);  // under mutex_
  void note_health(bool reachable, std::string_view detail);

  const TopicOf topic_of_;
  const StdoutOptions options_;

  // Set by connect, constant while the thread runs.
  DeliveryQueue* deliveries_ = nullptr;
  std::size_t most_at_once_ = 0;  // bytes that a write takes without waiting

  // The caller's thread alone.
  LineMaker maker_;
  std::string line_;
  std::string topic_;  // that topic_of has told

  // The thread alone.
  Chunk current_;
  std::string cut_;  // what is left of a line that was begun
  std::vector<Delivery> pushed_;

  mutable std::mutex mutex_;
  std::condition_variable_any accepted_;
  std::condition_variable settled_;    // buffered_messages_ has shrunk
  Chunk pending_;                      // accepted, and not taken by the thread
  std::size_t buffered_messages_ = 0;  // accepted and not delivered
  std::size_t buffered_bytes_ = 0;
  bool failure_unseen_ = false;  // a failed delivery was pushed since the last send
  SinkHealth health_{false, "not connected"};

  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace outbox::stdout_sink
