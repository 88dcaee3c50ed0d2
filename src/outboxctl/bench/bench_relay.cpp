#include "outboxctl/bench/bench_relay.hpp"

#include "relay_settings/relay_options.hpp"
#include "sinks/kafka/kafka_sink.hpp"
#include "sinks/null/null_sink.hpp"

namespace outbox::ctl {
namespace {

constexpr std::uint64_t kSeed = 1;  // of delays after failures, which end the benchmark

PostgresTableOptions source_options(const Settings& settings) {
  PostgresTableOptions options;
  options.url = settings.source_url.reveal();
  options.table = settings.source_table;
  options.owner = "outboxctl bench";
  options.max_batch_bytes = static_cast<std::size_t>(settings.source_max_batch_bytes);
  options.lease = settings.relay_lease;
  options.receipts = settings.source_receipts;
  return options;
}

std::unique_ptr<Sink> make_sink(const Settings& settings) {
  if (settings.sink_type == "null") return std::make_unique<null_sink::NullSink>();
  return std::make_unique<kafka::KafkaSink>(settings.kafka);
}

}  // namespace

void BenchObserver::acknowledged(const Record& record, const Delivery& /*delivery*/) {
  const std::int64_t now = load::unix_us();
  if (first_us_ == 0) first_us_ = now;
  if (now - first_us_ < 1'000) ++at_first_;
  last_us_ = now;
  if (load::Moments* moments = moments_) {
    if (const auto number = load::number_of(record.payload)) moments->set(*number, now);
  }
  ++acknowledged_;
}

void BenchObserver::rejected(const Record& /*record*/, std::string_view /*topic*/,
                             const Error& error) {
  failed(error);
}

void BenchObserver::topic_failed(const Record& /*record*/, std::string_view /*topic*/,
                                 const Error& error) {
  failed(error);
}

void BenchObserver::destination_failed(const Error& error) {
  failed(error);
}

void BenchObserver::settled(const Settlement& settlement) {
  marked_ += static_cast<std::int64_t>(settlement.delivered.size());
}

void BenchObserver::source_connected(const Exceptions& /*exceptions*/) {}

void BenchObserver::source_lost(const Error& error) {
  failed(error);
}

void BenchObserver::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!problem_) problem_ = error;
}

std::optional<Error> BenchObserver::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

std::optional<double> BenchObserver::rate() const {
  const auto later = static_cast<double>(acknowledged_ - at_first_);
  if (later == 0) return std::nullopt;
  return later / (static_cast<double>(last_us_ - first_us_) / 1e6);
}

BenchRelay::BenchRelay(const Settings& settings)
    : source_(source_options(settings)),
      sink_(make_sink(settings)),
      retry_({settings.retry_initial_delay, settings.retry_max_delay}, kSeed),
      relay_(relay_options(settings, kSeed), source_, *sink_, retry_, clock_, observer_),
      thread_([this](const std::stop_token& stop) {
        if (const Result<void> ended = relay_.run(stop); !ended) observer_.failed(ended.error());
      }) {}

}  // namespace outbox::ctl
