#include "core/relay_session.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "core/testing/fake_sink.hpp"
#include "core/testing/fake_source.hpp"
#include "core/testing/fake_transactions.hpp"
#include "core/testing/fixed_retry_policy.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/recording_observer.hpp"

namespace outbox {
namespace {

class GivenBatches final : public BatchFeed {
 public:
  void add(Batch batch) { batches_.push_back(std::move(batch)); }
  [[nodiscard]] std::optional<Batch> take() override {
    if (batches_.empty()) return std::nullopt;
    Batch first = std::move(batches_.front());
    batches_.pop_front();
    return first;
  }
  [[nodiscard]] std::optional<Error> error() const override { return std::nullopt; }

 private:
  std::deque<Batch> batches_;
};

// A session that sends in transactions of four messages, turned by hand.
class TransactionSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    transactions_.on_reset([] {});
    ASSERT_TRUE(sink_.connect(queue_));
    const Result<Exceptions> exceptions = source_.connect();
    ASSERT_TRUE(exceptions);
    ASSERT_TRUE(session_.begin(*exceptions));
  }

  // Reads the next two rows of a backlog, and takes a turn.
  void turn_with_two() {
    source_.model().append("a");
    source_.model().append("b");
    Result<Batch> batch = source_.claim(2);
    ASSERT_TRUE(batch);
    batch->behind = true;
    feed_.add(*std::move(batch));
    ASSERT_TRUE(session_.turn(feed_));
  }

  ManualClock clock_;
  FakeSource source_;
  FakeSink sink_;
  FixedRetryPolicy policy_;
  RecordingObserver observer_;
  DeliveryQueue queue_;
  GivenBatches feed_;
  FakeTransactionalSink transactions_{
      std::make_shared<FakeCoordinator>(std::make_shared<FakeDestination>()), "relay"};
  RelayEngine engine_{EngineOptions{}, sink_, policy_, clock_, observer_};
  RelayTransaction transaction_{source_, source_,   transactions_,
                                clock_,  observer_, {4, std::chrono::milliseconds{1'000'000}}};
  RelaySession session_{source_, engine_, clock_, observer_, &transaction_};
};

TEST_F(TransactionSessionTest, TheLastMessagesOfATransactionDoNotWaitForMore) {
  turn_with_two();
  EXPECT_EQ(sink_.hurries(), 0U) << "more goes into the transaction";
  turn_with_two();
  EXPECT_EQ(sink_.accepted().size(), 4U);
  EXPECT_EQ(sink_.hurries(), 1U);
}

}  // namespace
}  // namespace outbox
