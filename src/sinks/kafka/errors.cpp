#include "sinks/kafka/errors.hpp"

#include <fmt/format.h>

namespace outbox::kafka {
namespace {

std::string_view remedy_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      return "raise the topic's max.message.bytes and sink.properties' message.max.bytes, or make "
             "the message smaller";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "compare the clocks of the relay and the brokers, and the topic's "
             "message.timestamp.* settings";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return "create the topic, or let the broker create it (auto.create.topics.enable)";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "allow the relay's Kafka user to describe and write the topic";
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return "the broker takes no topic of this name: change sink.topic or sink.routes";
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return "the broker cannot create the topic: create it, or compare "
             "default.replication.factor with the number of brokers";
    default:
      return "the broker's log tells why";
  }
}

Error message_error(rd_kafka_resp_err_t code, std::string_view topic) {
  return {ErrorCode::message_rejected, fmt::format("Kafka refused the message for topic {}: {}; {}",
                                                   topic, rd_kafka_err2str(code), remedy_of(code))};
}

Error topic_error(rd_kafka_resp_err_t code, std::string_view topic) {
  return {ErrorCode::topic_unavailable,
          fmt::format("Kafka takes no message for topic {}: {}; {}", topic, rd_kafka_err2str(code),
                      remedy_of(code))};
}

}  // namespace

Fault fault_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
      return Fault::message;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return Fault::topic;
    default:
      return Fault::destination;
  }
}

Error error_of(rd_kafka_resp_err_t code, std::string_view topic) {
  switch (fault_of(code)) {
    case Fault::message:
      return message_error(code, topic);
    case Fault::topic:
      return topic_error(code, topic);
    case Fault::destination:
      break;
  }
  return {ErrorCode::destination_unavailable,
          fmt::format("Kafka did not take the message for topic {}: {}; it is sent again", topic,
                      rd_kafka_err2str(code))};
}

Error refusal_of(rd_kafka_resp_err_t code, std::string_view topic) {
  const bool of_message =
      fault_of(code) == Fault::message || code == RD_KAFKA_RESP_ERR__INVALID_ARG;
  return of_message ? message_error(code, topic) : topic_error(code, topic);
}

}  // namespace outbox::kafka
