#include "relay_settings/settings.hpp"

namespace outbox {
namespace {

void add_source(config::Schema& schema, Settings& s) {
  schema
      .text(
          "source.url", s.source_url,
          {.help =
               "the database with the outbox table: PostgreSQL's address (of a direct connection, "
               "not of a transaction pooler) or sqlite:PATH",
           .env_aliases = {"DATABASE_URL", "DB_DSN"},
           .required = true,
           .example = "postgresql://relay:secret@localhost/shop"})
      .text("source.table", s.source_table,
            {.help =
                 "PostgreSQL: the outbox table, where it matters with its schema: billing.outbox"})
      .integer("source.max_batch_bytes", s.source_max_batch_bytes, {64 * 1024, 1024 * 1024 * 1024},
               {.help = "a batch ends with the message that reaches so many bytes; four to six "
                        "batches are in memory"})
      .flag("source.receipts", s.source_receipts,
            {.help = "keep of each delivered message when, where and at which offset; PostgreSQL: "
                     "without, only what was tried again has it; SQLite always keeps them"})
      .duration(
          "retention.processed", s.retention_processed, {0, 3'650LL * 86'400'000},
          {.help = "processed messages and their receipts are removed when so old; PostgreSQL: a "
                   "partition at a time; 0: never"});
}

void add_relay(config::Schema& schema, Settings& s) {
  schema
      .integer("relay.batch_size", s.relay_batch_size, {1, 100'000},
               {.help = "messages read at once"})
      .integer("relay.batches_in_flight", s.relay_batches_in_flight, {1, 64},
               {.help = "messages that are sent and not yet marked, in full batches"})
      .integer("relay.max_blocked_keys", s.relay_max_blocked_keys, {1, 10'000'000},
               {.help = "reading pauses while so many keys wait for a failed message"})
      .duration("relay.drain_timeout", s.relay_drain_timeout, {0, 600'000},
                {.help = "on SIGTERM: how long to finish what was read"})
      .duration("relay.lease", s.relay_lease, {500, 600'000},
                {.help = "a relay that has not been heard of for so long loses its shards to the "
                         "others; the same for all relays of an outbox"})
      .duration("retry.initial_delay", s.retry_initial_delay, {1, 3'600'000},
                {.help = "ceiling of the first delay; doubles with each attempt, full jitter"})
      .duration("retry.max_delay", s.retry_max_delay, {1, 86'400'000},
                {.help = "no delay between attempts is longer"})
      .choice("retry.policy", s.retry_policy, {"block", "park", "skip"},
              {.help = "of a message that is itself refused: block tries it for ever, and its key "
                       "waits; park gives it up after retry.max_attempts, and its key waits for an "
                       "operator; skip gives it up at once, and its key goes on"})
      .integer("retry.max_attempts", s.retry_max_attempts, {1, 1'000'000},
               {.help = "park: attempts before a message is dead"})
      .text("retry.dead_letter_type", s.retry_dead_letter_type,
            {.help = "of each message that is given up a copy is sent with this aggregate type, so "
                     "to the topic of that type; empty: none",
             .example = "dead-letter"});
}

}  // namespace

config::Schema make_schema(Settings& settings) {
  config::Schema schema;
  add_source(schema, settings);
  schema.choice("sink.type", settings.sink_type, {"kafka", "http", "stdout", "null"},
                {.help = "where messages go; sink.http.* concerns http, the rest of sink.* Kafka. "
                         "stdout writes them as lines of JSON, for trying; null throws them away "
                         "and marks them as processed, for measuring"});
  kafka::declare(schema, settings.kafka);
  http_sink::declare(schema, settings.http_sink);
  schema.integer("sink.rate_limit", settings.sink_rate_limit, {0, 10'000'000},
                 {.help = "messages sent per second at most, by this relay; 0: no limit"});
  add_relay(schema, settings);
  schema
      .text("http.address", settings.http_address,
            {.help = "address of the status page, API and metrics; they have no sign-in, so keep "
                     "it on loopback or behind a proxy"})
      .integer("http.port", settings.http_port, {0, 65'535}, {.help = "0: any free one"});
  tracing::declare(schema, settings.tracing);
  schema
      .choice("log.level", settings.log_level, {"debug", "info", "warn", "error"},
              {.help = "the least important lines that are written"})
      .choice("log.format", settings.log_format, {"text", "json"}, {.help = "of a line"});
  return schema;
}

Result<void> check_settings(const Settings& settings) {
  if (const auto collector = tracing::collector_of(settings.tracing); !collector) {
    return collector.error();
  }
  if (!settings.kafka.exactly_once) {
    return {};
  }
  if (settings.sink_type != "kafka") {
    return Error{ErrorCode::invalid_argument,
                 "sink.exactly_once needs Kafka's transactions, and sink.type is " +
                     settings.sink_type + ": set sink.type = kafka, or remove sink.exactly_once"};
  }
  if (settings.source_url.reveal().starts_with("sqlite:")) {
    return Error{ErrorCode::invalid_argument,
                 "sink.exactly_once is for outboxes in PostgreSQL, and source.url names an SQLite "
                 "file: remove sink.exactly_once"};
  }
  return {};
}

}  // namespace outbox
