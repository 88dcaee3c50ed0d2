// Messages that hold no key: delayed ones, found again when they are due, and skipped ones.
#include <chrono>

#include "tests/conformance/source/source_test.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class DetachedTest : public SourceTest {
 protected:
  std::int64_t append_at(const std::string& key, system_clock::time_point available_at) {
    Message message = message_of(key);
    message.available_at = available_at;
    return driver_->append(std::span{&message, 1}).front();
  }
  std::vector<std::int64_t> due(std::size_t limit = 10) {
    return seqs_of(must(source_->claim_due(limit)));
  }
};

INSTANTIATE_TEST_SUITE_P(Source, DetachedTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(DetachedTest, ARecordSaysWhenItIsDueIfThatIsInTheFuture) {
  const std::chrono::microseconds later{
      std::chrono::floor<std::chrono::microseconds>(system_clock::now().time_since_epoch()) +
      hours{1}};
  append_at("a", system_clock::time_point{later});
  append_at("a", system_clock::now() - hours{1});
  append("a");
  connect();
  const Batch batch = must(source_->claim(10));
  ASSERT_THAT(batch.records, SizeIs(3));
  EXPECT_EQ(batch.records[0].due_at_us, later.count());
  EXPECT_EQ(batch.records[1].due_at_us, 0);
  EXPECT_EQ(batch.records[2].due_at_us, 0);
  EXPECT_EQ(batch.records[0].topic, "");
}

TEST_P(DetachedTest, ADelayedMessageComesWhenItIsDueAndNotBefore) {
  append_at("a", system_clock::now() + hours{1});
  const std::int64_t soon = append_at("a", system_clock::now() + milliseconds{1'500});
  connect();
  const Batch batch = must(source_->claim(10));
  ASSERT_THAT(batch.records, SizeIs(2));
  Settlement settlement;
  settlement.through = batch.number;
  for (const Record& record : batch.records) {
    settlement.detached.push_back(detached_of(record));
    settlement.detached.back().due_at_us = record.due_at_us;
  }
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(soon), "delayed");
  std::vector<std::int64_t> found;
  ASSERT_TRUE(eventually([&] { return !(found = due()).empty(); }));
  EXPECT_GE(
      std::chrono::ceil<std::chrono::microseconds>(system_clock::now().time_since_epoch()).count(),
      batch.records[1].due_at_us);
  EXPECT_THAT(found, ElementsAre(soon));
  EXPECT_THAT(claim_all_seqs(), IsEmpty()) << "the position has passed it";
}

TEST_P(DetachedTest, WhatIsDueComesAgainUntilItIsSettledAndThenNeverMore) {
  const Batch batch = claimed({"a"});
  const std::int64_t seq = batch.records[0].seq;
  settle_detached(batch.number, detached_of(batch.records[0]));
  for (int i = 0; i < 2; ++i) {
    const Batch found = must(source_->claim_due(10));
    EXPECT_EQ(found.number, 0U);
    ASSERT_THAT(found.records, SizeIs(1));
    EXPECT_EQ(found.records[0].seq, seq);
    EXPECT_EQ(found.records[0].id, batch.records[0].id);
    EXPECT_EQ(found.records[0].key, "a");
    EXPECT_EQ(found.records[0].shard, batch.records[0].shard);
    EXPECT_EQ(found.records[0].payload, "{}");
    EXPECT_EQ(found.records[0].headers, "{}");
    EXPECT_EQ(found.records[0].topic, "");
    EXPECT_EQ(found.records[0].due_at_us, 0);
    EXPECT_EQ(found.records[0].attempts, 0);
    reconnect();
    EXPECT_THAT(exceptions_.heads, IsEmpty()) << "it holds no key";
  }
  settle_resolved(seq);
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(driver_->status(seq), "processed");
  EXPECT_THAT(driver_->receipts(), ElementsAre(StoredReceipt{seq, "t", 0, 9}));
}

TEST_P(DetachedTest, TheLongestDueComesFirst) {
  const Batch batch = claimed({"a", "b", "c"});
  const auto now =
      std::chrono::floor<std::chrono::microseconds>(system_clock::now().time_since_epoch());
  Settlement settlement;
  settlement.through = batch.number;
  for (const int minutes_ago : {1, 3, 2}) {
    const std::size_t index = settlement.detached.size();
    settlement.detached.push_back(detached_of(batch.records[index]));
    settlement.detached.back().due_at_us = (now - std::chrono::minutes{minutes_ago}).count();
  }
  must(source_->settle(settlement));
  const std::vector<Record>& r = batch.records;
  EXPECT_THAT(due(), ElementsAre(r[1].seq, r[2].seq, r[0].seq));
  EXPECT_THAT(due(2), ElementsAre(r[1].seq, r[2].seq));
}

TEST_P(DetachedTest, AFailureIsCountedAndPutsItOff) {
  const Batch batch = claimed({"a", "b"});
  settle_detached(batch.number, detached_of(batch.records[0], 2, "too large"));
  ASSERT_THAT(due(), ElementsAre(batch.records[0].seq));
  EXPECT_EQ(must(source_->claim_due(10)).records[0].attempts, 2);
  DetachedMessage later = detached_of(batch.records[0], 3, "still too large");
  later.due_in = hours{1};
  settle_detached(0, later);
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(driver_->status(batch.records[0].seq), "delayed");
  EXPECT_THAT(driver_->attempts(batch.records[0].seq),
              ElementsAre(StoredAttempt{2, "too large"}, StoredAttempt{3, "still too large"}));
  EXPECT_THAT(driver_->attempts(batch.records[1].seq), IsEmpty());
}

TEST_P(DetachedTest, OneThatWasGivenUpIsDeadAndHoldsNoKey) {
  const Batch batch = claimed({"a", "a"});
  const std::int64_t seq = batch.records[0].seq;
  DetachedMessage skipped = detached_of(batch.records[0], 20, "no such thing");
  skipped.dead = true;
  settle_detached(batch.number, skipped, {Receipt{batch.records[1].seq, "t", 0, 0}});
  EXPECT_EQ(driver_->status(seq), "dead");
  EXPECT_EQ(driver_->status(batch.records[1].seq), "processed");
  EXPECT_THAT(driver_->audit(seq), ElementsAre("skip by relay-1"));
  reconnect();
  EXPECT_THAT(exceptions_.heads, IsEmpty());
  EXPECT_THAT(due(), IsEmpty());
}

TEST_P(DetachedTest, AHeadMayBeSkippedAndItsKeyGoesOn) {
  const Batch batch = claimed({"a", "a"});
  const std::vector<Record>& r = batch.records;
  settle_failed(batch.number, head_of(r[0]), {range_of(r[1], r[1].seq)});
  Settlement settlement;
  settlement.detached = {detached_of(r[0], 20, "refused")};
  settlement.detached[0].dead = true;
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(r[0].seq), "dead");
  reconnect();
  EXPECT_THAT(exceptions_.heads, IsEmpty());
  EXPECT_THAT(exceptions_.held, SizeIs(1));
  EXPECT_THAT(exceptions_of({range_of(r[0], r[1].seq)}, 10), ElementsAre(r[1].seq));
}

TEST_P(DetachedTest, ADelayedMessageDoesNotWaitInARange) {
  const Batch batch = claimed({"a", "a", "a", "a"});
  const std::vector<Record>& r = batch.records;
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {head_of(r[0])};
  settlement.held = {range_of(r[1], r[3].seq)};
  settlement.detached = {detached_of(r[2])};
  must(source_->settle(settlement));
  EXPECT_THAT(exceptions_of({range_of(r[1], r[3].seq)}, 10), ElementsAre(r[1].seq, r[3].seq));
  EXPECT_EQ(driver_->status(r[2].seq), "delayed");
}

TEST_P(DetachedTest, OneThatWasDeliveredByItselfDoesNotComeAgainWithTheRangeAroundIt) {
  const Batch batch = claimed({"a", "a", "a", "a"});
  const std::vector<Record>& r = batch.records;
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {head_of(r[0])};
  settlement.held = {range_of(r[1], r[3].seq)};
  settlement.detached = {detached_of(r[2])};
  must(source_->settle(settlement));
  settle_resolved(r[2].seq);
  EXPECT_THAT(exceptions_of({range_of(r[1], r[3].seq)}, 10), ElementsAre(r[1].seq, r[3].seq));
  EXPECT_EQ(driver_->status(r[2].seq), "processed");
  EXPECT_EQ(driver_->status(r[3].seq), "held");
}

// As after a takeover that came between a delivery and its mark: it is tried for what it is.
TEST_P(DetachedTest, AHeadThatWasDeliveredBeforeIsStillFound) {
  const Batch batch = claimed({"a"});
  const std::int64_t seq = batch.records[0].seq;
  Settlement settlement;
  settlement.delivered = {Receipt{seq, "t", 0, 9}};
  must(source_->settle(settlement));
  settle_failed(batch.number, head_of(batch.records[0]));
  EXPECT_THAT(exceptions_of({range_of(batch.records[0], seq)}, 10), ElementsAre(seq));
}

TEST_P(DetachedTest, AMissingRowIsLeftOut) {
  const Batch batch = claimed({"a", "b"});
  Settlement settlement;
  settlement.through = batch.number;
  settlement.detached = {detached_of(batch.records[0]), detached_of(batch.records[1])};
  must(source_->settle(settlement));
  driver_->remove(batch.records[0].seq);
  EXPECT_THAT(due(), ElementsAre(batch.records[1].seq));
}

}  // namespace
}  // namespace outbox::test
