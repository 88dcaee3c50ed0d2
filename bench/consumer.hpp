#pragma once

#include <string>
#include <thread>

#include <librdkafka/rdkafka.h>

#include "support/load/schedule.hpp"

namespace outbox::bench {

// From the topic's present end on, notes when each number of a topic reaches a consumer, until it
// is destroyed.
class Consumer {
 public:
  Consumer(const std::string& brokers, const std::string& topic, int partitions,
           load::Moments& consumed);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

 private:
  void consume(const std::stop_token& stop);

  rd_kafka_t* handle_ = nullptr;
  load::Moments& consumed_;
  std::jthread thread_;
};

}  // namespace outbox::bench
