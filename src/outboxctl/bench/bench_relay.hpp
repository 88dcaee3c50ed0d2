// The relay, in this process, and what a benchmark sees of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "core/exponential_backoff.hpp"
#include "core/relay.hpp"
#include "core/relay_observer.hpp"
#include "outbox/clock.hpp"
#include "outbox/result.hpp"
#include "outbox/sink.hpp"
#include "relay_settings/settings.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "support/load/schedule.hpp"

namespace outbox::ctl {

// Counts acknowledgements and marks, and keeps the first thing that goes wrong: a benchmark does
// not go on after it. Told on the relay's thread, asked by others.
class BenchObserver final : public RelayObserver {
 public:
  void acknowledged(const Record& record, const Delivery& delivery) override;
  void rejected(const Record& record, std::string_view topic, const Error& error) override;
  void topic_failed(const Record& record, std::string_view topic, const Error& error) override;
  void destination_failed(const Error& error) override;
  void settled(const Settlement& settlement) override;
  void source_connected(const Exceptions& exceptions) override;
  void source_lost(const Error& error) override;
  void failed(const Error& error);

  [[nodiscard]] std::int64_t acknowledged_count() const { return acknowledged_; }
  [[nodiscard]] std::int64_t marked_count() const { return marked_; }
  [[nodiscard]] std::optional<Error> problem() const;

  // Acknowledgements a second, of what came later than the first millisecond, so that nobody's
  // start-up counts. Nothing: it all came at once. Asked once all have come.
  [[nodiscard]] std::optional<double> rate() const;

  // From now on the moments of numbered messages are kept there; null: no longer. What is
  // acknowledged meanwhile must be of that schedule.
  void keep_moments(load::Moments* moments) { moments_ = moments; }

 private:
  std::atomic<std::int64_t> acknowledged_{0};
  std::atomic<std::int64_t> marked_{0};
  std::atomic<std::int64_t> first_us_{0};
  std::atomic<std::int64_t> last_us_{0};
  std::atomic<std::int64_t> at_first_{0};  // came within a millisecond of the first
  std::atomic<load::Moments*> moments_{nullptr};
  mutable std::mutex mutex_;
  std::optional<Error> problem_;
};

// Runs until it is destroyed.
class BenchRelay {
 public:
  explicit BenchRelay(const Settings& settings);
  BenchRelay(const BenchRelay&) = delete;
  BenchRelay& operator=(const BenchRelay&) = delete;

  [[nodiscard]] BenchObserver& observer() { return observer_; }

 private:
  BenchObserver observer_;
  PostgresTableSource source_;
  std::unique_ptr<Sink> sink_;
  ExponentialBackoff retry_;
  SteadyClock clock_;
  Relay relay_;
  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace outbox::ctl
