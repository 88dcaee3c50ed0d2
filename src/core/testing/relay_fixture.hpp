#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "core/relay.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/fake_source.hpp"
#include "core/testing/recording_observer.hpp"
#include "tests/support/eventually.hpp"

namespace outbox {

// A relay on a thread of its own between a source and a sink in memory.
class RelayTest : public ::testing::Test {
 protected:
  static RelayOptions quick_options() {
    using std::chrono::milliseconds;
    RelayOptions options;
    options.batch_limit = 10;
    options.drain_timeout = milliseconds{60'000};
    options.reconnect = {milliseconds{1}, milliseconds{10}};
    options.engine.max_batches = 3;
    options.engine.destination_backoff = {milliseconds{1}, milliseconds{10}};
    return options;
  }

  void SetUp() override {
    sink_.stall_after_failures(true);
    source_.model().set_acknowledged([this](std::int64_t seq) { return sink_.acknowledged(seq); });
  }

  void start() {
    result_.reset();
    stop_ = std::stop_source{};
    thread_ = std::jthread{[this] {
      Relay relay{options_, source_, sink_, policy_, clock_, observer_};
      result_.emplace(relay.run(stop_.get_token()));
    }};
  }
  void request_stop() { stop_.request_stop(); }
  // The relay has to end by itself or after request_stop.
  Result<void> join() {
    thread_.join();
    return *result_;
  }
  Result<void> stop() {
    request_stop();
    return join();
  }
  void append(int rows, int keys = 5) {
    for (int i = 0; i < rows; ++i) {
      source_.model().append(std::string(1, static_cast<char>('a' + i % keys)));
    }
  }
  [[nodiscard]] bool all_settled(std::size_t rows) {
    return test::eventually([&] { return source_.model().receipt_count() == rows; });
  }
  // Fails the calls of one kind while `times` lasts.
  void fail(FakeSource::Call failing, int times, ErrorCode code = ErrorCode::source_unavailable) {
    source_.set_fault([=](FakeSource::Call call) mutable -> std::optional<Error> {
      if (call == failing && times > 0) {
        --times;
        return Error{code, "the database is away"};
      }
      return std::nullopt;
    });
  }
  void expect_order_of_first_arrivals() {
    std::set<std::int64_t> seen;
    std::map<std::string, std::int64_t> newest;
    for (const auto& [seq, key] : sink_.arrivals()) {
      if (seen.insert(seq).second) {
        EXPECT_GT(seq, newest[key]) << "of key " << key;
        newest[key] = seq;
      }
    }
  }
  void TearDown() override {
    if (thread_.joinable()) {  // the test has failed
      source_.set_fault(nullptr);
      sink_.deliver_at_once(true);
      sink_.deliver_all();
      request_stop();
      thread_.join();
    }
    EXPECT_TRUE(source_.model().violations().empty()) << source_.model().violations().front();
    expect_order_of_first_arrivals();
  }

  RelayOptions options_ = quick_options();
  SteadyClock clock_;
  FakeSource source_;
  FakeSink sink_;
  ExponentialBackoff policy_{{std::chrono::milliseconds{1}, std::chrono::milliseconds{10}}, 1};
  RecordingObserver observer_;
  std::stop_source stop_;
  std::optional<Result<void>> result_;
  std::jthread thread_;
};

}  // namespace outbox
