#include "core/exception_attempt.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/record_tag.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/fixed_retry_policy.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/records.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kSlot = 9;
constexpr std::size_t kLimit = 3;

// One attempt on key "a" and others, from restored exceptions to the settlement.
class ExceptionAttemptTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sink_.connect(queue_)); }

  void begin(const Exceptions& exceptions, const std::vector<SeqAndKey>& found,
             bool truncated = false) {
    gate_.restore(exceptions, start_);
    std::vector<HeldRange> ranges = gate_.begin_attempts(start_, 100);
    Batch batch = make_batch(0, found);
    batch.truncated = truncated;
    attempt_.emplace(kSlot, std::move(ranges), std::move(batch), kLimit);
  }
  void send() { EXPECT_TRUE(attempt_->attempt().send(limited_, topics_, start_, refused_)); }
  bool send_to(FakeSink& sink) {
    LimitedSink limited{sink, 0, clock_};
    return attempt_->attempt().send(limited, topics_, start_, refused_);
  }
  void take() {
    for (const Delivery& delivery : queue_.wait(milliseconds{0})) {
      ASSERT_NE(attempt_->attempt().record_of(delivery), nullptr);
      attempt_->attempt().take(delivery);
    }
  }
  void finish() {
    ASSERT_TRUE(attempt_->attempt().done());
    attempt_->finish(settlement_, changed_, gate_,
                     {poison_, policy_, topics_, start_, start_ + milliseconds{70}});
  }
  std::vector<std::int64_t> delivered() const {
    std::vector<std::int64_t> seqs;
    for (const Receipt& receipt : settlement_.delivered) {
      seqs.push_back(receipt.seq);
    }
    return seqs;
  }
  std::vector<std::string> failed() const {
    std::vector<std::string> texts;
    for (const FailedHead& head : settlement_.failed) {
      texts.push_back(head.key + ":" + std::to_string(head.seq) + " attempt " +
                      std::to_string(head.attempts) + " in " + std::to_string(head.due_in.count()) +
                      " ms");
    }
    return texts;
  }
  std::vector<std::string> next(milliseconds at) {
    return to_strings(gate_.begin_attempts(start_ + at, 100));
  }
  static FailedHead head(std::int64_t seq, const std::string& key, int attempts) {
    return FailedHead{seq, 0, key, attempts, milliseconds{0}, "too large"};
  }

  KeyGate::time_point start_{std::chrono::hours{1}};
  ManualClock clock_;
  PoisonPolicy poison_;
  DeliveryQueue queue_;
  FakeSink sink_;
  TopicPauses topics_{{milliseconds{100}, milliseconds{100}}, 1, sink_};
  LimitedSink limited_{sink_, 0, clock_};
  std::vector<std::int64_t> refused_at_once_;
  Attempt::Refused refused_ = [this](const Record& record, const Error&) {
    refused_at_once_.push_back(record.seq);
  };
  FixedRetryPolicy policy_;
  KeyGate gate_{100};
  std::optional<ExceptionAttempt> attempt_;
  Settlement settlement_;
  ChangedKeys changed_;
};

TEST_F(ExceptionAttemptTest, ADeliveredHeadIsResolvedAndWhatWaitsBehindItIsNext) {
  begin({{head(5, "a", 2)}, {{"a", 0, 6, 8}}}, {{5, "a"}});
  send();
  EXPECT_EQ(attempt_->attempt().in_flight(), 1U);
  EXPECT_FALSE(attempt_->attempt().done());
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(5));
  EXPECT_THAT(settlement_.resolved, ElementsAre(5));
  EXPECT_THAT(failed(), IsEmpty());
  EXPECT_THAT(next(milliseconds{0}), ElementsAre("a[6,8]"));
}

TEST_F(ExceptionAttemptTest, ARefusedHeadIsDueAgainLaterAndCountsTheAttempt) {
  begin({{head(5, "a", 2)}, {}}, {{5, "a"}});
  send();
  sink_.reject(5);
  take();
  finish();
  EXPECT_THAT(failed(), ElementsAre("a:5 attempt 3 in 300 ms"));
  EXPECT_EQ(settlement_.failed.at(0).error, "the message is too large");
  EXPECT_THAT(settlement_.resolved, IsEmpty());
  EXPECT_EQ(gate_.attempts("a"), 3);
  EXPECT_THAT(next(milliseconds{299}), IsEmpty());
  EXPECT_THAT(next(milliseconds{300}), ElementsAre("a[5,5]"));
}

