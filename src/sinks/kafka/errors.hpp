// What librdkafka's error codes mean to the relay.
#pragma once

#include <string_view>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"

namespace outbox::kafka {

enum class Fault {
  message,      // this message is refused; another of the topic may pass
  topic,        // every message of the topic is refused
  destination,  // nothing is known against the message
};

[[nodiscard]] Fault fault_of(rd_kafka_resp_err_t code);

// For a Delivery or a refusal: message_rejected for the first two faults, with the remedy, else
// destination_unavailable.
[[nodiscard]] Error error_of(rd_kafka_resp_err_t code, std::string_view topic);

}  // namespace outbox::kafka
