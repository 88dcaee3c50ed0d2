#include "invoice-service/settings.hpp"

namespace outbox::invoices {

config::Schema describe_settings(Settings& settings) {
  config::Schema schema;
  schema
      .text("kafka.brokers", settings.brokers,
            {.help = "Kafka's bootstrap servers, host:port, separated by commas; empty: no Kafka",
             .env_aliases = {"KAFKA_BROKERS"},
             .example = "127.0.0.1:9092"})
      .text("kafka.topic", settings.topic,
            {.help = "the topic with the order events", .required = true})
      .text("kafka.dead_letter_topic", settings.dead_letter_topic,
            {.help = "where unreadable records go; empty: the topic's name and .dlq",
             .example = "order-events.dlq"})
      .text("kafka.group", settings.group, {.help = "the consumer group", .required = true})
      .integer("kafka.batch", settings.batch, {1, 10'000},
               {.help = "records whose effects are stored together"})
      .duration("kafka.max_backoff", settings.max_backoff, {100, 60'000},
                {.help = "the longest wait between attempts while the store or Kafka is away"})
      .duration("kafka.close_timeout", settings.close_timeout, {100, 60'000},
                {.help = "how long leaving the group may take at the end"})
      .table("kafka.properties", settings.kafka_properties,
             {.help = "librdkafka's properties, passed through, as security.protocol"});
  schema
      .text("events.secrets", settings.event_secrets,
            {.help = "takes events at POST /v1/events that are signed with one of these secrets "
                     "(whsec_..., separated by spaces); empty: takes none"})
      .duration("events.tolerance", settings.event_tolerance, {1'000, 86'400'000},
                {.help = "how far a signature's timestamp may be from this machine's clock"});
  schema
      .text("store.url", settings.store_url,
            {.help = "where the invoices are kept: mongodb://... (acknowledged by a majority's "
                     "journal, unless set) or sqlite:PATH",
             .env_aliases = {"MONGO_URI"},
             .required = true})
      .text("mongo.database", settings.mongo_database,
            {.help = "the database in MongoDB", .required = true});
  schema.text("http.address", settings.address, {.help = "the address to listen on"})
      .integer("http.port", settings.port, {0, 65'535},
               {.help = "the port to listen on; 0: any free one"})
      .integer("http.threads", settings.http_threads, {1, 64},
               {.help = "threads that answer requests"});
  tracing::declare(schema, settings.tracing);
  schema
      .choice("log.level", settings.log_level, {"debug", "info", "warn", "error"},
              {.help = "the least severe messages to log"})
      .choice("log.format", settings.log_format, {"text", "json"},
              {.help = "lines for people or for machines"});
  return schema;
}

}  // namespace outbox::invoices
