// Progress is appended to two tables in turn. Whatever happens around a turn, the position stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

class RotationTest : public testing::Test {
 protected:
  RotationTest() { fill_progress(connection_, 0); }

  std::string rows_in(int table) {
    return value_of(connection_, "select count(*) from outbox_progress_" + std::to_string(table));
  }

  // A message comes and is done.
  void deliver_one(SourceReader& reader) {
    insert_rows(connection_, 1);
    ASSERT_EQ(reader.read().size(), 1U);
  }

  void expect_nothing_again(SourceReader& reader) {
    reader.reconnect();
    EXPECT_TRUE(reader.read().empty());
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(RotationTest, AFullTableHandsOverToTheOther) {
  SourceReader reader{database_.url(), 100};
  EXPECT_EQ(rows_in(0), "10000");
  EXPECT_EQ(rows_in(1), "0");
  deliver_one(reader);
  EXPECT_EQ(rows_in(0), "10000") << "the full one still holds what the next turn removes";
  EXPECT_NE(rows_in(1), "0");
  expect_nothing_again(reader);
}

TEST_F(RotationTest, TheNextTurnEmptiesTheFirstTable) {
  SourceReader reader{database_.url(), 100};
  deliver_one(reader);
  reader.source().close();
  fill_progress(connection_, 1);
  reader.reconnect();
  deliver_one(reader);
  EXPECT_EQ(rows_in(0), "2") << "one for each batch of deliver_one";
  EXPECT_EQ(rows_in(1), "10000");
  expect_nothing_again(reader);
}

// Killed between the TRUNCATE of a turn and the row that was to follow it.
TEST_F(RotationTest, ARestartBetweenTruncateAndTheNextRowLosesNoPosition) {
  {
    SourceReader reader{database_.url(), 100};
    deliver_one(reader);
  }
  fill_progress(connection_, 1);
  {
    SourceReader reader{database_.url(), 100};
    must_exec(connection_, "truncate outbox_progress_0");
    insert_rows(connection_, 1);
    must(reader.source().claim(10));
  }
  SourceReader reader{database_.url(), 100};
  EXPECT_EQ(reader.read().size(), 1U) << "claimed before the restart and not settled";
  expect_nothing_again(reader);
}

// A key that fails for days makes every settlement one with exceptions.
TEST_F(RotationTest, SettlementsWithFailuresTakeTheirTurnToo) {
  SourceReader reader{database_.url(), 100};
  insert_rows(connection_, 1);
  const Batch batch = must(reader.source().claim(10));
  ASSERT_EQ(batch.records.size(), 1U);
  const Record& record = batch.records.front();
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed.push_back(FailedHead{record.seq, record.shard, std::string{record.key}, 1,
                                         std::chrono::hours{1}, "refused"});
  must(reader.source().settle(settlement));
  EXPECT_EQ(rows_in(0), "10000");
  EXPECT_EQ(rows_in(1), "1");
}

TEST_F(RotationTest, ATableThatMayNotBeEmptiedIsReported) {
  SourceReader reader{database_.url(), 100};
  insert_rows(connection_, 1);
  const Batch batch = must(reader.source().claim(10));
  must_exec(connection_, "alter table outbox_progress_1 rename to hidden");
  Settlement settlement;
  settlement.through = batch.number;
  EXPECT_FALSE(reader.source().settle(settlement));
}

TEST_F(RotationTest, SomeoneWhoReadsTheTablesDelaysTheTurnAndNothingElse) {
  SourceReader reader{database_.url(), 100};
  must_exec(connection_, "begin; select * from outbox_progress");
  pg::Connection writer = database_.connect();
  insert_rows(writer, 1);
  EXPECT_EQ(reader.read().size(), 1U);
  must_exec(connection_, "commit");
  EXPECT_EQ(rows_in(1), "0");
  expect_nothing_again(reader);
}

}  // namespace
}  // namespace outbox::test
