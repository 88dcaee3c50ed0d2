#include "support/load/schedule.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include <fmt/format.h>

namespace outbox::load {
namespace {

// Of all that are measured and have arrived: from `from(number)` on.
template <class From>
std::vector<double> since(const Schedule& schedule, const Moments& to, From from) {
  std::vector<double> result;
  for (std::size_t i = schedule.first_measured(); i < schedule.messages(); ++i) {
    const std::int64_t begin = from(i);
    if (begin == 0 || to.at(i) == 0) continue;
    result.push_back(static_cast<double>(to.at(i) - begin) / 1e3);
  }
  return result;
}

}  // namespace

std::int64_t unix_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Schedule::Schedule(double rate, double seconds, double warmup_seconds)
    : interval_us_(1e6 / rate),
      messages_(1 + static_cast<std::size_t>(rate * (seconds + warmup_seconds))),
      first_measured_(1 + static_cast<std::size_t>(rate * warmup_seconds)) {}

void Schedule::begin() {
  begin_us_ = unix_us();
}

std::int64_t Schedule::due_us(std::size_t number) const {
  return begin_us_ + static_cast<std::int64_t>(interval_us_ * static_cast<double>(number - 1));
}

std::size_t Schedule::take() {
  const std::size_t number = std::min(next_++, messages_);
  if (number < messages_) {
    std::this_thread::sleep_until(
        std::chrono::system_clock::time_point{std::chrono::microseconds{due_us(number)}});
  }
  return number;
}

std::string numbered_payload(std::size_t number, std::size_t bytes) {
  std::string payload = fmt::format(R"({{"n":"{:010}","data":")", number);
  payload.resize(bytes - 2, 'x');
  return payload + "\"}";
}

std::optional<std::size_t> number_of(std::string_view payload) {
  constexpr std::string_view kLead = R"({"n":")";
  std::size_t number = 0;
  if (!payload.starts_with(kLead) || payload.size() < kLeastPayload) return std::nullopt;
  std::from_chars(payload.data() + kLead.size(), payload.data() + kLead.size() + 10, number);
  return number;
}

void Moments::set(std::size_t number, std::int64_t us) {
  if (number >= at_.size() || at_[number] != 0) return;
  at_[number] = us;
  ++count_;
}

std::vector<double> differences(const Schedule& schedule, const Moments& from, const Moments& to) {
  return since(schedule, to, [&](std::size_t number) { return from.at(number); });
}

std::vector<double> lateness(const Schedule& schedule, const Moments& to) {
  return since(schedule, to, [&](std::size_t number) { return schedule.due_us(number); });
}

}  // namespace outbox::load
