#include "sinks/kafka/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "support/config/nearest.hpp"

namespace outbox::kafka {
namespace {

struct Property {
  const char* name;
  const char* value;
};

// Under the user's properties, so each of them can be changed there.
constexpr std::array<Property, 16> kDefaults = {{
    {"client.id", "outbox"},
    {"acks", "all"},
    {"enable.idempotence", "true"},
    // A broker's refusal stops the producer instead of leaving a gap: docs/adr/0003.
    {"enable.gapless.guarantee", "true"},
    {"message.timeout.ms", "0"},
    {"partitioner", "murmur2_random"},
    {"compression.codec", "lz4"},
    {"linger.ms", "10"},  // at most: KafkaSink::hurry
    {"socket.nagle.disable", "true"},
    // The broker's own default for a batch, so that what it would take is not refused here.
    {"message.max.bytes", "1048588"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "262144"},
    {"topic.metadata.propagation.max.ms", "10000"},
    {"reconnect.backoff.max.ms", "2000"},
    {"statistics.interval.ms", "5000"},
    {"log.connection.close", "false"},
}};

struct Demand {
  const char* name;
  std::string_view value;
  const char* reason;
};

constexpr std::array<Demand, 6> kDemands = {{
    {"acks", "-1", "a message must be on all in-sync replicas before it is marked as processed"},
    {"enable.idempotence", "true", "retries would reorder and double messages"},
    {"enable.gapless.guarantee", "true", "a later message of a key could overtake a refused one"},
    {"message.timeout.ms", "0", "the relay decides when to give up, not the client"},
    {"message.send.max.retries", "2147483647", "the relay decides when to give up"},
    {"delivery.report.only.error", "false", "the relay waits for every delivery report"},
}};

constexpr std::array<std::pair<std::string_view, Partitioner>, 6> kPartitioners = {{
    {"murmur2_random", rd_kafka_msg_partitioner_murmur2_random},
    {"murmur2", rd_kafka_msg_partitioner_murmur2},
    {"consistent_random", rd_kafka_msg_partitioner_consistent_random},
    {"consistent", rd_kafka_msg_partitioner_consistent},
    {"fnv1a_random", rd_kafka_msg_partitioner_fnv1a_random},
    {"fnv1a", rd_kafka_msg_partitioner_fnv1a},
}};

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string value_of(const rd_kafka_conf_t* conf, const char* name) {
  std::array<char, 512> value{};
  std::size_t size = value.size();
  if (rd_kafka_conf_get(conf, name, value.data(), &size) != RD_KAFKA_CONF_OK) return {};
  return value.data();
}

// librdkafka lists neither its aliases nor what has no value.
std::vector<std::string> known_properties(rd_kafka_conf_t* conf) {
  std::vector<std::string> names = {
      "acks",        "batch.size",       "compression.type", "linger.ms",
      "retries",     "sasl.password",    "sasl.username",    "ssl.ca.location",
      "ssl.key.pem", "ssl.key.location", "ssl.key.password", "ssl.certificate.location"};
  std::size_t count = 0;
  const char** dump = rd_kafka_conf_dump(conf, &count);
  for (std::size_t i = 0; i + 1 < count; i += 2) {
    const std::string_view name(dump[i]);
    if (!name.ends_with("_cb")) names.emplace_back(name);
  }
  rd_kafka_conf_dump_free(dump, count);
  return names;
}

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> problem{};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), problem.data(), problem.size())) {
    case RD_KAFKA_CONF_OK:
      return {};
    case RD_KAFKA_CONF_UNKNOWN:
      return invalid(
          fmt::format("sink.properties: librdkafka knows no property \"{}\"; did you "
                      "mean {}?",
                      name, config::nearest(name, known_properties(conf))));
    default:
      return invalid(fmt::format("sink.properties: {}: {}", name, problem.data()));
  }
}

Result<void> check_promises(const rd_kafka_conf_t* conf) {
  for (const auto& [name, value, reason] : kDemands) {
    const std::string actual = value_of(conf, name);
    if (actual == value) continue;
    return invalid(fmt::format("sink.properties: {} = {} is refused: {}; remove it (it is {})",
                               name, actual, reason, value));
  }
  if (!value_of(conf, "transactional.id").empty()) {
    return invalid(
        "sink.properties: transactional.id is refused: each connection of a relay has one of its "
        "own; remove it, and set sink.exactly_once = true to send in transactions");
  }
  return {};
}

