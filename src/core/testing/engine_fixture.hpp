#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/relay_engine.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/fixed_retry_policy.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/recording_observer.hpp"
#include "core/testing/records.hpp"

namespace outbox {

// An engine before a fake sink, driven by hand.
class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(EngineOptions options = small_options()) : options_(options) {}

  void SetUp() override {
    ASSERT_TRUE(sink_.connect(queue_));
    engine_.restart({});
    engine_.add_due({});  // nothing is due, and will not be looked for soon
  }
  static constexpr std::chrono::milliseconds kNotDue{1'000'000};

  static EngineOptions small_options() {
    EngineOptions options;
    options.max_batches = 3;
    options.max_blocked_keys = 2;
    options.waiting_at_once = 3;
    options.due_interval = kNotDue;
    options.destination_backoff = {std::chrono::milliseconds{1'000},
                                   std::chrono::milliseconds{1'000}};
    return options;
  }

  void add(std::uint64_t number, const std::vector<SeqAndKey>& rows) {
    engine_.add(make_batch(number, rows));
  }
  void take() { engine_.take(queue_.wait(std::chrono::milliseconds{0})); }
  void take_and_send() {
    take();
    engine_.send();
  }
  // What there is to settle, as one line; "nothing" without a settlement.
  std::string settle() {
    take();
    const std::optional<Settlement> settlement = engine_.next_settlement();
    return settlement ? describe(*settlement) : "nothing";
  }
  std::vector<std::string> due() { return to_strings(engine_.due_exceptions()); }
  // Begins an attempt on what is due, with these rows found.
  std::vector<std::string> attempt(const std::vector<SeqAndKey>& found) {
    std::vector<HeldRange> ranges = engine_.due_exceptions();
    std::vector<std::string> texts = to_strings(ranges);
    engine_.add_exceptions(std::move(ranges), make_batch(0, found));
    engine_.send();
    return texts;
  }
  void advance(int milliseconds) { clock_.advance(std::chrono::milliseconds{milliseconds}); }

  static std::string describe(const Settlement& settlement) {
    std::string text = "through " + std::to_string(settlement.through);
    for (const Receipt& receipt : settlement.delivered) {
      text += " delivered " + std::to_string(receipt.seq);
    }
    for (const FailedHead& head : settlement.failed) {
      text += (head.parked ? " parked " : " failed ") + std::to_string(head.seq) + "x" +
              std::to_string(head.attempts);
    }
    for (const DetachedMessage& message : settlement.detached) {
      text += (message.dead ? " dead " : " delayed ") + std::to_string(message.seq) + "x" +
              std::to_string(message.attempts);
    }
    for (const std::int64_t seq : settlement.resolved) {
      text += " resolved " + std::to_string(seq);
    }
    for (const HeldRange& range : settlement.held) {
      text += " held " + to_string(range);
    }
    return text;
  }

  EngineOptions options_;
  ManualClock clock_;
  DeliveryQueue queue_;
  FakeSink sink_;
  FixedRetryPolicy policy_;
  RecordingObserver observer_;
  RelayEngine engine_{options_, sink_, policy_, clock_, observer_};
};

}  // namespace outbox
