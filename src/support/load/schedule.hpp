// Open-loop load: numbered messages that are due at a steady rate, and what became of each when.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outbox::load {

// Now, in microseconds of Unix time.
[[nodiscard]] std::int64_t unix_us();

// Numbered messages that are due at a steady rate, whatever becomes of those before: the times are
// those of the schedule, so what waits behind a slow one counts as late. Number 0 comes ahead of
// the schedule, to see that everything is ready. take() is thread-safe, and so are the others once
// begin() has returned.
class Schedule {
 public:
  // rate: messages a second, more than 0. Both times are in seconds.
  Schedule(double rate, double seconds, double warmup_seconds);

  void begin();  // number 1 is due now
  [[nodiscard]] std::int64_t due_us(std::size_t number) const;
  [[nodiscard]] std::size_t messages() const { return messages_; }  // with number 0
  // Those before are for warming up.
  [[nodiscard]] std::size_t first_measured() const { return first_measured_; }

  // The next number that nobody has taken, when it is due; messages() at the end.
  [[nodiscard]] std::size_t take();

 private:
  double interval_us_;
  std::size_t messages_;
  std::size_t first_measured_;
  std::int64_t begin_us_ = 0;
  std::atomic<std::size_t> next_{1};
};

inline constexpr std::size_t kLeastPayload = 32;  // bytes

// {"n":"0000000042","data":"…"} of so many bytes, kLeastPayload or more.
[[nodiscard]] std::string numbered_payload(std::size_t number, std::size_t bytes);
// Nothing: it is none of these.
[[nodiscard]] std::optional<std::size_t> number_of(std::string_view payload);

// Moments by number, 0 while there is none; each is written by one thread.
class Moments {
 public:
  explicit Moments(std::size_t messages) : at_(messages) {}
  void set(std::size_t number, std::int64_t us);  // the first one stays
  [[nodiscard]] std::int64_t at(std::size_t number) const { return at_[number]; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::vector<std::atomic<std::int64_t>> at_;
  std::atomic<std::size_t> count_{0};
};

// Milliseconds from one moment to another, of all that are measured and have both.
[[nodiscard]] std::vector<double> differences(const Schedule& schedule, const Moments& from,
                                              const Moments& to);
// The same from the moment when each was due.
[[nodiscard]] std::vector<double> lateness(const Schedule& schedule, const Moments& to);

}  // namespace outbox::load