Result<void> choose_partitioner(const rd_kafka_conf_t* conf, Partitioner& chosen) {
  const std::string name = value_of(conf, "partitioner");
  for (const auto& [known, function] : kPartitioners) {
    if (known == name) chosen = function;
  }
  if (chosen != nullptr) return {};
  return invalid(fmt::format(
      "sink.properties: partitioner = {} is refused: messages of one key would go to different "
      "partitions and lose their order; use murmur2_random (as Java's clients) or another that "
      "goes by the key",
      name));
}

}  // namespace

void declare(config::Schema& schema, KafkaSettings& settings) {
  schema.text("sink.brokers", settings.brokers,
              {.help = "Kafka's bootstrap servers, host:port separated by commas."});
  schema.text("sink.topic", settings.topic,
              {.help = "Topic of a message whose aggregate type has no route; ${aggregatetype} is "
                       "replaced."});
  schema.choice("sink.headers", settings.headers, {"cloudevents", "plain"},
                {.help = "cloudevents adds ce_* headers and a content-type (binary mode)."});
  schema.text("sink.ce_source", settings.ce_source,
              {.help = "The ce_source header: a URI reference that names this system."});
  schema.flag("sink.exactly_once", settings.exactly_once,
              {.help = "Send in Kafka's transactions: who reads committed messages only "
                       "(isolation.level=read_committed) gets each once. Of PostgreSQL's outboxes; "
                       "the same for all relays of an outbox."});
  schema.text("sink.position_topic", settings.position_topic,
              {.help = "With exactly_once: the topic of the relays' own record of transactions; "
                       "made when it is missing, and may be shared by outboxes."});
  schema.text("sink.consumer_groups", settings.consumer_groups,
              {.help = "Consumer groups whose lag is shown and told as a metric, separated by "
                       "commas, ten at most; empty: nobody asks the brokers.",
               .example = "invoice-group"});
  schema.table("sink.routes", settings.routes,
               {.help = "Aggregate type = topic.", .example = R"("order" = "order-events")"});
  schema.table(
      "sink.properties", settings.properties,
      {.help = "librdkafka's properties, passed through as they are (TLS, SASL, linger.ms, "
               "…).",
       .example = R"("security.protocol" = "SASL_SSL")"});
}

Result<ProducerConf> make_conf(const KafkaSettings& settings) {
  if (settings.brokers.empty()) {
    return invalid("sink.brokers is empty; set host:port of at least one Kafka broker");
  }
  ProducerConf result;
  result.conf.reset(rd_kafka_conf_new());
  rd_kafka_conf_t* conf = result.conf.get();
  for (const auto& [name, value] : kDefaults) {
    if (auto done = set(conf, name, value); !done) return done.error();
  }
  for (const auto& [name, value] : settings.properties) {
    if (name == "bootstrap.servers" || name == "metadata.broker.list") {
      return invalid(fmt::format("sink.properties: set sink.brokers instead of {}", name));
    }
    if (auto done = set(conf, name, value); !done) return done.error();
    if (name == "linger.ms" || name == "queue.buffering.max.ms") result.hurries = false;
  }
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", settings.brokers}, {"log.queue", "true"}}) {
    if (auto done = set(conf, name, value); !done) return done.error();
  }
  if (auto kept = check_promises(conf); !kept) return kept.error();
  if (auto chosen = choose_partitioner(conf, result.partitioner); !chosen) return chosen.error();
  const std::string limit = value_of(conf, "queue.buffering.max.messages");
  std::from_chars(limit.data(), limit.data() + limit.size(), result.max_messages);
  // librdkafka takes 0 for "as many as fit"; our book-keeping wants a number.
  constexpr std::size_t kMost = 10'000'000;
  result.max_messages = result.max_messages == 0 ? kMost : std::min(result.max_messages, kMost);
  return result;
}

}  // namespace outbox::kafka
