#include "order-service/service_metrics.hpp"

#include <chrono>

namespace outbox::orders {
namespace {

prometheus::Counter& counter(telemetry::Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(metrics.registry()).Add({});
}

prometheus::Gauge& gauge(telemetry::Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry()).Add({});
}

const prometheus::Histogram::BucketBoundaries& duration_buckets() {
  static const prometheus::Histogram::BucketBoundaries kSeconds{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
  return kSeconds;
}

// A label has few values, whatever clients send.
std::string method_label(std::string_view method) {
  for (const std::string_view known :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return std::string(method);
  }
  return "other";
}

}  // namespace

ServiceMetrics::ServiceMetrics()
    : metrics_("order-service"),
      requests_(prometheus::BuildCounter()
                    .Name("http_requests_total")
                    .Help("Requests answered; route 'none': no such route.")
                    .Register(metrics_.registry())),
      durations_(prometheus::BuildHistogram()
                     .Name("http_request_duration_seconds")
                     .Help("From a request's header to its answer.")
                     .Register(metrics_.registry())),
      created_(counter(metrics_, "orders_created_total", "Orders created.")),
      cancelled_(counter(metrics_, "orders_cancelled_total", "Orders cancelled.")),
      replayed_(counter(metrics_, "idempotent_replays_total",
                        "Requests answered with the answer to an earlier one of the same key.")),
      connections_in_use_(gauge(metrics_, "database_connections_in_use",
                                "Connections to the database that requests hold now.")),
      connections_max_(gauge(metrics_, "database_connections_max",
                             "Connections to the database that there may be.")) {}

void ServiceMetrics::request_answered(const http::Exchange& exchange) {
  const std::string route(exchange.route);
  const std::string method = method_label(exchange.method);
  requests_.Add({{"method", method}, {"route", route}, {"status", std::to_string(exchange.status)}})
      .Increment();
  durations_.Add({{"method", method}, {"route", route}}, duration_buckets())
      .Observe(std::chrono::duration<double>(exchange.duration).count());
}

std::string ServiceMetrics::render(const OrderStore& store) {
  const OrderStore::Connections connections = store.connections();
  connections_in_use_.Set(connections.in_use);
  connections_max_.Set(static_cast<double>(connections.max));
  return metrics_.render();
}

}  // namespace outbox::orders
