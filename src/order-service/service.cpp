#include "order-service/service.hpp"

#include <chrono>
#include <utility>

#include "order-service/wait.hpp"
#include "support/http/health.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::orders {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPrunePause{60'000};

StoreOptions store_options(const Settings& settings) {
  StoreOptions options;
  options.url = settings.database_url.reveal();
  options.pool_size = static_cast<std::size_t>(settings.database_pool_size);
  options.acquire_timeout = settings.database_acquire_timeout;
  options.connect_timeout = settings.database_connect_timeout;
  options.statement_timeout = settings.database_statement_timeout;
  options.startup_timeout = settings.database_startup_timeout;
  options.keep_answers = settings.idempotency_keep;
  options.outbox_table = settings.outbox_table;
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
  auto collector = tracing::collector_of(settings.tracing);
  if (!collector.ok()) return collector.error();
  auto store = open_store(store_options(settings), stop);
  if (!store.ok()) return store.error();
  std::unique_ptr<Service> service(new Service(settings, std::move(*store), std::move(*collector)));
  if (auto started = service->server_.start(); !started.ok()) return started.error();
  service->pruner_ = std::jthread(
      [raw = service.get()](const std::stop_token& stopping) { raw->prune(stopping); });
  return service;
}

Service::Service(const Settings& settings, std::unique_ptr<OrderStore> store,
                 std::optional<tracing::Collector> collector)
    : store_(std::move(store)),
      spans_(tracing::make_exporter(std::move(collector), "order-service", metrics_.registry())),
      server_(server_options(settings, metrics_), make_router(settings.trace_sample_percent)) {}

Service::~Service() {
  stop();
}

http::Router Service::make_router(std::int64_t sample_percent) {
  http::Router router;
  add_order_routes(router, *store_, metrics_, {spans_.get(), sample_percent});
  http::add_health_routes(
      router, {{"database", [this](milliseconds timeout) { return store_->ping(timeout); }}},
      [this] { return metrics_.render(*store_); });
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
      const auto pruned = store_->prune_answers();
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
