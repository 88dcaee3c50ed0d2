#include "core/due_attempt.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/fake_sink.hpp"
#include "core/testing/fixed_retry_policy.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/records.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

const Error kUnknownTopic{ErrorCode::topic_unavailable, "the topic is unknown"};

class DueAttemptTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sink_.connect(queue_)); }

  void begin(std::vector<RowText> rows) {
    attempt_.emplace(7, make_batch_of(0, std::move(rows)));
    static_cast<void>(attempt_->attempt().send(
        limited_, topics_, clock_.now(), [](const Record& /*record*/, const Error& /*error*/) {}));
  }
  void finish() {
    for (const Delivery& delivery : queue_.wait(milliseconds{0})) {
      attempt_->attempt().take(delivery);
    }
    ASSERT_TRUE(attempt_->attempt().done());
    attempt_->finish(settlement_, {poison_, policy_, topics_, clock_.now(), clock_.now()});
  }
  std::vector<std::string> detached() const {
    std::vector<std::string> texts;
    for (const DetachedMessage& message : settlement_.detached) {
      texts.push_back(std::to_string(message.seq) + "x" + std::to_string(message.attempts) +
                      (message.dead ? " dead" : ""));
    }
    return texts;
  }

  ManualClock clock_;
  PoisonPolicy poison_;
  FixedRetryPolicy policy_;
  DeliveryQueue queue_;
  FakeSink sink_;
  TopicPauses topics_{{milliseconds{100}, milliseconds{100}}, 1, sink_};
  LimitedSink limited_{sink_, 0, clock_};
  std::optional<DueAttempt> attempt_;
  Settlement settlement_;
};

TEST_F(DueAttemptTest, MessagesOfOneKeyStandForThemselves) {
  begin({{1, "a"}, {2, "a"}, {3, "b"}});
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2, 3));
  sink_.deliver(1);
  sink_.deliver(2);
  sink_.reject(3);
  finish();
  EXPECT_THAT(settlement_.resolved, ElementsAre(1, 2));
  EXPECT_EQ(settlement_.delivered.size(), 2U);
  EXPECT_THAT(detached(), ElementsAre("3x1"));
  EXPECT_EQ(settlement_.detached[0].due_in, milliseconds{100});
}

TEST_F(DueAttemptTest, AttemptsGoOnFromWhatIsStored) {
  begin({{1, "a", "order", "", "", 0, 4}});
  sink_.reject(1);
  finish();
  EXPECT_THAT(detached(), ElementsAre("1x5"));
}

TEST_F(DueAttemptTest, ParkGivesUpAfterTheLastAttempt) {
  poison_ = {PoisonAction::park, 3};
  begin({{1, "a", "order", "", "", 0, 1}, {2, "b", "order", "", "", 0, 2}});
  sink_.reject(1);
  sink_.reject(2);
  finish();
  EXPECT_THAT(detached(), ElementsAre("1x2", "2x3 dead"));
}

TEST_F(DueAttemptTest, SkipGivesUpAtOnce) {
  poison_.action = PoisonAction::skip;
  begin({{1, "a"}});
  sink_.reject(1);
  finish();
  EXPECT_THAT(detached(), ElementsAre("1x1 dead"));
}

TEST_F(DueAttemptTest, TheDestinationsFailureLeavesEverythingDue) {
  begin({{1, "a"}, {2, "b"}});
  sink_.fail(1);
  sink_.fail(2);
  finish();
  EXPECT_TRUE(settlement_.empty());
}

TEST_F(DueAttemptTest, AClosedTopicBurnsNoAttemptAndDelaysTheMessage) {
  poison_.action = PoisonAction::skip;
  const Batch orders = make_batch_of(0, {{1, "a", "order"}});
  while (topics_.end(orders.records[0], clock_.now()) == clock_.now()) {  // a drawn delay may be 0
    topics_.failed(orders.records[0], kUnknownTopic, clock_.now());
  }
  begin({{1, "a", "order", "", "", 0, 2}, {2, "b", "invoice"}});
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  sink_.deliver(2);
  finish();
  EXPECT_THAT(detached(), ElementsAre("1x2"));
  EXPECT_GT(settlement_.detached[0].due_in, milliseconds{0});
  EXPECT_THAT(settlement_.resolved, ElementsAre(2));
}

TEST_F(DueAttemptTest, AHeldTopicBurnsNoAttemptAndIsLookedAtAgainSoon) {
  topics_.hold(std::make_shared<const TopicNames>(TopicNames{"order"}));
  begin({{1, "a", "order", "", "", 0, 2}, {2, "b", "invoice"}});
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  sink_.deliver(2);
  finish();
  EXPECT_THAT(detached(), ElementsAre("1x2"));
  EXPECT_EQ(settlement_.detached[0].due_in, milliseconds{10'000});
  EXPECT_EQ(settlement_.detached[0].error, "paused by an operator");
}

}  // namespace
}  // namespace outbox
