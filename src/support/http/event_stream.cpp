#include "support/http/event_stream.hpp"

#include <utility>

namespace outbox::http {
namespace {

// A line break of any kind ends a line of data; the client joins them with '\n'.
void append_event(std::string& out, std::string_view event, std::string_view data) {
  out.append("event: ").append(event.substr(0, event.find_first_of("\r\n"))).append("\n");
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    const bool two = data.substr(end, 2) == "\r\n";
    data.remove_prefix(end + (two ? 2 : 1));
  }
  out.append("\n");
}

}  // namespace

bool EventStream::push(std::string_view event, std::string_view data) {
  const std::lock_guard lock(mutex_);
  if (!open_) return false;
  if (events_ >= kMaxEvents || queued_.size() + data.size() > kMaxBytes) {
    open_ = false;
    queued_.clear();
    wake_once();
    return false;
  }
  append_event(queued_, event, data);
  ++events_;
  wake_once();
  return true;
}

void EventStream::finish() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  wake_once();
}

bool EventStream::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

void EventStream::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::string EventStream::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  events_ = 0;
  return std::exchange(queued_, {});
}

void EventStream::close() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  wake_ = nullptr;
  queued_.clear();
}

void EventStream::wake_once() {
  if (woken_ || !wake_) return;
  woken_ = true;
  wake_();
}

}  // namespace outbox::http
