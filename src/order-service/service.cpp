#include "order-service/service.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "order-service/schema.hpp"
#include "support/http/health.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::orders {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kConnectPause{500};
constexpr milliseconds kLongestMigration{60'000};
constexpr milliseconds kPrunePause{60'000};

// True when the stop came first.
bool wait_or_stop(const std::stop_token& stop, milliseconds pause) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, pause, [] { return false; });
  return stop.stop_requested();
}

Result<pg::Connection> connect(const Settings& settings, const std::stop_token& stop) {
  pg::ConnectOptions options;
  options.application_name = "order-service";
  options.connect_timeout = settings.database_connect_timeout;
  options.statement_timeout = kLongestMigration;
  const auto deadline = SteadyClock::now() + settings.database_startup_timeout;
  while (true) {
    auto connection = pg::Connection::connect(settings.database_url, options);
    const bool may_come =
        !connection.ok() && connection.error().code == ErrorCode::source_unavailable;
    if (!may_come || SteadyClock::now() >= deadline) return connection;
    log::warn("waiting for the database", {{"error", connection.error().message}});
    if (wait_or_stop(stop, kConnectPause)) return connection;
  }
}

StoreOptions store_options(const Settings& settings, PayloadType payload_type) {
  StoreOptions options;
  options.url = settings.database_url;
  options.pool_size = static_cast<std::size_t>(settings.database_pool_size);
  options.acquire_timeout = settings.database_acquire_timeout;
  options.connect_timeout = settings.database_connect_timeout;
  options.statement_timeout = settings.database_statement_timeout;
  options.keep_answers = settings.idempotency_keep;
  options.outbox.table = settings.outbox_table;
  options.outbox.payload_type = payload_type;
  options.outbox.answer_timeout = settings.database_statement_timeout + pg::kAnswerGrace;
  return options;
}

http::ServerOptions server_options(const Settings& settings, ServiceMetrics& metrics) {
  http::ServerOptions options;
  options.address = settings.http_address;
  options.port = static_cast<std::uint16_t>(settings.http_port);
  options.threads = static_cast<int>(settings.http_threads);
  options.max_connections = static_cast<std::size_t>(settings.http_max_connections);
  options.drain_timeout = settings.http_drain_timeout;
  options.on_exchange = [&metrics](const http::Exchange& exchange) {
    metrics.request_answered(exchange);
  };
  return options;
}

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const Settings& settings,
                                                const std::stop_token& stop) {
  auto connection = connect(settings, stop);
  if (!connection.ok()) return connection.error();
  const auto payload_type = outbox_payload_type(*connection, settings.outbox_table);
  if (!payload_type.ok()) return payload_type.error();
  if (auto migrated = apply_migrations(*connection); !migrated.ok()) return migrated.error();
  std::unique_ptr<Service> service(new Service(settings, *payload_type));
  if (auto started = service->server_.start(); !started.ok()) return started.error();
  service->pruner_ = std::jthread(
      [raw = service.get()](const std::stop_token& stopping) { raw->prune(stopping); });
  return service;
}

Service::Service(const Settings& settings, PayloadType payload_type)
    : store_(store_options(settings, payload_type)),
      server_(server_options(settings, metrics_), make_router()) {}

Service::~Service() {
  stop();
}

http::Router Service::make_router() {
  http::Router router;
  add_order_routes(router, store_, metrics_);
  http::add_health_routes(
      router, {{"postgres", [this](milliseconds timeout) { return store_.ping(timeout); }}},
      [this] { return metrics_.render(store_); });
  return router;
}

void Service::stop() {
  server_.stop();
  pruner_.request_stop();
  if (pruner_.joinable()) pruner_.join();
}

void Service::prune(const std::stop_token& stop) {
  while (!wait_or_stop(stop, kPrunePause)) {
    std::int64_t total = 0;
    while (!stop.stop_requested()) {
      const auto pruned = store_.prune_answers();
      if (!pruned.ok()) {
        log::warn("old answers could not be removed", {{"error", pruned.error().message}});
        break;
      }
      total += *pruned;
      if (*pruned == 0) break;
    }
    if (total > 0) log::info("removed old answers of idempotent requests", {{"count", total}});
  }
}

}  // namespace outbox::orders
