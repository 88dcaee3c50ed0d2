#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/batch_feed.hpp"
#include "core/exponential_backoff.hpp"
#include "core/relay_engine.hpp"
#include "core/relay_observer.hpp"
#include "core/relay_session.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/fake_source.hpp"
#include "core/testing/fake_transactions.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/sim_group.hpp"
#include "tests/simulation/world.hpp"

namespace outbox::simulation {

// One process of the relay: the engine and the session as they are, with a thread's turns taken one
// by one, and its connections to the tables and the destination. What Relay::run does beside them
// (connect, drain, leave), this does.
class SimRelay final : private BatchFeed, private RelayObserver {
 public:
  // `stall`: lets time pass, with everyone else, while this relay is in a call.
  SimRelay(World& world, Oracle& oracle, std::string owner, std::function<void()> stall);

  void turn();
  // Of the membership's thread.
  void tick();
  void ask_to_leave() { leaving_ = true; }
  [[nodiscard]] bool gone() const { return gone_; }

  // The destination decides some messages and tells of some.
  void destination_step();
  void break_destination();
  void lose_source();
  // The process does nothing for so long.
  void freeze(std::chrono::nanoseconds time) { frozen_until_ = world_.now + time; }
  [[nodiscard]] bool frozen() const { return world_.now < frozen_until_; }
  void thaw() { frozen_until_ = world_.now; }
  void cut_off(std::chrono::nanoseconds time) { cut_off_until_ = world_.now + time; }
  // The same for the membership alone, which has a connection of its own.
  void cut_off_membership(std::chrono::nanoseconds time) { mute_until_ = world_.now + time; }
  // In its next call of the source the process stands still; or only this call does.
  void stall_in_next_call(bool whole_process);
  [[nodiscard]] bool in_call() const { return in_call_; }
  HostClock& host() { return group_.host(); }

  // The process is killed. What it had handed to its connections may still arrive.
  [[nodiscard]] std::unique_ptr<FakeSink> die();
  [[nodiscard]] std::size_t in_flight() const { return engine_.in_flight(); }
  void check_bounds();

 private:
  [[nodiscard]] std::optional<Batch> take() override;
  [[nodiscard]] std::optional<Error> error() const override { return feed_error_; }
  void acknowledged(const Record& /*record*/, const Delivery& /*delivery*/) override {}
  void rejected(const Record& /*record*/, std::string_view /*topic*/,
                const Error& /*error*/) override {}
  void topic_failed(const Record& /*record*/, std::string_view /*topic*/,
                    const Error& /*error*/) override {}
  void destination_failed(const Error& /*error*/) override {}
  void settled(const Settlement& /*settlement*/) override {}
  void source_connected(const Exceptions& /*exceptions*/) override {}
  void source_lost(const Error& /*error*/) override {}

  void connect();
  void drain();
  void end_connection();
  void failed(const Error& error);
  void decide_one();
  void take_deliveries();
  void send_in_transactions();
  [[nodiscard]] std::optional<Error> judge_fault();
  [[nodiscard]] FakeTransactionalSink::Fate fate_of_commit();
  [[nodiscard]] std::optional<Error> source_fault(FakeSource::Call call);
  void stall_now();
  void sending(const Record& record);

  World& world_;
  Oracle& oracle_;
  std::string owner_;
  std::function<void()> stall_;
  ExponentialBackoff policy_;
  SimGroup group_;
  FakeSource source_;
  FakeTransactionalSink transactions_;
  FakeJudge judge_;
  std::unique_ptr<FakeSink> sink_;
  DeliveryQueue queue_;
  RelayEngine engine_;
  std::optional<RelayTransaction> transaction_;
  RelaySession session_;
  std::optional<Error> feed_error_;

  bool serving_ = false;
  bool draining_ = false;
  bool leaving_ = false;
  bool gone_ = false;
  std::chrono::nanoseconds drain_ends_{0};
  std::chrono::nanoseconds next_connect_{0};
  std::chrono::nanoseconds frozen_until_{0};
  std::chrono::nanoseconds cut_off_until_{0};
  std::chrono::nanoseconds mute_until_{0};
  enum class Stall : std::uint8_t { none, call, process };
  Stall stall_next_ = Stall::none;
  bool in_call_ = false;
  std::uint64_t newest_tag_ = 0;      // that was sent
  std::uint64_t connection_tag_ = 0;  // up to it, tags are of earlier connections of the source
};

}  // namespace outbox::simulation
