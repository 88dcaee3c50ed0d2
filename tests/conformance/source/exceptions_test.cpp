// Failed heads and what waits behind them: kept over connections, read again on request.
#include "tests/conformance/source/source_test.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ExceptionsTest : public SourceTest {};

INSTANTIATE_TEST_SUITE_P(Source, ExceptionsTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(ExceptionsTest, AFreshOutboxHasNone) {
  connect();
  EXPECT_THAT(exceptions_.heads, IsEmpty());
  EXPECT_THAT(exceptions_.held, IsEmpty());
}

TEST_P(ExceptionsTest, HeadsAndRangesSurviveReconnect) {
  const Batch batch = claimed({"a", "a", "b", "a"});
  const Record& head = batch.records[0];
  settle_failed(batch.number, head_of(head, 3, milliseconds{60'000}, "too large: 1,200,000 bytes"),
                {range_of(batch.records[1], batch.records[3].seq)});
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  const FailedHead& known = exceptions_.heads.front();
  EXPECT_EQ(known.seq, head.seq);
  EXPECT_EQ(known.shard, head.shard);
  EXPECT_EQ(known.key, "a");
  EXPECT_EQ(known.attempts, 3);
  EXPECT_EQ(known.error, "too large: 1,200,000 bytes");
  EXPECT_GT(known.due_in, milliseconds{30'000});
  EXPECT_LE(known.due_in, milliseconds{60'000});
  ASSERT_THAT(exceptions_.held, SizeIs(1));
  const HeldRange& range = exceptions_.held.front();
  EXPECT_EQ(range.key, "a");
  EXPECT_EQ(range.shard, head.shard);
  EXPECT_EQ(range.from_seq, batch.records[1].seq);
  EXPECT_EQ(range.until_seq, batch.records[3].seq);
  EXPECT_THAT(claim_all_seqs(), IsEmpty()) << "the position passed them in the same settlement";
}

TEST_P(ExceptionsTest, AnOverdueHeadIsDueAtOnce) {
  const Batch batch = claimed({"a"});
  settle_failed(batch.number, head_of(batch.records[0], 1, milliseconds{0}));
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  EXPECT_EQ(exceptions_.heads.front().due_in, milliseconds{0});
}

TEST_P(ExceptionsTest, PeopleSeeRetryingHeldAndTheRestProcessed) {
  const Batch batch = claimed({"a", "b", "a"});
  settle_failed(batch.number, head_of(batch.records[0]),
                {range_of(batch.records[2], batch.records[2].seq)},
                {Receipt{batch.records[1].seq, "t", 0, 0}});
  EXPECT_EQ(driver_->status(batch.records[0].seq), "retrying");
  EXPECT_EQ(driver_->status(batch.records[1].seq), "processed");
  EXPECT_EQ(driver_->status(batch.records[2].seq), "held");
}

TEST_P(ExceptionsTest, AnotherFailureReplacesTheFirst) {
  const Batch batch = claimed({"a"});
  settle_failed(batch.number, head_of(batch.records[0], 1, milliseconds{0}, "first"));
  settle_failed(0, head_of(batch.records[0], 2, milliseconds{50'000}, "second"));
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  EXPECT_EQ(exceptions_.heads.front().attempts, 2);
  EXPECT_EQ(exceptions_.heads.front().error, "second");
  EXPECT_GT(exceptions_.heads.front().due_in, milliseconds{20'000});
}

TEST_P(ExceptionsTest, ADeliveredHeadIsForgottenAndProcessed) {
  const Batch batch = claimed({"a"});
  const std::int64_t seq = batch.records[0].seq;
  settle_failed(batch.number, head_of(batch.records[0]));
  Settlement settlement;
  settlement.resolved = {seq};
  settlement.delivered = {Receipt{seq, "t", 0, 9}};
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(seq), "processed");
  reconnect();
  EXPECT_THAT(exceptions_.heads, IsEmpty());
}

TEST_P(ExceptionsTest, ARangeIsReplacedAndForgotten) {
  const Batch batch = claimed({"a", "a", "a", "a"});
  settle_failed(batch.number, head_of(batch.records[0]),
                {range_of(batch.records[1], batch.records[3].seq)});
  Settlement shorter;
  shorter.held = {range_of(batch.records[2], batch.records[3].seq)};
  must(source_->settle(shorter));
  reconnect();
  ASSERT_THAT(exceptions_.held, SizeIs(1));
  EXPECT_EQ(exceptions_.held.front().from_seq, batch.records[2].seq);
  Settlement none;
  none.held = {HeldRange{"a", batch.records[0].shard, 1, 0}};
  must(source_->settle(none));
  reconnect();
  EXPECT_THAT(exceptions_.held, IsEmpty());
  EXPECT_THAT(exceptions_.heads, SizeIs(1)) << "the head is another matter";
}

TEST_P(ExceptionsTest, TheNextHeadFollowsInOneSettlement) {
  const Batch batch = claimed({"a", "a", "a"});
  settle_failed(batch.number, head_of(batch.records[0]),
                {range_of(batch.records[1], batch.records[2].seq)});
  Settlement settlement;
  settlement.resolved = {batch.records[0].seq};
  settlement.delivered = {Receipt{batch.records[0].seq, "t", 0, 0}};
  settlement.failed = {head_of(batch.records[1])};
  settlement.held = {range_of(batch.records[2], batch.records[2].seq)};
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(batch.records[0].seq), "processed");
  EXPECT_EQ(driver_->status(batch.records[1].seq), "retrying");
  EXPECT_EQ(driver_->status(batch.records[2].seq), "held");
}

TEST_P(ExceptionsTest, KeysOfManyKindsAreKept) {
  const std::string keys[] = {"it's", "{\"json\": 1}", "ключ €", "a,b\\c", std::string(1'024, 'k')};
  const Batch batch = claimed({keys[0], keys[1], keys[2], keys[3], keys[4]});
  Settlement settlement;
  settlement.through = batch.number;
  for (const Record& record : batch.records) {
    settlement.failed.push_back(head_of(record));
  }
  must(source_->settle(settlement));
  reconnect();
  std::vector<std::string> known;
  for (const FailedHead& head : exceptions_.heads) {
    known.push_back(head.key);
    EXPECT_THAT(exceptions_of({HeldRange{head.key, head.shard, head.seq, head.seq}}, 1),
                ElementsAre(head.seq));
  }
  EXPECT_THAT(known, testing::UnorderedElementsAreArray(keys));
}

TEST_P(ExceptionsTest, AnErrorsTextMayHoldAnything) {
  const Batch batch = claimed({"a"});
  const std::string odd = std::string{"broken \xC3\x28 "} + '\0' + std::string(100'000, '\xFF');
  settle_failed(batch.number, head_of(batch.records[0], 1, milliseconds{0}, odd));
  reconnect();
  ASSERT_THAT(exceptions_.heads, SizeIs(1));
  EXPECT_THAT(exceptions_.heads.front().error, testing::StartsWith("broken "));
  EXPECT_LT(exceptions_.heads.front().error.size(), 10'000U);
}

TEST_P(ExceptionsTest, ClaimedByRangeAndSeqWithALimitForEachRange) {
  const Batch batch = claimed({"b", "a", "b", "a", "b", "c", "a"});
  const std::vector<Record>& r = batch.records;
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {head_of(r[0]), head_of(r[1])};
  settlement.held = {range_of(r[2], r[4].seq), range_of(r[3], r[6].seq)};
  must(source_->settle(settlement));
  // In the order that was asked for, not that of the seqs; nothing of other keys in between.
  const Batch again = must(
      source_->claim_exceptions(std::vector{range_of(r[1], r[1].seq), range_of(r[3], r[6].seq),
                                            range_of(r[0], r[0].seq), range_of(r[2], r[4].seq)},
                                10));
  EXPECT_EQ(again.number, 0U);
  EXPECT_FALSE(again.truncated);
  EXPECT_THAT(seqs_of(again),
              ElementsAre(r[1].seq, r[3].seq, r[6].seq, r[0].seq, r[2].seq, r[4].seq));
  EXPECT_EQ(again.records[0].key, "a");
  EXPECT_EQ(again.records[0].payload, "{}");
  EXPECT_THAT(exceptions_of({range_of(r[3], r[6].seq), range_of(r[2], r[4].seq)}, 1),
              ElementsAre(r[3].seq, r[2].seq));
}

TEST_P(ExceptionsTest, AMissingRowIsLeftOut) {
  const Batch batch = claimed({"a", "a", "a"});
  const std::vector<Record>& r = batch.records;
  settle_failed(batch.number, head_of(r[0]), {range_of(r[1], r[2].seq)});
  driver_->remove(r[0].seq);
  driver_->remove(r[1].seq);
  EXPECT_THAT(exceptions_of({range_of(r[0], r[0].seq), range_of(r[1], r[2].seq)}, 10),
              ElementsAre(r[2].seq));
}

TEST_P(ExceptionsTest, WhatThePositionHasNotPassedIsNoException) {
  const Batch batch = claimed({"a", "a"});
  const std::vector<Record>& r = batch.records;
  settle_failed(batch.number, head_of(r[0]), {range_of(r[1], r[1].seq)});
  const std::int64_t later = append("a");
  const std::vector<std::int64_t> found = exceptions_of({range_of(r[1], later)}, 10);
  if (GetParam().ranges_reach_ahead) {
    EXPECT_THAT(found, testing::AnyOf(ElementsAre(r[1].seq), ElementsAre(r[1].seq, later)));
  } else {
    EXPECT_THAT(found, ElementsAre(r[1].seq));
  }
  EXPECT_THAT(claim_all_seqs(), ElementsAre(later)) << "in any case";
}

TEST_P(ExceptionsTest, BytesTruncateAndTheRestIsAskedForAgain) {
  source_ = driver_->make_source({.max_batch_bytes = 3'500});
  std::vector<std::int64_t> written;
  for (int i = 0; i < 10; ++i) {
    written.push_back(append("a", '"' + std::string(1'000, 'x') + '"'));
  }
  connect();
  const Batch first = must(source_->claim(1));
  HeldRange range{std::string{first.records[0].key}, first.records[0].shard, written[1],
                  written.back()};
  settle_failed(claim_all().back().number, head_of(first.records[0]), {range});
  std::vector<std::int64_t> claimed;
  for (bool truncated = true; truncated;) {
    const Batch batch = must(source_->claim_exceptions(std::span{&range, 1}, 100));
    ASSERT_THAT(batch.records, testing::Not(IsEmpty()));
    EXPECT_LE(batch.records.size(), 4U);
    for (const Record& record : batch.records) {
      claimed.push_back(record.seq);
    }
    truncated = batch.truncated;
    range.from_seq = claimed.back() + 1;
  }
  EXPECT_EQ(claimed, std::vector<std::int64_t>(written.begin() + 1, written.end()));
}

TEST_P(ExceptionsTest, TruncationLeavesOutTheRangesBehind) {
  source_ = driver_->make_source({.max_batch_bytes = 2'500});
  std::vector<HeldRange> ranges;
  std::vector<FailedHead> heads;
  for (const std::string key : {"a", "b", "c", "d", "e"}) {
    append(key, '"' + std::string(1'000, 'x') + '"');
  }
  connect();
  Settlement settlement;
  for (const Batch& batch : claim_all()) {
    settlement.through = batch.number;
    for (const Record& record : batch.records) {
      settlement.failed.push_back(head_of(record));
      ranges.push_back(range_of(record, record.seq));
    }
  }
  must(source_->settle(settlement));
  const Batch batch = must(source_->claim_exceptions(ranges, 10));
  EXPECT_TRUE(batch.truncated);
  EXPECT_THAT(seqs_of(batch),
              ElementsAre(ranges[0].from_seq, ranges[1].from_seq, ranges[2].from_seq));
}

}  // namespace
}  // namespace outbox::test
