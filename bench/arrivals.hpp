#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace outbox::bench {

[[nodiscard]] std::int64_t unix_us();

// Numbered messages that are due at a steady rate, whatever becomes of those before: the times are
// those of the schedule, so what waits behind a slow one counts as late. Number 0 comes ahead of
// the schedule, to see that everything is ready.
class Schedule {
 public:
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

// {"n":0000000042,"data":"…"} of so many bytes.
[[nodiscard]] std::string numbered_payload(std::size_t number, std::size_t bytes);
[[nodiscard]] std::size_t number_of(std::string_view payload);

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

// Notes when each number of a topic reaches a consumer, until it is destroyed.
class Consumer {
 public:
  Consumer(const std::string& brokers, const std::string& topic, int partitions, Moments& consumed);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

 private:
  void consume(const std::stop_token& stop);

  rd_kafka_t* handle_ = nullptr;
  Moments& consumed_;
  std::jthread thread_;
};

}  // namespace outbox::bench