TEST_F(ExceptionAttemptTest, AHeadThatTheSinkRefusesAtOnceCountsTheSame) {
  sink_.refuse_if([](std::int64_t seq) { return seq == 5; });
  begin({{head(5, "a", 2), head(9, "b", 1)}, {}}, {{5, "a"}, {9, "b"}});
  send();
  EXPECT_THAT(refused_at_once_, ElementsAre(5));
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(9));
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(failed(), ElementsAre("a:5 attempt 3 in 300 ms"));
  EXPECT_THAT(settlement_.resolved, ElementsAre(9));
}

TEST_F(ExceptionAttemptTest, AHeadThatTheDestinationFailedIsPostponedWithoutCounting) {
  begin({{head(5, "a", 2)}, {}}, {{5, "a"}});
  send();
  sink_.fail(5);
  take();
  finish();
  EXPECT_TRUE(settlement_.empty());
  EXPECT_EQ(gate_.attempts("a"), 2);
  EXPECT_THAT(next(milliseconds{69}), IsEmpty());
  EXPECT_THAT(next(milliseconds{70}), ElementsAre("a[5,5]"));
}

TEST_F(ExceptionAttemptTest, AHeadWhoseRowIsGoneStaysAndSaysSo) {
  begin({{head(5, "a", 2), head(9, "b", 1)}, {}}, {{9, "b"}});
  send();
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(failed(), ElementsAre("a:5 attempt 3 in 300 ms"));
  EXPECT_THAT(settlement_.failed.at(0).error, ::testing::HasSubstr("no longer in the outbox"));
  EXPECT_THAT(settlement_.resolved, ElementsAre(9));
}

TEST_F(ExceptionAttemptTest, AHeadThatWasCutOffIsNotGone) {
  begin({{head(5, "a", 2), head(9, "b", 1)}, {}}, {{5, "a"}}, true);
  send();
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(settlement_.resolved, ElementsAre(5));
  EXPECT_THAT(failed(), IsEmpty());
  EXPECT_EQ(gate_.attempts("b"), 1);
  EXPECT_THAT(next(milliseconds{70}), ::testing::Contains("b[9,9]"));
}

TEST_F(ExceptionAttemptTest, ARangeThatIsDeliveredLeavesNothing) {
  begin({{}, {{"a", 0, 6, 9}}}, {{6, "a"}, {9, "a"}});
  send();
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(6, 9));
  EXPECT_THAT(settlement_.resolved, IsEmpty());
  EXPECT_TRUE(changed_.contains("a"));
  EXPECT_TRUE(gate_.release_if_done("a"));
}

TEST_F(ExceptionAttemptTest, ARangeLongerThanTheLimitGoesOnBehindTheLastRecord) {
  begin({{}, {{"a", 0, 6, 20}}}, {{6, "a"}, {9, "a"}, {10, "a"}});
  send();
  sink_.deliver_all();
  take();
  finish();
  EXPECT_FALSE(gate_.release_if_done("a"));
  EXPECT_THAT(next(milliseconds{0}), ElementsAre("a[11,20]"));
}

TEST_F(ExceptionAttemptTest, ARangeThatWasCutOffGoesOnBehindTheLastRecord) {
  begin({{}, {{"a", 0, 6, 20}, {"b", 0, 30, 40}}}, {{6, "a"}}, true);
  send();
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(next(milliseconds{0}), ElementsAre("a[7,20]", "b[30,40]"));
}

TEST_F(ExceptionAttemptTest, ARangeWhoseRowsAreGoneIsForgotten) {
  begin({{}, {{"a", 0, 6, 20}, {"b", 0, 30, 40}}}, {{33, "b"}});
  send();
  sink_.deliver_all();
  take();
  finish();
  EXPECT_TRUE(gate_.release_if_done("a"));
  EXPECT_TRUE(gate_.release_if_done("b"));
}

