// order-service: takes orders by HTTP and writes each with its outbox row in one transaction.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stop_token>

#include "order-service/service.hpp"
#include "order-service/settings.hpp"
#include "support/config/command_line.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/stop_signals.hpp"
#include "support/telemetry/systemd.hpp"

namespace outbox::orders {
namespace {

// What a stop may take beside the requests that were begun.
constexpr std::chrono::milliseconds kClosing{5'000};

void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

int run(int argc, const char* const* argv) {
  Settings settings;
  config::Schema schema = make_schema(settings);
  const auto command_line = config::parse_command_line(
      argc, argv, "order-service", "Takes orders by HTTP, each with its outbox row.", schema,
      std::cout);
  if (!command_line.ok()) {
    std::cerr << "order-service: " << command_line.error().message << "\n";
    return config::kExitUsage;
  }
  if (!command_line->run) return EXIT_SUCCESS;
  telemetry::StopSignals signals;
  signals.end_within(settings.http_drain_timeout + kClosing);
  if (auto logging = telemetry::init_log(settings.log_level, settings.log_format); !logging.ok()) {
    std::cerr << "order-service: " << logging.error().message << "\n";
    return EXIT_FAILURE;
  }
  auto service = Service::start(settings, signals.token());
  if (!service.ok()) {
    log::error("cannot start", {{"error", service.error().message}});
    return EXIT_FAILURE;
  }
  log::info("serving", {{"address", settings.http_address}, {"port", (*service)->port()}});
  telemetry::notify_service_manager("READY=1");
  wait_for(signals.token());
  telemetry::notify_service_manager("STOPPING=1");
  log::info("stopping");
  (*service)->stop();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace outbox::orders

int main(int argc, char** argv) {
  return outbox::orders::run(argc, argv);
}
