// Small ranges, which are read together with their snapshot.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/range_reader.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

using postgres_table::kAllShards;
using postgres_table::RangeReader;
using postgres_table::ReadLimits;
using postgres_table::Tables;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kManyBytes = 1'000'000;

class GlanceTest : public testing::Test {
 protected:
  GlanceTest() {
    insert_rows(connection_, 1);
    EXPECT_THAT(read(), ElementsAre(1));  // by the first look; from now on ranges may be small
  }

  // The seqs of everything that is new.
  std::vector<std::int64_t> read(std::size_t bytes = kManyBytes) {
    std::vector<std::int64_t> seqs;
    for (int pages = 0; pages < 100; ++pages) {
      const Batch batch = must(ranges_.next(ReadLimits{1'000, bytes})).batch;
      if (batch.records.empty()) {
        return seqs;
      }
      for (const Record& record : batch.records) {
        seqs.push_back(record.seq);
      }
    }
    ADD_FAILURE() << "there is no end to what is new";
    return seqs;
  }

  // Whether they are taken again within some messages; other transactions of the server, such as
  // autovacuum's, can put them off.
  bool glances_again() {
    for (int i = 0; i < 100; ++i) {
      insert_rows(connection_, 1);
      EXPECT_EQ(read().size(), 1U);
      if (glanced()) {
        return true;
      }
    }
    return false;
  }

  // Whether the last statement was one.
  bool glanced() {
    const pg::Rows rows =
        must(connection_.query("select query like '%) l%' from pg_stat_activity where pid = $1",
                               pg::Params{}.int4(PQbackendPID(reader_.raw()))));
    return rows.boolean(0, 0);
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  pg::Connection reader_ = database_.connect();
  Tables tables_ = must(Tables::find(reader_, "outbox"));
  RangeReader ranges_ = must(RangeReader::make(
      reader_, tables_, must(postgres_table::load_positions(reader_, tables_, kAllShards))));
};

TEST_F(GlanceTest, OneStatementBringsWhatIsNew) {
  EXPECT_THAT(read(), IsEmpty());
  insert_rows(connection_, 3);
  EXPECT_THAT(read(), ElementsAre(2, 3, 4));
  EXPECT_TRUE(glances_again());
}

// Whoever has all asks for more after a while, and whoever has a page at once.
TEST_F(GlanceTest, AGlanceHasAllThatIsNewAndAPageMayNot) {
  EXPECT_TRUE(glances_again());
  insert_rows(connection_, 3);
  const Batch few = must(ranges_.next(ReadLimits{1'000, kManyBytes})).batch;
  EXPECT_EQ(few.records.size(), 3U);
  EXPECT_TRUE(few.caught_up);
  insert_rows(connection_, 2'000);
  const Batch many = must(ranges_.next(ReadLimits{1'000, kManyBytes})).batch;
  EXPECT_FALSE(many.records.empty());
  EXPECT_FALSE(many.caught_up);
}

TEST_F(GlanceTest, WhatIsLateComesWithTheRestInSeqOrder) {
  pg::Connection early = database_.connect();
  pg::Connection late = database_.connect();
  must_exec(early, "begin");
  must_exec(late, "begin");
  must_exec(late, "select pg_current_xact_id()");  // the lower one
  insert_rows(early, 1);                           // 2
  insert_rows(late, 1);                            // 3
  insert_rows(connection_, 1);                     // 4
  EXPECT_THAT(read(), ElementsAre(4));
  must_exec(late, "commit");
  must_exec(early, "commit");
  insert_rows(connection_, 1);
  EXPECT_THAT(read(), ElementsAre(2, 3, 5));
}

TEST_F(GlanceTest, ARangeThatIsNotSmallIsReadInPages) {
  insert_rows(connection_, 2'000);
  const std::vector<std::int64_t> seqs = read();
  ASSERT_EQ(seqs.size(), 2'000U);
  EXPECT_TRUE(std::ranges::is_sorted(seqs));
  EXPECT_EQ(seqs.front(), 2);
  EXPECT_EQ(seqs.back(), 2'001);
}

// Each glance would pass the 2,000 again as long as the transaction runs.
TEST_F(GlanceTest, NoneIsTakenWhereMuchIsAboveAnOpenTransaction) {
  pg::Connection open = database_.connect();
  must_exec(open, "begin");
  insert_rows(open, 1);
  insert_rows(connection_, 2'000);
  EXPECT_EQ(read().size(), 2'000U);
  insert_rows(connection_, 1);
  EXPECT_THAT(read(), ElementsAre(2'003));
  EXPECT_FALSE(glanced());
  must_exec(open, "commit");
  EXPECT_THAT(read(), ElementsAre(2));
  EXPECT_TRUE(glances_again());
}

TEST_F(GlanceTest, MessagesThatAreTooLargeForOneAreReadInPages) {
  for (int i = 0; i < 10; ++i) {
    must_exec(connection_,
              "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
              "(gen_random_uuid(), 'a', 'k', 't', ('\"' || repeat('x', 1000) || '\"')::json)");
  }
  EXPECT_THAT(read(3'000), ElementsAre(2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
}

}  // namespace
}  // namespace outbox::test
