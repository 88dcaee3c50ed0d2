#include "outbox-processor/drivers.hpp"

#include <random>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sinks/http/http_sink.hpp"
#include "sinks/kafka/consumer_lag.hpp"
#include "sinks/kafka/kafka_sink.hpp"
#include "sinks/kafka/topic_router.hpp"
#include "sinks/null/null_sink.hpp"
#include "sinks/stdout/stdout_sink.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "sources/sqlite/sqlite_source.hpp"
#include "sources/sqlite/status_reader.hpp"
#include "support/sqlite/database.hpp"

namespace outbox {
namespace {

// Hosts may share a name, and containers a process number, so the last part is random.
std::string owner() {
  char host[256] = "localhost";
  static_cast<void>(gethostname(host, sizeof host - 1));
  return fmt::format("{}:{}:{:08x}", static_cast<const char*>(host), getpid(),
                     std::random_device{}());
}

// Messages are shown with the topics that Kafka would get them in.
std::unique_ptr<Sink> make_stdout_sink(const Settings& settings) {
  auto router = kafka::TopicRouter::make(settings.kafka.topic, settings.kafka.routes);
  if (!router) throw std::runtime_error(router.error().message);
  return std::make_unique<stdout_sink::StdoutSink>(
      [router = *std::move(router)](const Record& record) {
        return record.topic.empty() ? router.topic_of(record.aggregate_type)
                                    : Result<std::string>{std::string(record.topic)};
      });
}

}  // namespace

SourceDriver make_source(const Settings& settings, TransactionJudge* judge) {
  const auto max_batch_bytes = static_cast<std::size_t>(settings.source_max_batch_bytes);
  std::string relay = owner();
  const std::string& url = settings.source_url.reveal();
  if (const auto path = sqlite::path_of(url)) {
    SqliteOptions options{*path, relay, max_batch_bytes, settings.retention_processed,
                          settings.retry_dead_letter_type};
    return {std::make_unique<SqliteSource>(std::move(options)),
            std::make_unique<sqlite::StatusReader>(*path), nullptr, std::move(relay)};
  }
  PostgresTableOptions options{url,
                               settings.source_table,
                               relay,
                               max_batch_bytes,
                               settings.relay_lease,
                               settings.retry_dead_letter_type,
                               settings.source_receipts,
                               judge};
  auto source = std::make_unique<PostgresTableSource>(std::move(options));
  TransactionalSource* const transactional = source.get();
  return {std::move(source),
          std::make_unique<postgres_table::StatusReader>(url, settings.source_table), transactional,
          std::move(relay)};
}

std::unique_ptr<postgres_table::RetentionThread> start_retention(const Settings& settings,
                                                                 RetentionMetrics& metrics) {
  const std::string& url = settings.source_url.reveal();
  if (sqlite::path_of(url)) {
    return nullptr;
  }
  return std::make_unique<postgres_table::RetentionThread>(
      postgres_table::RetentionOptions{url, settings.source_table, settings.retention_processed},
      [&metrics](const Result<postgres_table::RetentionReport>& report) { metrics.ran(report); });
}

SinkDriver make_sink(const Settings& settings) {
  if (settings.sink_type == "http") {
    return {std::make_unique<http_sink::HttpSink>(settings.http_sink)};
  }
  if (settings.sink_type == "stdout") {
    return {make_stdout_sink(settings)};
  }
  if (settings.sink_type == "null") {
    return {std::make_unique<null_sink::NullSink>()};
  }
  auto sink = std::make_unique<kafka::KafkaSink>(settings.kafka);
  if (!settings.kafka.exactly_once) {
    return {std::move(sink)};
  }
  TransactionalSink* const transactional = sink.get();
  return {std::move(sink), transactional, std::make_unique<kafka::TransactionLog>(settings.kafka)};
}

std::unique_ptr<ConsumerGroups> make_consumer_groups(const Settings& settings,
                                                     const RelayMetrics& relay,
                                                     telemetry::Metrics& metrics) {
  const std::vector<std::string> groups = list_of(settings.kafka.consumer_groups);
  if (groups.empty() || settings.sink_type != "kafka") {
    return nullptr;
  }
  auto made = kafka::ConsumerLag::make(settings.kafka, groups);
  if (!made) throw std::runtime_error(made.error().message);
  return std::make_unique<ConsumerGroups>(
      [lag = std::shared_ptr<kafka::ConsumerLag>(*std::move(made))](const TopicNames& sent_to,
                                                                    const std::stop_token& stop) {
        return lag->ask(sent_to, stop);
      },
      groups, relay, metrics);
}

}  // namespace outbox
