// What librdkafka says about its brokers: health for people and probes, and the log.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "outbox/sink.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox::kafka {

// get() by anyone; the rest by the thread that takes the producer's events.
class BrokerHealth {
 public:
  // An error, log or statistics event; others are ignored.
  void take(rd_kafka_event_t* event);
  void delivered();                   // a broker acknowledged something
  void unreachable(std::string why);  // by the sink's own knowledge

  [[nodiscard]] SinkHealth get() const;

 private:
  void take_error(rd_kafka_event_t* event);
  void take_log(rd_kafka_event_t* event);
  void take_statistics(std::string_view json);
  void set(bool reachable, std::string detail);

  mutable std::mutex mutex_;
  SinkHealth health_{false, "no broker has answered yet"};
  bool reachable_ = false;  // as in health_, for the events' thread alone
  std::string last_error_;
  telemetry::RateLimit errors_{std::chrono::seconds(5)};
  telemetry::RateLimit logs_{std::chrono::seconds(5)};
};

}  // namespace outbox::kafka
