// outbox-processor: carries messages from the outbox table to a broker.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "admin/outbox_pool.hpp"
#include "core/exponential_backoff.hpp"
#include "core/relay.hpp"
#include "outbox-processor/admin_access.hpp"
#include "outbox-processor/admin_routes.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "outbox-processor/api/read_routes.hpp"
#include "outbox-processor/api/session.hpp"
#include "outbox-processor/consumer_client.hpp"
#include "outbox-processor/drivers.hpp"
#include "outbox-processor/monitor.hpp"
#include "outbox-processor/operations.hpp"
#include "outbox-processor/relay_metrics.hpp"
#include "outbox-processor/relay_spans.hpp"
#include "outbox/clock.hpp"
#include "relay_settings/relay_options.hpp"
#include "relay_settings/settings.hpp"
#include "support/config/command_line.hpp"
#include "support/http/server.hpp"
#include "support/sqlite/database.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/metrics.hpp"
#include "support/telemetry/stop_signals.hpp"
#include "support/telemetry/systemd.hpp"
#include "support/tracing/span_exporter.hpp"

namespace outbox {
namespace {

// What a stop may take beside the drain: the last settlement, and the connections' ends.
constexpr std::chrono::milliseconds kClosing{5'000};

int fail(const std::string& message) {
  log::error("outbox-processor cannot go on", {{"error", message}});
  return EXIT_FAILURE;
}

std::optional<TransactionPair> transactions_of(const SourceDriver& source, const SinkDriver& sink) {
  if (source.transactional == nullptr || sink.transactional == nullptr) {
    return std::nullopt;
  }
  return TransactionPair{*source.transactional, *sink.transactional};
}

// A relay that is away for long either fills the server's disk or is cut off from the log.
void warn_of_kept_log(SourceStatusReader& reader) {
  constexpr std::int64_t kLittle = std::int64_t{1} << 30;
  const Result<SourceStatus> status = reader.read();
  if (!status || !status->most_kept_bytes) {
    return;  // the log is not read, or the relay itself will say why the database cannot be reached
  }
  if (*status->most_kept_bytes < 0) {
    log::warn(
        "the server keeps its write-ahead log for the relay until its disk is full, should no "
        "relay run for long: set max_slot_wal_keep_size, and watch outbox_source_lag_bytes");
  } else if (*status->most_kept_bytes < kLittle) {
    log::warn(
        "the server keeps so little of its write-ahead log that a short absence or a large "
        "transaction can cut the relay off: raise max_slot_wal_keep_size",
        {{"bytes", *status->most_kept_bytes}});
  }
}

int serve(const Settings& settings, const config::Schema& schema, telemetry::StopSignals& signals) {
  signals.end_within(settings.relay_drain_timeout + kClosing);
  const std::uint64_t seed = std::random_device{}();
  telemetry::Metrics metrics{"outbox-processor"};
  RelayMetrics relay_metrics{metrics};
  RetentionMetrics retention_metrics{metrics};
  const SinkDriver sink = make_sink(settings);
  const SourceDriver driver = make_source(settings, sink.judge.get());
  ExponentialBackoff retry{{settings.retry_initial_delay, settings.retry_max_delay}, seed};
  const SteadyClock clock;
  auto collector = tracing::collector_of(settings.tracing);
  if (!collector) {
    return fail(collector.error().message);
  }
  const auto exporter =
      tracing::make_exporter(*std::move(collector), "outbox-processor", metrics.registry());
  std::optional<RelaySpans> spans;
  if (exporter) {
    relay_metrics.trace_to(&spans.emplace(*exporter, std::string{sink.sink->traits().name}));
  }
  Relay relay{
      relay_options(settings, seed), *driver.source, *sink.sink, retry, clock, relay_metrics,
      transactions_of(driver, sink)};

  const auto access = make_access_control(settings);
  if (!access) {
    return fail(access.error().message);
  }
  const auto masked_paths = masked_paths_of(settings);
  if (!masked_paths) {
    return fail(masked_paths.error().message);
  }
  std::optional<admin::OutboxPool> outbox;
  if (!sqlite::path_of(settings.source_url.reveal())) {
    outbox.emplace(settings.source_url.reveal(), settings.source_table);
  }
  Operations operations;
  std::optional<ConsumerClient> consumer;
  if (!settings.trace_consumer_url.empty()) {
    consumer.emplace(settings.trace_consumer_url.reveal());
  }
  const auto groups = make_consumer_groups(settings, relay_metrics, metrics);
  Monitor monitor{{*driver.status, relay_metrics, *sink.sink, outbox ? &*outbox : nullptr,
                   outbox ? &retention_metrics : nullptr, consumer ? &*consumer : nullptr,
                   groups.get()}};
  const api::ApiContext context{outbox ? &*outbox : nullptr,
                                &operations,
                                &monitor,
                                &schema,
                                consumer ? &*consumer : nullptr,
                                driver.relay,
                                settings.relay_lease,
                                *masked_paths};
  http::Router router;
  api::add_session_routes(router, **access);
  api::add_read_routes(router, context);
  api::add_change_routes(router, context);
  add_admin_routes(router, {*driver.status, relay_metrics, *sink.sink, metrics,
                            [access = *access](const http::Request& request) {
                              return access->reading_is_open() || request.caller;
                            }});
  restrict_api(router);
  http::Server server{admin_server_options(settings, *access), std::move(router)};
  if (const Result<void> started = server.start(); !started) {
    return fail(started.error().message);
  }
  log::info("outbox-processor is up",
            {{"address", settings.http_address}, {"port", server.port()}});
  telemetry::notify_service_manager("READY=1");
  warn_of_kept_log(*driver.status);

  monitor.start();
  if (groups) groups->start();
  auto retention = start_retention(settings, retention_metrics);
  const Result<void> ended = relay.run(signals.token());
  telemetry::notify_service_manager("STOPPING=1");
  server.stop();
  monitor.stop();
  if (groups) groups->stop();
  operations.stop();
  retention.reset();
  if (!ended) {
    return fail(ended.error().message);
  }
  log::info("outbox-processor has stopped", {{"processed", relay_metrics.processed()}});
  return EXIT_SUCCESS;
}

int run(int argc, const char* const* argv) {
  telemetry::StopSignals signals;
  Settings settings;
  config::Schema schema = make_schema(settings);
  const Result<config::CommandLine> command_line = config::parse_command_line(
      argc, argv, "outbox-processor",
      "Carries messages from the outbox table to Kafka or to an HTTP endpoint.", schema, std::cout);
  if (!command_line) {
    std::cerr << "outbox-processor: " << command_line.error().message << '\n';
    return config::kExitUsage;
  }
  if (!command_line->run) {
    return EXIT_SUCCESS;
  }
  if (const Result<void> fits = check_settings(settings); !fits) {
    std::cerr << "outbox-processor: " << fits.error().message << '\n';
    return config::kExitUsage;
  }
  if (const Result<void> log = telemetry::init_log(settings.log_level, settings.log_format); !log) {
    return fail(log.error().message);
  }
  return serve(settings, schema, signals);
}

}  // namespace
}  // namespace outbox

int main(int argc, char** argv) {
  try {
    return outbox::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "outbox-processor: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