TEST_F(ExceptionAttemptTest, ARefusedRecordOfARangeBecomesTheHeadOfTheRest) {
  begin({{}, {{"a", 0, 6, 9}}}, {{6, "a"}, {7, "a"}, {9, "a"}});
  send();
  sink_.deliver(6);
  sink_.reject(7);
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(6));
  EXPECT_THAT(failed(), ElementsAre("a:7 attempt 1 in 100 ms"));
  EXPECT_EQ(gate_.waiting("a").from, 8);
  EXPECT_EQ(gate_.waiting("a").until, 9);
  EXPECT_THAT(next(milliseconds{100}), ElementsAre("a[7,7]"));
}

TEST_F(ExceptionAttemptTest, NothingOfAKeyIsSentAfterARecordThatTheSinkRefusesAtOnce) {
  sink_.refuse_if([](std::int64_t seq) { return seq == 7; });
  begin({{}, {{"a", 0, 6, 9}, {"b", 0, 10, 10}}}, {{6, "a"}, {7, "a"}, {9, "a"}, {10, "b"}});
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(6, 10));
  sink_.deliver_all();
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(6, 10));
  EXPECT_THAT(failed(), ElementsAre("a:7 attempt 1 in 100 ms"));
}

TEST_F(ExceptionAttemptTest, NothingOfAKeyIsSentAfterARefusalWhileTheSinkWasFull) {
  FakeSink small{2};
  ASSERT_TRUE(small.connect(queue_));
  begin({{}, {{"a", 0, 6, 9}, {"b", 0, 10, 10}}}, {{6, "a"}, {7, "a"}, {9, "a"}, {10, "b"}});
  EXPECT_FALSE(send_to(small));
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(6, 7));
  small.deliver(6);
  small.reject(7);
  take();
  EXPECT_TRUE(send_to(small));
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(10));
  small.deliver(10);
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(6, 10));
  EXPECT_THAT(failed(), ElementsAre("a:7 attempt 1 in 100 ms"));
}

TEST_F(ExceptionAttemptTest, ARecordThatFailsBehindARefusedOneKeepsNoOtherKeyFromBeingSent) {
  FakeSink small{2};
  ASSERT_TRUE(small.connect(queue_));
  begin({{}, {{"a", 0, 6, 7}, {"b", 0, 10, 10}}}, {{6, "a"}, {7, "a"}, {10, "b"}});
  EXPECT_FALSE(send_to(small));
  small.reject(6);
  take();
  EXPECT_TRUE(send_to(small));
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(10));
}

TEST_F(ExceptionAttemptTest, AfterAFailureOfTheDestinationNothingMoreIsSent) {
  FakeSink small{2};
  ASSERT_TRUE(small.connect(queue_));
  begin({{}, {{"a", 0, 6, 9}, {"b", 0, 20, 20}}}, {{6, "a"}, {7, "a"}, {9, "a"}, {20, "b"}});
  EXPECT_FALSE(send_to(small));
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(6, 7));
  small.deliver(6);
  small.fail(7);
  take();
  EXPECT_TRUE(attempt_->attempt().done());
  EXPECT_TRUE(send_to(small));
  EXPECT_THAT(small.accepted_seqs(), IsEmpty());
}

TEST_F(ExceptionAttemptTest, ARangeDeliveredInPartGoesOnWithWhatTheDestinationFailed) {
  begin({{}, {{"a", 0, 6, 9}}}, {{6, "a"}, {7, "a"}, {9, "a"}});
  send();
  sink_.deliver(6);
  sink_.fail(7);
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(6));
  EXPECT_THAT(failed(), IsEmpty());
  EXPECT_THAT(next(milliseconds{69}), IsEmpty());
  EXPECT_THAT(next(milliseconds{70}), ElementsAre("a[7,9]"));
}

TEST_F(ExceptionAttemptTest, WhatWasNeverSentIsPostponed) {
  begin({{head(5, "a", 2)}, {{"b", 0, 6, 9}}}, {{5, "a"}, {6, "b"}});
  attempt_->attempt().abandon_unsent();
  finish();
  EXPECT_THAT(next(milliseconds{69}), IsEmpty());
  EXPECT_THAT(next(milliseconds{70}), ElementsAre("a[5,5]", "b[6,9]"));
}

