// What operators do to exceptions, and what they tell the relay; parked heads, which wait for them.
#include <chrono>

#include <nlohmann/json.hpp>

#include "tests/conformance/source/source_test.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class OperatorsTest : public SourceTest {
 protected:
  FailedHead parked(const Record& record) {
    FailedHead head = head_of(record, 20);
    head.parked = true;
    return head;
  }
  bool comes_to_stand(Standing standing) {
    return eventually([&] { return source_->standing() == standing; });
  }
};

INSTANTIATE_TEST_SUITE_P(Source, OperatorsTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(OperatorsTest, AParkedHeadStaysParkedAndItsKeyWaits) {
  const Batch batch = claimed({"a", "a"});
  const std::vector<Record>& r = batch.records;
  settle_failed(batch.number, head_of(r[0], 19), {range_of(r[1], r[1].seq)});
  settle_failed(0, parked(r[0]));
  EXPECT_EQ(driver_->status(r[0].seq), "dead");
  EXPECT_EQ(driver_->status(r[1].seq), "held");
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  EXPECT_EQ(exceptions_.heads[0].seq, r[0].seq);
  EXPECT_EQ(exceptions_.heads[0].key, "a");
  EXPECT_EQ(exceptions_.heads[0].attempts, 20);
  EXPECT_TRUE(exceptions_.heads[0].parked);
  EXPECT_THAT(exceptions_.held, SizeIs(1));
  EXPECT_THAT(driver_->audit(r[0].seq), IsEmpty());
}

TEST_P(OperatorsTest, AHeadThatIsNotParkedIsNotTakenForOne) {
  const Batch batch = claimed({"a"});
  settle_failed(batch.number, head_of(batch.records[0], 19));
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  EXPECT_FALSE(exceptions_.heads[0].parked);
}

TEST_P(OperatorsTest, EachFailureLeavesItsCauseAndAHundredStay) {
  const Batch batch = claimed({"a"});
  for (int attempt = 1; attempt <= 103; ++attempt) {
    settle_failed(attempt == 1 ? batch.number : 0,
                  head_of(batch.records[0], attempt, {}, "cause " + std::to_string(attempt)));
  }
  settle_resolved(batch.records[0].seq);
  const auto attempts = driver_->attempts(batch.records[0].seq);
  ASSERT_THAT(attempts, SizeIs(100)) << "they stay when it is delivered";
  EXPECT_EQ(attempts.front(), (StoredAttempt{4, "cause 4"}));
  EXPECT_EQ(attempts.back(), (StoredAttempt{103, "cause 103"}));
}

TEST_P(OperatorsTest, WhatWasDiscardedStaysSoWhateverTheRelayWrites) {
  const Batch batch = claimed({"a", "b", "c"});
  const std::vector<Record>& r = batch.records;
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {head_of(r[0]), parked(r[1])};
  settlement.detached = {detached_of(r[2])};
  must(source_->settle(settlement));
  driver_->discard(r[0].seq);
  driver_->discard(r[2].seq);
  // The relay has not heard of it.
  settlement = {};
  settlement.failed = {head_of(r[0], 2), head_of(r[1], 21)};
  settlement.detached = {detached_of(r[2], 1, "refused")};
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(r[0].seq), "discarded");
  EXPECT_EQ(driver_->status(r[1].seq), "dead");
  EXPECT_EQ(driver_->status(r[2].seq), "discarded");
  EXPECT_THAT(must(source_->claim_due(10)).records, IsEmpty());
  EXPECT_THAT(exceptions_of({range_of(r[0], r[0].seq)}, 1), IsEmpty());
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  EXPECT_EQ(exceptions_.heads[0].key, "b");
  EXPECT_TRUE(exceptions_.heads[0].parked);
}

TEST_P(OperatorsTest, AnEditedPayloadIsSentInsteadOfTheWritten) {
  const std::string edited = R"({"edited": true})";
  const Batch batch = claimed({"a", "b"});
  const std::vector<Record>& r = batch.records;
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {head_of(r[0])};
  settlement.detached = {detached_of(r[1])};
  must(source_->settle(settlement));
  driver_->edit(r[0].seq, edited);
  driver_->edit(r[1].seq, edited);
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const Batch head = must(source_->claim_exceptions(std::vector{range_of(r[0], r[0].seq)}, 1));
    ASSERT_THAT(head.records, SizeIs(1));
    EXPECT_EQ(head.records[0].payload, edited);
    const Batch due = must(source_->claim_due(10));
    ASSERT_THAT(due.records, SizeIs(1));
    EXPECT_EQ(due.records[0].payload, edited);
    // Another failure leaves it as it is.
    settlement = {};
    settlement.failed = {head_of(r[0], 2)};
    settlement.detached = {detached_of(r[1], 1, "refused")};
    must(source_->settle(settlement));
  }
}

TEST_P(OperatorsTest, AReplayIsMarkedAndLeavesTheMessageProcessed) {
  if (!GetParam().replays) {
    return;  // what was delivered is nowhere any more
  }
  const std::int64_t first = append("a");
  Message with_header = message_of("b");
  with_header.headers = {{"traceparent", "00-1"}};
  const std::int64_t second = driver_->append(std::span{&with_header, 1}).front();
  connect();
  Settlement delivered;
  delivered.through = claim_all().back().number;
  delivered.delivered = {Receipt{first, "t", 0, 0}, Receipt{second, "t", 0, 1}};
  must(source_->settle(delivered));
  driver_->replay(first, "orders-again");
  driver_->replay(second, "");
  EXPECT_EQ(driver_->status(first), "processed");
  const Batch due = must(source_->claim_due(10));
  ASSERT_THAT(seqs_of(due), testing::UnorderedElementsAre(first, second));
  for (const Record& record : due.records) {
    EXPECT_EQ(record.topic, record.seq == first ? "orders-again" : "");
    auto headers = nlohmann::json::parse(record.headers);
    EXPECT_EQ(headers["outbox-replay"], "true");
    headers.erase("outbox-replay");
    EXPECT_EQ(headers.size(), record.seq == first ? 0U : 1U);
  }
  settle_resolved(first);
  settle_resolved(second);
  EXPECT_THAT(must(source_->claim_due(10)).records, IsEmpty());
  EXPECT_EQ(driver_->status(first), "processed");
}

TEST_P(OperatorsTest, TheSourceSaysWhenDeliveryIsPausedAndGoesOn) {
  connect();
  EXPECT_TRUE(comes_to_stand(Standing::owner));
  driver_->set_paused(true);
  EXPECT_TRUE(comes_to_stand(Standing::paused));
  reconnect();
  EXPECT_EQ(source_->standing(), Standing::paused) << "from the first moment on";
  driver_->raise_revision();
  EXPECT_TRUE(comes_to_stand(Standing::paused_changing));
  reconnect();
  EXPECT_EQ(source_->standing(), Standing::paused);
  driver_->set_paused(false);
  EXPECT_TRUE(comes_to_stand(Standing::owner));
}

TEST_P(OperatorsTest, TheSourceSaysWhenTheExceptionsHaveChangedUntilItConnectsAgain) {
  connect();
  EXPECT_TRUE(comes_to_stand(Standing::owner));
  driver_->raise_revision();
  EXPECT_TRUE(comes_to_stand(Standing::changing));
  reconnect();
  EXPECT_TRUE(comes_to_stand(Standing::owner));
}

}  // namespace
}  // namespace outbox::test
