#include "order-service/settings.hpp"

namespace outbox::orders {

config::Schema make_schema(Settings& settings) {
  constexpr std::int64_t kMaxWaitMs = 10 * 60 * 1'000;
  constexpr std::int64_t kMonthMs = std::int64_t{31} * 24 * 3'600 * 1'000;
  config::Schema schema;
  schema
      .text("http.address", settings.http_address,
            {.help = "Address to listen on; 0.0.0.0 takes requests from other machines."})
      .integer("http.port", settings.http_port, {0, 65'535},
               {.help = "Port to listen on; 0 takes any free one."})
      .integer("http.threads", settings.http_threads, {1, 1'024},
               {.help = "Requests worked on at once; more than database.pool_size wait for it."})
      .integer("http.max_connections", settings.http_max_connections, {1, 100'000},
               {.help = "Connections of clients; further ones are answered 503."})
      .duration("http.drain_timeout", settings.http_drain_timeout, {0, kMaxWaitMs},
                {.help = "How long requests may take to end when the service stops."})
      .text("database.url", settings.database_url,
            {.help = "For the orders and the outbox: postgresql://…, or sqlite:/path/to/a/file.",
             .env_aliases = {"DATABASE_URL", "DB_DSN"},
             .required = true,
             .example = "postgresql://orders:secret@127.0.0.1:5432/orders"})
      .integer("database.pool_size", settings.database_pool_size, {1, 1'024},
               {.help = "Connections to the database. SQLite: one writes, the others read."})
      .duration("database.acquire_timeout", settings.database_acquire_timeout, {1, kMaxWaitMs},
                {.help = "How long a request waits for a free connection, then 503."})
      .duration("database.connect_timeout", settings.database_connect_timeout, {2'000, kMaxWaitMs},
                {.help = "PostgreSQL only: how long a connection may take to be made."})
      .duration("database.statement_timeout", settings.database_statement_timeout, {1, kMaxWaitMs},
                {.help = "How long a statement may take, then 503. SQLite: how long it waits "
                         "while another program writes."})
      .duration("database.startup_timeout", settings.database_startup_timeout, {0, kMaxWaitMs},
                {.help = "PostgreSQL only: how long the start waits for a database that does "
                         "not answer."})
      .text("outbox.table", settings.outbox_table,
            {.help = "PostgreSQL only: the outbox table, made by 'outboxctl migrate'."})
      .duration("idempotency.keep", settings.idempotency_keep, {1, kMonthMs},
                {.help = "How long the answer to an Idempotency-Key is kept."});
  tracing::declare(schema, settings.tracing);
  schema
      .integer("telemetry.sample_percent", settings.trace_sample_percent, {0, 100},
               {.help = "Share of the requests without a traceparent whose trace has spans; for "
                        "the others their traceparent decides."})
      .choice("log.level", settings.log_level, {"debug", "info", "warn", "error"},
              {.help = "What is logged: this level and those after it."})
      .choice("log.format", settings.log_format, {"text", "json"}, {.help = "Form of a log line."});
  return schema;
}

}  // namespace outbox::orders