TEST_F(ExceptionAttemptTest, KnowsItsOwnDeliveries) {
  begin({{head(5, "a", 2)}, {}}, {{5, "a"}});
  Delivery delivery;
  delivery.tag = make_tag(kSlot, 0);
  ASSERT_NE(attempt_->attempt().record_of(delivery), nullptr);
  EXPECT_EQ(attempt_->attempt().record_of(delivery)->seq, 5);
  delivery.tag = make_tag(kSlot - 1, 0);
  EXPECT_EQ(attempt_->attempt().record_of(delivery), nullptr);
}

TEST_F(ExceptionAttemptTest, ParkGivesTheHeadUpAfterItsLastAttempt) {
  poison_ = {PoisonAction::park, 3};
  begin({{head(5, "a", 2), head(6, "b", 1)}, {{"a", 0, 7, 8}}}, {{5, "a"}, {6, "b"}});
  send();
  sink_.reject(5);
  sink_.reject(6);
  take();
  finish();
  ASSERT_EQ(settlement_.failed.size(), 2U);
  EXPECT_TRUE(settlement_.failed[0].parked);
  EXPECT_EQ(settlement_.failed[0].attempts, 3);
  EXPECT_FALSE(settlement_.failed[1].parked);
  EXPECT_THAT(next(std::chrono::hours{1}), ElementsAre("b[6,6]"));
  EXPECT_TRUE(gate_.blocks("a", 9));
}

TEST_F(ExceptionAttemptTest, SkipDetachesTheMessageAndTheRestOfItsKeyIsNext) {
  poison_.action = PoisonAction::skip;
  begin({{}, {{"a", 0, 5, 9}}}, {{5, "a"}, {6, "a"}, {7, "a"}});
  send();
  sink_.deliver(5);
  sink_.reject(6);
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(5));
  EXPECT_THAT(failed(), IsEmpty());
  ASSERT_EQ(settlement_.detached.size(), 1U);
  EXPECT_EQ(settlement_.detached[0].seq, 6);
  EXPECT_TRUE(settlement_.detached[0].dead);
  EXPECT_THAT(next(milliseconds{0}), ElementsAre("a[7,9]"));
}

TEST_F(ExceptionAttemptTest, AClosedTopicBurnsNoAttempt) {
  const Error unknown{ErrorCode::topic_unavailable, "unknown topic"};
  begin({{head(5, "a", 2)}, {}}, {{5, "a"}});
  send();
  sink_.reject(5, unknown);
  const Record& record = attempt_->attempt().batch().records[0];
  while (topics_.end(record, start_) == start_) {  // a drawn delay may be 0
    topics_.failed(record, unknown, start_);
  }
  take();
  finish();
  EXPECT_TRUE(settlement_.empty());
  EXPECT_EQ(gate_.attempts("a"), 2);
  EXPECT_THAT(next(milliseconds{0}), IsEmpty()) << "it waits for the topic";
  EXPECT_THAT(next(milliseconds{100}), ElementsAre("a[5,5]"));
}

// A key may have messages of several topics, and those that follow one that is held wait for it.
TEST_F(ExceptionAttemptTest, OfAKeyThatWaitsGoesWhatPrecedesAHeldTopic) {
  topics_.hold(std::make_shared<const TopicNames>(TopicNames{"invoice"}));
  Batch batch = make_batch_of(0, {{5, "a", "order"}, {6, "a", "invoice"}, {7, "a", "order"}});
  gate_.restore({{}, {{"a", 0, 5, 9}}}, start_);
  attempt_.emplace(kSlot, gate_.begin_attempts(start_, 100), std::move(batch), kLimit);
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(5));
  sink_.deliver(5);
  take();
  finish();
  EXPECT_THAT(delivered(), ElementsAre(5));
  EXPECT_THAT(failed(), IsEmpty());
  EXPECT_THAT(next(milliseconds{1'000'000}), IsEmpty());
  gate_.wake(start_);
  EXPECT_THAT(next(milliseconds{0}), ElementsAre("a[6,9]"));
}

}  // namespace
}  // namespace outbox
