// Server-sent events (WHATWG HTML §9.2) on their way to one client.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace outbox::http {

// A bounded queue between whoever has news and the connection of one client. A handler makes one,
// gives it to its producer, and returns it as Response::stream; from then on the server writes what
// is pushed, and a comment when there was nothing for a while. Thread-safe.
class EventStream {
 public:
  // Beyond them the client counts as one that does not read.
  static constexpr std::size_t kMaxEvents = 16;
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

  EventStream() = default;
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Never waits. False: the stream is over (the client has gone, did not read and was cut off, or
  // the server stops); forget it. `event` is one line; `data` may have several.
  bool push(std::string_view event, std::string_view data);

  // Ends the stream once what was pushed is written. Idempotent.
  void finish();

  [[nodiscard]] bool is_open() const;

  // The server's side. `wake` is called when there is something to take, from any thread and with
  // the stream locked: it must only post. None of it is called after close.
  void attach(std::function<void()> wake);
  // Everything that was pushed since the last take, as bytes for the client.
  [[nodiscard]] std::string take();
  // The client has gone: what is queued is dropped.
  void close();

 private:
  void wake_once();

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::string queued_;
  std::size_t events_ = 0;
  bool woken_ = false;
  bool open_ = true;
};

}  // namespace outbox::http
