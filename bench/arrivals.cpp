#include "bench/arrivals.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "bench/tool.hpp"

namespace outbox::bench {

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

std::size_t number_of(std::string_view payload) {
  constexpr std::string_view kLead = R"({"n":")";
  std::size_t number = 0;
  if (!payload.starts_with(kLead) || payload.size() < kLead.size() + 10) {
    fail("a record is none of this run's: " + std::string(payload.substr(0, 60)));
  }
  std::from_chars(payload.data() + kLead.size(), payload.data() + kLead.size() + 10, number);
  return number;
}

void Moments::set(std::size_t number, std::int64_t us) {
  if (number >= at_.size() || at_[number] != 0) return;
  at_[number] = us;
  ++count_;
}

std::vector<double> differences(const Schedule& schedule, const Moments& from, const Moments& to) {
  std::vector<double> result;
  for (std::size_t i = schedule.first_measured(); i < schedule.messages(); ++i) {
    if (from.at(i) == 0 || to.at(i) == 0) continue;
    result.push_back(static_cast<double>(to.at(i) - from.at(i)) / 1e3);
  }
  return result;
}

Consumer::Consumer(const std::string& brokers, const std::string& topic, int partitions,
                   Moments& consumed)
    : consumed_(consumed) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", brokers},
           {"group.id", "outbox-bench"},
           {"enable.auto.commit", "false"},
           {"socket.nagle.disable", "true"}}) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(problem.data());
    }
  }
  handle_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size());
  if (handle_ == nullptr) fail(problem.data());
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = 0;
  }
  rd_kafka_assign(handle_, list);
  rd_kafka_topic_partition_list_destroy(list);
  thread_ = std::jthread([this](const std::stop_token& stop) { consume(stop); });
}

Consumer::~Consumer() {
  thread_ = {};  // stops and joins
  rd_kafka_destroy(handle_);
}

void Consumer::consume(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      consumed_.set(number_of({static_cast<const char*>(message->payload), message->len}),
                    unix_us());
    }
    rd_kafka_message_destroy(message);
  }
}

}  // namespace outbox::bench
