// invoice-service: keeps one invoice per order, from the order events that come by Kafka or HTTP.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "invoice-service/dead_letter_producer.hpp"
#include "invoice-service/event_api.hpp"
#include "invoice-service/event_spans.hpp"
#include "invoice-service/http_api.hpp"
#include "invoice-service/invoice_store.hpp"
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
#include "support/tracing/span_exporter.hpp"
#include "support/webhook/signature.hpp"

namespace outbox::invoices {
namespace {

using std::chrono::milliseconds;

// What a stop may take beside leaving the group: the batch that is in work, mostly.
constexpr milliseconds kLastBatch{10'000};

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

// The way in by Kafka.
struct KafkaInput {
  std::unique_ptr<DeadLetterProducer> letters;
  std::unique_ptr<OrderConsumer> consumer;
};

Result<KafkaInput> make_kafka_input(const Settings& settings, EventHandler& handler,
                                    ConsumerMetrics& metrics) {
  auto letters = DeadLetterProducer::create(settings.brokers, settings.dead_letters(),
                                            settings.kafka_properties);
  if (!letters) return std::move(letters).error();
  auto consumer = OrderConsumer::create(consumer_options(settings), handler, **letters, metrics);
  if (!consumer) return std::move(consumer).error();
  return KafkaInput{std::move(letters).value(), std::move(consumer).value()};
}

// `kafka`: null when there is none.
http::Router routes(const InvoiceStore& store, const KafkaInput* kafka,
                    const telemetry::Metrics& metrics) {
  http::Router router;
  std::function<Result<void>()> check_kafka;
  std::vector<http::ReadinessCheck> checks{
      {std::string(store.name()), [&store](milliseconds) { return store.ping(); }}};
  if (kafka != nullptr) {
    check_kafka = [kafka] { return kafka->consumer->check(milliseconds(1'000)); };
    checks.push_back(
        {"kafka", [kafka](milliseconds timeout) { return kafka->consumer->check(timeout); }});
    checks.push_back(
        {"dead_letters", [kafka](milliseconds timeout) { return kafka->letters->check(timeout); }});
  }
  add_routes(router, store, std::move(check_kafka));
  http::add_health_routes(router, std::move(checks), [&metrics] { return metrics.render(); });
  return router;
}

void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

// The secrets of events by HTTP; none when only Kafka is read.
Result<std::vector<std::string>> event_secrets(const Settings& settings) {
  auto secrets = webhook::decode_secrets(settings.event_secrets.reveal());
  if (!secrets) return Error{secrets.error().code, "events.secrets: " + secrets.error().message};
  if (secrets->empty() && settings.brokers.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "no events can come in: set kafka.brokers to read them from Kafka, "
                 "events.secrets to take them by HTTP, or both"};
  }
  return secrets;
}

Result<void> run(const Settings& settings, telemetry::StopSignals& signals) {
  signals.end_within(settings.close_timeout + kLastBatch);
  auto secrets = event_secrets(settings);
  if (!secrets) return std::move(secrets).error();
  telemetry::Metrics metrics("invoice-service");
  ConsumerMetrics consumer_metrics(metrics.registry());
  const auto store = open_store(settings.store_url.reveal(), settings.mongo_database);
  if (!store) return store.error();
  auto collector = tracing::collector_of(settings.tracing);
  if (!collector) return std::move(collector).error();
  const auto exporter =
      tracing::make_exporter(*std::move(collector), "invoice-service", metrics.registry());
  std::optional<EventSpans> spans;
  if (exporter) spans.emplace(*exporter, settings.group);
  EventHandler handler(**store, consumer_metrics, spans ? &*spans : nullptr);
  EventBatcher batcher(handler, consumer_metrics);
  std::optional<KafkaInput> kafka;
  if (!settings.brokers.empty()) {
    auto made = make_kafka_input(settings, handler, consumer_metrics);
    if (!made) return std::move(made).error();
    kafka = std::move(made).value();
  }

  http::Router router = routes(**store, kafka ? &*kafka : nullptr, metrics);
  const bool takes_events = !secrets->empty();
  if (takes_events) {
    add_event_route(router, {std::move(secrets).value(), settings.event_tolerance}, batcher,
                    consumer_metrics);
  }
  http::Server server(server_options(settings), std::move(router));
  if (auto started = server.start(); !started) return started;
  log::info("invoice-service serves", {{"address", settings.address},
                                       {"port", server.port()},
                                       {"events_by_http", takes_events},
                                       {"store", config::mask_url(settings.store_url.reveal())}});
  if (kafka) {
    log::info(
        "events are read from Kafka",
        {{"brokers", settings.brokers}, {"topic", settings.topic}, {"group", settings.group}});
  }
  telemetry::notify_service_manager("READY=1");
  Result<void> consumed;
  if (kafka) {
    consumed = kafka->consumer->run(signals.token());
  } else {
    wait_for(signals.token());
  }
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
