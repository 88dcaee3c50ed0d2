#include "sinks/kafka/broker_health.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/telemetry/log.hpp"

namespace outbox::kafka {
namespace {

using Clock = std::chrono::steady_clock;

// How many brokers librdkafka is connected to. The topics' part of the statistics, which can be
// large, is skipped.
int brokers_up(std::string_view statistics) {
  const auto skip_topics = [](int depth, nlohmann::json::parse_event_t event,
                              nlohmann::json& parsed) {
    return !(depth == 1 && event == nlohmann::json::parse_event_t::key && parsed == "topics");
  };
  const auto json = nlohmann::json::parse(statistics, skip_topics, false);
  int up = 0;
  if (!json.is_object()) return up;
  for (const auto& broker : json.value("brokers", nlohmann::json::object())) {
    up += broker.value("state", "") == "UP" ? 1 : 0;
  }
  return up;
}

}  // namespace

void BrokerHealth::take(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_ERROR:
      return take_error(event);
    case RD_KAFKA_EVENT_LOG:
      return take_log(event);
    case RD_KAFKA_EVENT_STATS:
      return take_statistics(rd_kafka_event_stats(event));
    default:
      return;
  }
}

void BrokerHealth::delivered() {
  if (!reachable_) set(true, "the broker acknowledges messages");
}

void BrokerHealth::unreachable(std::string why) {
  set(false, std::move(why));
}

SinkHealth BrokerHealth::get() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void BrokerHealth::take_error(rd_kafka_event_t* event) {
  const char* text = rd_kafka_event_error_string(event);
  const auto code = rd_kafka_event_error(event);
  // The sink finds fatal errors by itself and says what it does.
  if (code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE) return;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    set(false, last_error_.empty() ? "no broker can be reached"
                                   : "no broker can be reached: " + last_error_);
  } else {
    last_error_ = text;
  }
  if (const auto held_back = errors_.pass(Clock::now())) {
    log::warn("kafka: " + std::string(text), {{"similar_held_back", *held_back}});
  }
}

void BrokerHealth::take_log(rd_kafka_event_t* event) {
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;
  if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return;
  constexpr int kWarning = 4;  // syslog's
  // It calls a property of ours experimental at each start; docs/adr/0003 tells why we set it. A
  // fatal error is the sink's to tell.
  const bool known = std::string_view(text).find("enable.gapless.guarantee") != std::string::npos ||
                     std::string_view(facility) == "FATAL";
  if (level > kWarning || known) {
    log::debug("librdkafka: " + std::string(text), {{"facility", facility}});
  } else if (const auto held_back = logs_.pass(Clock::now())) {
    log::warn("librdkafka: " + std::string(text),
              {{"facility", facility}, {"similar_held_back", *held_back}});
  }
}

void BrokerHealth::take_statistics(std::string_view json) {
  const int up = brokers_up(json);
  if (up > 0 && !reachable_) set(true, fmt::format("connected to {} broker(s)", up));
}

void BrokerHealth::set(bool reachable, std::string detail) {
  reachable_ = reachable;
  const std::lock_guard lock(mutex_);
  health_ = {reachable, std::move(detail)};
}

}  // namespace outbox::kafka
