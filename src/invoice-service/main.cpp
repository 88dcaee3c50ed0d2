// invoice-service: keeps one invoice per order, from the topic `order-events`.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "invoice-service/dead_letter_producer.hpp"
#include "invoice-service/http_api.hpp"
#include "invoice-service/invoice.hpp"
#include "invoice-service/order_consumer.hpp"
#include "invoice-service/settings.hpp"
#include "support/config/command_line.hpp"
#include "support/config/mask_url.hpp"
#include "support/http/health.hpp"
#include "support/http/server.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/metrics.hpp"
#include "support/telemetry/stop_signals.hpp"
#include "support/telemetry/systemd.hpp"

namespace outbox::invoices {
namespace {

using std::chrono::milliseconds;

ConsumerOptions consumer_options(const Settings& settings) {
  ConsumerOptions options;
  options.brokers = settings.brokers;
  options.topic = settings.topic;
  options.group = settings.group;
  options.properties = settings.kafka_properties;
  options.max_batch = static_cast<std::size_t>(settings.batch);
  options.max_backoff = settings.max_backoff;
  options.close_timeout = settings.close_timeout;
  return options;
}

http::ServerOptions server_options(const Settings& settings) {
  http::ServerOptions options;
  options.address = settings.address;
  options.port = static_cast<std::uint16_t>(settings.port);
  options.threads = static_cast<int>(settings.http_threads);
  options.drain_timeout = milliseconds(2'000);
  return options;
}

http::Router routes(const InvoiceStore& store, const OrderConsumer& consumer,
                    const DeadLetterProducer& letters, const telemetry::Metrics& metrics) {
  http::Router router;
  add_routes(router, store, [&consumer] { return consumer.check(milliseconds(1'000)); });
  http::add_health_routes(
      router,
      {{"mongo", [&store](milliseconds) { return store.ping(); }},
       {"kafka", [&consumer](milliseconds timeout) { return consumer.check(timeout); }},
       {"dead_letters", [&letters](milliseconds timeout) { return letters.check(timeout); }}},
      [&metrics] { return metrics.render(); });
  return router;
}

Result<void> run(const Settings& settings, telemetry::StopSignals& signals) {
  telemetry::Metrics metrics("invoice-service");
  ConsumerMetrics consumer_metrics(metrics.registry());
  mongo::ClientOptions client_options;
  client_options.uri = settings.mongo_uri;
  client_options.database = settings.database;
  auto client = mongo::Client::create(client_options);
  if (!client) return client.error();
  InvoiceStore store(**client);
  mongo::DocumentInbox inbox(**client, kInvoices);
  auto dead_letters = DeadLetterProducer::create(settings.brokers, settings.dead_letters(),
                                                 settings.kafka_properties);
  if (!dead_letters) return dead_letters.error();
  EventHandler handler(inbox, **dead_letters, store, consumer_metrics);
  auto consumer = OrderConsumer::create(consumer_options(settings), handler, consumer_metrics);
  if (!consumer) return consumer.error();

  http::Server server(server_options(settings), routes(store, **consumer, **dead_letters, metrics));
  if (auto started = server.start(); !started) return started;
  log::info("invoice-service serves", {{"address", settings.address},
                                       {"port", server.port()},
                                       {"brokers", settings.brokers},
                                       {"topic", settings.topic},
                                       {"group", settings.group},
                                       {"mongo", config::mask_url(settings.mongo_uri)}});
  if (auto indexed = store.create_indexes(); !indexed) {
    log::warn("look-ups by message are slow: the indexes were not made",
              {{"error", indexed.error().message}});
  }
  telemetry::notify_service_manager("READY=1");
  auto consumed = (*consumer)->run(signals.token());
  telemetry::notify_service_manager("STOPPING=1");
  server.stop();
  log::info("invoice-service has stopped");
  return consumed;
}

int main_with(int argc, const char* const* argv) {
  telemetry::StopSignals signals;
  Settings settings;
  config::Schema schema = describe_settings(settings);
  const auto command = config::parse_command_line(
      argc, argv, "invoice-service", "Keeps one invoice per order, from the order events", schema,
      std::cout);
  if (!command) {
    std::cerr << "invoice-service: " << command.error().message << '\n';
    return config::kExitUsage;
  }
  if (!command->run) return EXIT_SUCCESS;
  if (auto logging = telemetry::init_log(settings.log_level, settings.log_format); !logging) {
    std::cerr << "invoice-service: " << logging.error().message << '\n';
    return EXIT_FAILURE;
  }
  const auto outcome = run(settings, signals);
  if (!outcome) {
    log::error("invoice-service cannot go on", {{"error", outcome.error().message}});
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace outbox::invoices

int main(int argc, char** argv) {
  return outbox::invoices::main_with(argc, argv);
}
