#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "bench/rows.hpp"

namespace outbox::bench {

// The headers that the relay gives a message in CloudEvents' binary mode.
class HeaderMaker {
 public:
  [[nodiscard]] rd_kafka_headers_t* make(const Row& row);

 private:
  std::array<char, 36> id_{};
  std::array<char, 27> time_{};
  std::int64_t second_ = -1;
};

// Sends to one topic with the settings of the relay's sink. Rows are not copied: their memory must
// stay until they are acknowledged. Anything that is refused throws.
class Producer {
 public:
  // property: name=value pairs with commas between, over the sink's own settings.
  Producer(const std::string& brokers, const std::string& topic, const std::string& properties);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // `pending` is counted up, and down again with the acknowledgement.
  void send(const Row& row, std::int64_t& pending);
  // The same with a copy, for rows whose memory goes at once.
  void send_copy(const Row& row, std::int64_t& pending);

  // Takes what has been acknowledged, waiting up to so long for the first.
  void poll(int timeout_ms);
  // Until everything is acknowledged.
  void drain();

  [[nodiscard]] std::int64_t in_flight() const { return in_flight_; }

 private:
  void produce(const Row& row, std::int64_t& pending, int flags);

  rd_kafka_t* handle_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  HeaderMaker headers_;
  std::int64_t in_flight_ = 0;
};

}  // namespace outbox::bench
