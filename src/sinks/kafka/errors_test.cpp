#include "sinks/kafka/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

using testing::HasSubstr;

TEST(KafkaErrors, TellsTheMessagesFaultFromTheTopicsAndTheBrokers) {
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Fault::message);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR_INVALID_RECORD), Fault::message);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR_INVALID_MSG), Fault::message);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), Fault::topic);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC), Fault::topic);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION), Fault::topic);
  for (const auto code :
       {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
        RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER}) {
    EXPECT_EQ(fault_of(code), Fault::destination) << rd_kafka_err2name(code);
  }
}

TEST(KafkaErrors, NamesTheTopicAndTheRemedy) {
  const auto large = error_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "orders");
  EXPECT_EQ(large.code, ErrorCode::message_rejected);
  EXPECT_THAT(large.message, HasSubstr("orders"));
  EXPECT_THAT(large.message, HasSubstr("max.message.bytes"));
  const auto unknown = error_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "orders");
  EXPECT_EQ(unknown.code, ErrorCode::topic_unavailable);
  EXPECT_THAT(unknown.message, HasSubstr("orders"));
  EXPECT_THAT(unknown.message, HasSubstr("create the topic"));
  const auto away = error_of(RD_KAFKA_RESP_ERR__TRANSPORT, "orders");
  EXPECT_EQ(away.code, ErrorCode::destination_unavailable);
}

// librdkafka answers with the topic's last error, whatever that was.
TEST(KafkaErrors, WhatSendFindsOutIsTheMessagesFaultOrTheTopics) {
  EXPECT_EQ(refusal_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "orders").code,
            ErrorCode::message_rejected);
  EXPECT_EQ(refusal_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "orders").code,
            ErrorCode::topic_unavailable);
  EXPECT_EQ(refusal_of(RD_KAFKA_RESP_ERR_UNKNOWN, "orders").code, ErrorCode::topic_unavailable);
}

}  // namespace
}  // namespace outbox::kafka
