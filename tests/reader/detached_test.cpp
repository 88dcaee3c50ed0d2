// Messages that hold no key, beside the heads of keys and what waits behind them.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class DetachedTest : public testing::Test {
 protected:
  // Messages 1 to 4 of one key: 1 failed, 2 to 4 wait behind it, but for the delayed 3.
  DetachedTest() {
    must_exec(connection_,
              "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
              "select gen_random_uuid(), 'order', 'k', 't', '{}' from generate_series(1, 4)");
    must(source_.connect());
    const Batch batch = must(source_.claim(10));
    Settlement settlement;
    settlement.through = batch.number;
    const Record& first = batch.records.at(0);
    const Record& third = batch.records.at(2);
    held_ = HeldRange{"k", first.shard, first.seq + 1, first.seq + 3};
    settlement.failed = {
        FailedHead{first.seq, first.shard, "k", 1, milliseconds{60'000}, "refused"}};
    settlement.held = {held_};
    DetachedMessage delayed{third.seq, third.shard, "k"};
    delayed.due_in = milliseconds{3'600'000};
    settlement.detached = {delayed};
    must(source_.settle(settlement));
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  PostgresTableSource source_{source_options(database_.url())};
  HeldRange held_;
};

TEST_F(DetachedTest, ADelayedMessageIsNotReadWithWhatWaitsBehindItsKeysHead) {
  const auto seqs_of = [](const Batch& batch) {
    std::vector<std::int64_t> seqs;
    for (const Record& record : batch.records) {
      seqs.push_back(record.seq);
    }
    return seqs;
  };
  EXPECT_THAT(seqs_of(must(source_.claim_exceptions({{held_}}, 10))),
              ElementsAre(held_.from_seq, held_.until_seq));
  EXPECT_THAT(seqs_of(must(source_.claim_exceptions({{held_}}, 2))),
              ElementsAre(held_.from_seq, held_.until_seq))
      << "it takes nobody's place";
}

// What an operator sees as dead or waiting must outlive a crash: the position has passed it.
TEST_F(DetachedTest, AnExceptionIsOnTheDiskWhenItsSettlementReturns) {
  Settlement settlement;
  settlement.held = {held_};
  for (int i = 0; i < 20; ++i) {  // the server's own writer could have flushed one by chance
    const std::string before = value_of(connection_, "select pg_current_wal_insert_lsn()");
    must(source_.settle(settlement));
    EXPECT_EQ(value_of(connection_, "select pg_current_wal_flush_lsn() > '" + before + "'"), "t");
  }
}

TEST_F(DetachedTest, WhatIsAvailableInAllEternityWaitsForIt) {
  must_exec(connection_,
            "insert into outbox (id, aggregatetype, aggregateid, type, payload, available_at) "
            "select gen_random_uuid(), 'order', 'k2', 't', '{}', at::timestamptz from "
            "unnest(array['infinity', '294000-01-01', '-infinity']) at");
  const Batch batch = must(source_.claim(10));
  ASSERT_EQ(batch.records.size(), 3U);
  Settlement settlement;
  settlement.through = batch.number;
  for (const Record& record : batch.records) {
    if (record.due_at_us != 0) {
      DetachedMessage message{record.seq, record.shard, "k2"};
      message.due_at_us = record.due_at_us;
      settlement.detached.push_back(message);
    }
  }
  EXPECT_EQ(settlement.detached.size(), 2U);
  must(source_.settle(settlement));
  EXPECT_EQ(value_of(connection_,
                     "select count(*) || ' ' || bool_and(e.due_at = o.available_at) "
                     "from outbox_exception e join outbox o using (seq) where e.key = 'k2'"),
            "2 true");
}

TEST_F(DetachedTest, AClockThatWasSetBackDoesNotLengthenTheWaitForAnAttempt) {
  // As the row looks when the clock stood an hour later at the time.
  must_exec(connection_,
            "update outbox_exception set due_at = due_at + interval '1 hour', "
            "updated_at = updated_at + interval '1 hour' where state = 'retrying'");
  source_.close();
  const Exceptions exceptions = must(source_.connect());
  ASSERT_EQ(exceptions.heads.size(), 1U);
  EXPECT_LE(exceptions.heads[0].due_in, milliseconds{60'000});
}

}  // namespace
}  // namespace outbox::test
