// The settings of the Kafka sink and what librdkafka gets of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"
#include "support/config/schema.hpp"

namespace outbox::kafka {

struct KafkaSettings {
  std::string brokers = "localhost:9092";  // host:port, separated by commas
  // Where messages go whose aggregate type has no route; ${aggregatetype} is replaced.
  std::string topic = "outbox.event.${aggregatetype}";
  std::map<std::string, std::string> routes;  // aggregate type → topic
  // "cloudevents": CloudEvents' binary mode, ce_* headers and a content-type; "plain": none of
  // them. Both write `id` and the row's own headers.
  std::string headers = "cloudevents";
  std::string ce_source = "outbox";  // the ce_source header: a URI reference
  // Messages, and the record of what was sent, in one transaction. Needs a source that is a
  // TransactionalSource.
  bool exactly_once = false;
  std::string position_topic = "outbox-position";  // of that record
  std::string consumer_groups;                     // whose lag is looked at; separated by commas
  // librdkafka's own properties, passed through as they are, over this sink's defaults. TLS and
  // SASL are set here. What would break a promise of the relay is refused.
  std::map<std::string, std::string> properties;
};

// Declares them below `sink.`: sink.brokers, sink.topic, sink.routes, …
void declare(config::Schema& schema, KafkaSettings& settings);

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

using Partitioner = std::int32_t (*)(const rd_kafka_topic_t*, const void* key, std::size_t size,
                                     std::int32_t partitions, void*, void*);

struct ProducerConf {
  Conf conf;
  Partitioner partitioner = nullptr;
  std::size_t max_messages = 0;  // accepted and not delivered, at most
  // Messages linger only while more follow. Not with a linger of the user's own, which is meant.
  bool hurries = true;
};

// invalid_argument: a setting is unknown to librdkafka, malformed, or would break a promise. The
// message names it and never holds a credential.
[[nodiscard]] Result<ProducerConf> make_conf(const KafkaSettings& settings);

}  // namespace outbox::kafka
