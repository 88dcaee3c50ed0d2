// Posts outbox messages to a URL, as webhooks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>

#include "outbox/sink.hpp"
#include "sinks/http/key_queues.hpp"
#include "sinks/http/outcome.hpp"
#include "sinks/http/request_headers.hpp"
#include "sinks/http/settings.hpp"
#include "sinks/http/transfer.hpp"

namespace outbox::http_sink {

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// One POST for each message: the body is the payload as it is, the headers are those of Standard
// Webhooks and of RequestHeaders. docs/sinks/http.md says what each answer means. One thread of
// its own does all requests, several at a time, of each key one.
//
// Order: whatever waits behind a failed message of its key fails with it, under one lock, and the
// next send accepts nothing. When the destination itself fails, all that waits fails, so that a
// destination that is down is not asked once for each message.
class HttpSink final : public Sink {
 public:
  explicit HttpSink(HttpSettings settings);
  ~HttpSink() override;
  HttpSink(const HttpSink&) = delete;
  HttpSink& operator=(const HttpSink&) = delete;

  [[nodiscard]] SinkTraits traits() const override;
  [[nodiscard]] Result<void> connect(DeliveryQueue& deliveries) override;
  [[nodiscard]] SendResult send(std::span<const Record> messages) override;
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout) override;
  void close() override;
  [[nodiscard]] SinkHealth health() const override;

 private:
  using Clock = Transfer::Clock;

  // The caller's side.
  [[nodiscard]] Result<Message> message_of(const Record& record);
  [[nodiscard]] bool may_send();                              // under mutex_
  [[nodiscard]] bool has_room(const Message& message) const;  // under mutex_

  // The thread's side.
  void serve(const std::stop_token& stop);
  void end_pause();
  void start_requests();
  [[nodiscard]] bool take_ended();
  [[nodiscard]] bool cut_off_bodies();
  void end(Transfer& transfer, CURLcode code);
  void settle(const Message& message, Outcome outcome);
  void push(const Message& message, std::optional<Error> error);  // under mutex_
  void note_health(const Outcome& outcome);                       // under mutex_
  [[nodiscard]] std::chrono::milliseconds longest_wait();

  const HttpSettings settings_;

  // Set by connect, constant while the thread runs.
  Endpoint endpoint_;
  DeliveryQueue* deliveries_ = nullptr;
  std::unique_ptr<CURLM, MultiDeleter> multi_;

  std::optional<RequestHeaders> headers_;  // the caller's thread alone

  // The thread alone.
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> idle_;
  std::vector<Transfer*> active_;
  int failures_in_a_row_ = 0;
  std::vector<Delivery> pushed_;

  mutable std::mutex mutex_;
  std::condition_variable settled_;  // buffered_messages_ has shrunk
  KeyQueues queues_;
  std::size_t buffered_messages_ = 0;  // accepted and not delivered
  std::size_t buffered_bytes_ = 0;
  std::optional<Clock::time_point> paused_until_;
  bool failure_unseen_ = false;  // a failed delivery was pushed since the last send
  SinkHealth health_{false, "not connected"};
  bool untried_ = true;  // nothing was sent since connect

  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace outbox::http_sink
