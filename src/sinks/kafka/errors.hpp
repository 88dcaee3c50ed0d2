// What librdkafka's error codes mean to the relay.
#pragma once

#include <string_view>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"

namespace outbox::kafka {

enum class Fault {
  message,      // this message is refused; another of the topic may pass
  topic,        // every message of the topic is refused, those of other topics may pass
  destination,  // nothing is known against the message
};

[[nodiscard]] Fault fault_of(rd_kafka_resp_err_t code);

// For a Delivery: message_rejected, topic_unavailable or destination_unavailable, by the fault, and
// the remedy for the first two.
[[nodiscard]] Error error_of(rd_kafka_resp_err_t code, std::string_view topic);

// For what librdkafka says before it takes a message: it looks only at the message and at what it
// knows of the topic, so the fault is one of theirs.
[[nodiscard]] Error refusal_of(rd_kafka_resp_err_t code, std::string_view topic);

}  // namespace outbox::kafka
