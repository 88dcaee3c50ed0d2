// The whole service: store, routes, server and housekeeping.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include "order-service/handlers.hpp"
#include "order-service/service_metrics.hpp"
#include "order-service/settings.hpp"
#include "order-service/store.hpp"
#include "outbox/result.hpp"
#include "support/http/server.hpp"
#include "support/tracing/span_exporter.hpp"

namespace outbox::orders {

class Service {
 public:
  // Opens the store (see open_store) and serves.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(const Settings& settings,
                                                              const std::stop_token& stop);
  ~Service();  // stops
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  // Answers the requests that were begun, then ends. Idempotent.
  void stop();

 private:
  Service(const Settings& settings, std::unique_ptr<OrderStore> store,
          std::optional<tracing::Collector> collector);
  [[nodiscard]] http::Router make_router(std::int64_t sample_percent);
  void prune(const std::stop_token& stop);

  std::unique_ptr<OrderStore> store_;
  ServiceMetrics metrics_;
  std::unique_ptr<tracing::SpanExporter> spans_;  // null: no tracing
  http::Server server_;
  std::jthread pruner_;
};

}  // namespace outbox::orders
