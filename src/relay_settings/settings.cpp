#include "relay_settings/settings.hpp"

#include <algorithm>
#include <utility>

#include "support/access/origin.hpp"

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
               {.help = "a batch ends with the message that reaches so many bytes; two more "
                        "batches than relay.batches_in_flight are in memory"})
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

void add_http(config::Schema& schema, Settings& s) {
  schema
      .text("http.address", s.http_address,
            {.help = "address of the page, API and metrics; another than the loopback's needs "
                     "tokens, and TLS or a proxy (docs/adr/0013)"})
      .integer("http.port", s.http_port, {0, 65'535}, {.help = "0: any free one"})
      .text("http.tokens_file", s.http_tokens_file,
            {.help = "who may sign in, as outboxctl token writes it; read again when it changes. "
                     "Without, nobody may change anything; on the loopback, reading needs no token",
             .example = "/etc/outbox/tokens"})
      .text(
          "http.tls_certificate", s.http_tls_certificate,
          {.help = "PEM file with the certificate and those that vouch for it; with http.tls_key, "
                   "the server speaks HTTPS alone",
           .example = "/etc/outbox/tls.pem"})
      .text("http.tls_key", s.http_tls_key,
            {.help = "PEM file with the certificate's key, not encrypted",
             .example = "/etc/outbox/tls.key"})
      .flag(
          "http.behind_proxy", s.http_behind_proxy,
          {.help = "only a proxy reaches http.address: it does TLS for us, and the last address in "
                   "its X-Forwarded-For is the client's. Reading then needs a token too"})
      .text(
          "http.allowed_hosts", s.http_allowed_hosts,
          {.help = "names by which the page is reached beside its address and localhost, separated "
                   "by commas; requests for others are refused (421)",
           .example = "outbox.example.com"})
      .text("http.masked_paths", s.http_masked_paths,
            {.help = "JSON paths in payloads that only operators see, separated by commas",
             .example = "$.customer.email,$.card"})
      .integer("http.max_event_streams", s.http_max_event_streams, {0, 1'000},
               {.help = "pages that are fed as things happen; further ones ask every two seconds"});
}

Error refused(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

// Who can reach the page must be known to us, and nobody on the way may listen.
Result<void> check_http(const Settings& s) {
  if (s.http_tls_certificate.empty() != s.http_tls_key.empty()) {
    return refused("http.tls_certificate and http.tls_key go together: set both, or none");
  }
  const std::string make_one =
      "set http.tokens_file, and make a token with outboxctl token new --name NAME --role operator";
  if (s.http_behind_proxy && s.http_tokens_file.empty()) {
    return refused(
        "http.behind_proxy needs tokens, as whoever the proxy lets in reaches the page: " +
        make_one);
  }
  if (is_on_loopback(s)) return {};
  if (s.http_tokens_file.empty()) {
    return refused("http.address is " + s.http_address +
                   ", which others can reach, and nobody has to sign in: " + make_one);
  }
  if (s.http_tls_certificate.empty() && !s.http_behind_proxy) {
    return refused("http.address is " + s.http_address +
                   ", which others can reach, and tokens would travel in the clear: set "
                   "http.tls_certificate and http.tls_key, or http.behind_proxy when only a proxy "
                   "that does TLS reaches this address");
  }
  return {};
}

// Each is a question to the brokers every five seconds.
Result<void> check_consumer_groups(const Settings& settings) {
  constexpr std::size_t kMost = 10;
  const std::size_t groups = list_of(settings.kafka.consumer_groups).size();
  if (groups <= kMost) return {};
  return refused("sink.consumer_groups names " + std::to_string(groups) + " groups, of " +
                 std::to_string(kMost) + " at most: remove some");
}

Result<void> check_exactly_once(const Settings& settings) {
  if (!settings.kafka.exactly_once) {
    return {};
  }
  if (settings.sink_type != "kafka") {
    return refused("sink.exactly_once needs Kafka's transactions, and sink.type is " +
                   settings.sink_type + ": set sink.type = kafka, or remove sink.exactly_once");
  }
  if (settings.source_url.reveal().starts_with("sqlite:")) {
    return refused(
        "sink.exactly_once is for outboxes in PostgreSQL, and source.url names an SQLite file: "
        "remove sink.exactly_once");
  }
  return {};
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
  add_http(schema, settings);
  schema.text("trace.consumer_url", settings.trace_consumer_url,
              {.help = "the consuming service, which is asked over HTTP for the effects of traced "
                       "messages, as invoice-service tells them; empty: none",
               .example = "http://127.0.0.1:3001"});
  tracing::declare(schema, settings.tracing);
  schema
      .choice("log.level", settings.log_level, {"debug", "info", "warn", "error"},
              {.help = "the least important lines that are written"})
      .choice("log.format", settings.log_format, {"text", "json"}, {.help = "of a line"});
  return schema;
}

std::vector<std::string> list_of(std::string_view text) {
  static constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string> entries;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t begin = entry.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    entry = entry.substr(begin, entry.find_last_not_of(kBlanks) - begin + 1);
    entries.emplace_back(entry);
  }
  return entries;
}

bool is_on_loopback(const Settings& settings) {
  return access::is_loopback_address(settings.http_address);
}

Result<void> check_settings(const Settings& settings) {
  if (auto fits = check_http(settings); !fits) return fits;
  if (auto collector = tracing::collector_of(settings.tracing); !collector) {
    return std::move(collector).error();
  }
  if (auto fits = check_consumer_groups(settings); !fits) return fits;
  return check_exactly_once(settings);
}

}  // namespace outbox
