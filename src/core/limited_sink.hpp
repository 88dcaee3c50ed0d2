#pragma once

#include <optional>
#include <span>
#include <utility>

#include "core/rate_limit.hpp"
#include "outbox/clock.hpp"
#include "outbox/sink.hpp"

namespace outbox {

// A sink's send under a rate limit: beyond it, it looks like a full one. One thread.
class LimitedSink {
 public:
  LimitedSink(Sink& sink, double messages_per_second, const Clock& clock)
      : sink_(sink), clock_(clock), limit_(messages_per_second, clock.now()) {}

  [[nodiscard]] SendResult send(std::span<const Record> messages) {
    const std::size_t allowed = limit_.allowed(messages.size(), clock_.now());
    limited_ = allowed < messages.size();
    if (allowed == 0) {
      return {};
    }
    SendResult result = sink_.send(messages.first(allowed));
    limit_.used(result.accepted);
    sent_ = sent_ || result.accepted > 0;
    return result;
  }

  // What was sent need not wait for company.
  void hurry() {
    if (std::exchange(sent_, false)) {
      sink_.hurry();
    }
  }

  // When to send again, if it was the limit that ended the last send.
  [[nodiscard]] std::optional<Clock::time_point> resume_at() const {
    return limited_ ? std::optional{limit_.next()} : std::nullopt;
  }

 private:
  Sink& sink_;
  const Clock& clock_;
  RateLimit limit_;
  bool limited_ = false;
  bool sent_ = false;  // since the last hurry
};

}  // namespace outbox
