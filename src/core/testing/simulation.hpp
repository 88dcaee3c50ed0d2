#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/exponential_backoff.hpp"
#include "core/relay_engine.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/fake_source.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/recording_observer.hpp"

namespace outbox {

struct SimulationResult {
  std::vector<std::string> problems;  // one line each; empty when every promise was kept
  std::uint64_t steps = 0;
  // How often each class of fault had an effect.
  std::map<std::string_view, std::uint64_t> faults;
  // Of all choices and of all that was sent and marked: the same for the same seed.
  std::uint64_t trace_hash = 0;
};

// One run of a relay engine between a model source and a model sink, all choices from one seed:
// writers that commit out of order, batches of every size, a sink that is full, slow, away, that
// rejects messages, a source that fails before or after a settlement is durable, and relays that
// are killed. After the faults everything has to arrive.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);

  // Called once.
  [[nodiscard]] SimulationResult run();

 private:
  struct Writer {  // an open transaction; the key is locked by it
    std::string key;
    std::vector<std::int64_t> seqs;
  };

  [[nodiscard]] bool chance(int percent);
  [[nodiscard]] std::size_t pick(std::size_t from, std::size_t to);
  [[nodiscard]] std::string key_name(std::size_t index) const;

  void make_poison();
  void step();
  void write();
  void commit_one();
  void relay_turn();
  [[nodiscard]] bool read_batches();
  [[nodiscard]] bool read_exceptions();
  void settle();
  void destination_step();
  void decide_one();
  void break_destination();
  void kill_relay();
  void crash_database();
  void lose_source();
  void start_relay();
  [[nodiscard]] std::optional<Error> source_fault(FakeSource::Call call);
  [[nodiscard]] bool is_poisoned(std::int64_t seq);

  void finish();
  [[nodiscard]] bool complete() const;
  void check_bounds();
  void check_order();
  void check_end();
  void problem(std::string text);
  void fault(std::string_view fault_class) { ++result_.faults[fault_class]; }
  void trace(std::uint64_t value);

  std::mt19937_64 random_;
  ManualClock clock_;
  RecordingObserver observer_;
  ExponentialBackoff policy_;
  EngineOptions options_;
  FakeSink sink_;
  FakeSource source_;
  std::unique_ptr<DeliveryQueue> queue_;
  std::unique_ptr<RelayEngine> engine_;

  std::size_t keys_ = 1;
  std::size_t rows_ = 0;  // to be written
  std::size_t batch_limit_ = 1;
  int faults_percent_ = 0;
  bool faults_ = true;
  std::vector<Writer> writers_;
  std::map<std::int64_t, std::string> written_;
  std::map<std::int64_t, int> rejections_;  // still to come
  std::optional<std::int64_t> always_rejected_;
  SimulationResult result_;
};

}  // namespace outbox
