#include "sinks/kafka/settings.hpp"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string value_of(const ProducerConf& conf, const char* name) {
  std::array<char, 512> value{};
  std::size_t size = value.size();
  EXPECT_EQ(rd_kafka_conf_get(conf.conf.get(), name, value.data(), &size), RD_KAFKA_CONF_OK);
  return value.data();
}

std::string refusal(const std::string& name, const std::string& value) {
  KafkaSettings settings;
  settings.properties[name] = value;
  const auto conf = make_conf(settings);
  EXPECT_FALSE(conf.ok()) << name;
  if (conf.ok()) return "";
  EXPECT_EQ(conf.error().code, ErrorCode::invalid_argument);
  return conf.error().message;
}

TEST(KafkaSettings, DefaultsKeepThePromises) {
  const auto conf = make_conf({});
  ASSERT_TRUE(conf.ok()) << conf.error().message;
  EXPECT_EQ(value_of(*conf, "acks"), "-1");
  EXPECT_EQ(value_of(*conf, "enable.idempotence"), "true");
  EXPECT_EQ(value_of(*conf, "enable.gapless.guarantee"), "true");
  EXPECT_EQ(value_of(*conf, "message.timeout.ms"), "0");
  EXPECT_EQ(value_of(*conf, "partitioner"), "murmur2_random");
  EXPECT_EQ(value_of(*conf, "compression.codec"), "lz4");
  EXPECT_EQ(conf->max_messages, 100'000U);
  EXPECT_EQ(conf->partitioner, &rd_kafka_msg_partitioner_murmur2_random);
}

TEST(KafkaSettings, PropertiesPassThrough) {
  KafkaSettings settings;
  settings.brokers = "k1:9092,k2:9092";
  settings.properties = {{"linger.ms", "20"},
                         {"security.protocol", "sasl_plaintext"},
                         {"sasl.username", "outbox"},
                         {"partitioner", "fnv1a"},
                         {"queue.buffering.max.messages", "500"}};
  const auto conf = make_conf(settings);
  ASSERT_TRUE(conf.ok()) << conf.error().message;
  EXPECT_EQ(value_of(*conf, "bootstrap.servers"), "k1:9092,k2:9092");
  EXPECT_EQ(value_of(*conf, "linger.ms"), "20");
  EXPECT_EQ(value_of(*conf, "security.protocol"), "sasl_plaintext");
  EXPECT_EQ(conf->max_messages, 500U);
  EXPECT_EQ(conf->partitioner, &rd_kafka_msg_partitioner_fnv1a);
}

TEST(KafkaSettings, RefusesWhatBreaksAPromise) {
  EXPECT_THAT(refusal("acks", "1"), HasSubstr("acks = 1 is refused"));
  EXPECT_THAT(refusal("request.required.acks", "0"), HasSubstr("acks = 0 is refused"));
  EXPECT_THAT(refusal("enable.idempotence", "false"), HasSubstr("enable.idempotence"));
  EXPECT_THAT(refusal("enable.gapless.guarantee", "false"), HasSubstr("gapless"));
  EXPECT_THAT(refusal("message.timeout.ms", "300000"), HasSubstr("message.timeout.ms"));
  EXPECT_THAT(refusal("delivery.timeout.ms", "300000"), HasSubstr("message.timeout.ms"));
  EXPECT_THAT(refusal("retries", "3"), HasSubstr("message.send.max.retries"));
  EXPECT_THAT(refusal("delivery.report.only.error", "true"), HasSubstr("only.error"));
  EXPECT_THAT(refusal("partitioner", "random"), HasSubstr("lose their order"));
  EXPECT_THAT(refusal("transactional.id", "x"), HasSubstr("transactional.id"));
  EXPECT_THAT(refusal("bootstrap.servers", "k:9092"), HasSubstr("sink.brokers"));
}

TEST(KafkaSettings, BadValuesNameTheirProperty) {
  EXPECT_THAT(refusal("linger.ms", "soon"), HasSubstr("linger.ms"));
}

TEST(KafkaSettings, UnknownPropertiesNameTheNearest) {
  EXPECT_THAT(refusal("linger.m", "1"), HasSubstr("did you mean linger.ms?"));
}

TEST(KafkaSettings, CredentialsStayOutOfErrors) {
  EXPECT_THAT(refusal("sasl.jaas.config", "hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("sasl.pasword", "hunter2"),
              AllOf(HasSubstr("sasl.password"), Not(HasSubstr("hunter2"))));
}

TEST(KafkaSettings, NeedsBrokers) {
  KafkaSettings settings;
  settings.brokers = "";
  EXPECT_THAT(make_conf(settings).error().message, HasSubstr("sink.brokers"));
}

TEST(KafkaSettings, AreDeclaredForPrograms) {
  KafkaSettings settings;
  config::Schema schema;
  declare(schema, settings);
  const auto loaded =
      schema.load({.file = {},
                   .environment = {{"OUTBOX_SINK__BROKERS", "k:9092"},
                                   {"OUTBOX_SINK__PROPERTIES__LINGER_MS", "7"}},
                   .flags = {{"sink.routes.order", "order-events"}, {"sink.headers", "plain"}}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(settings.brokers, "k:9092");
  EXPECT_EQ(settings.properties.at("linger.ms"), "7");
  EXPECT_EQ(settings.routes.at("order"), "order-events");
  EXPECT_EQ(settings.headers, "plain");
}

}  // namespace
}  // namespace outbox::kafka
