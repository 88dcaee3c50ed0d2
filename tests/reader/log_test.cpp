// Reading the write-ahead log: where it begins, what it keeps, and how one comes back from it.
#include <chrono>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/postgres_table/mode_switch.hpp"
#include "tests/reader/caught_up_source.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Source> make_relay(std::string owner) {
    PostgresTableOptions options = source_options(database_.url());
    options.owner = std::move(owner);
    return std::make_unique<CaughtUpSource>(options, database_.connect());
  }

  // Everything that is new, settled with the receipts.
  static std::multiset<std::int64_t> read_all(Source& relay, std::size_t limit = 1'000) {
    std::multiset<std::int64_t> seqs;
    while (true) {
      const Batch batch = must(relay.claim(limit));
      Settlement settlement;
      settlement.through = batch.number;
      for (const Record& record : batch.records) {
        seqs.insert(record.seq);
        settlement.delivered.push_back(Receipt{record.seq, "topic", 0, record.seq});
      }
      must(relay.settle(settlement));
      if (batch.records.empty()) {
        return seqs;
      }
    }
  }
  static bool each_once(const std::multiset<std::int64_t>& seqs, std::size_t count) {
    return seqs.size() == count && std::set(seqs.begin(), seqs.end()).size() == count;
  }

  std::string slot() { return value_of(connection_, "select slot from outbox_control"); }
  // Reads on until the server may forget everything up to now.
  bool is_confirmed(Source& relay) {
    const std::string now = value_of(connection_, "select pg_current_wal_flush_lsn()");
    return eventually([&] {
      read_all(relay);
      return value_of(connection_, "select confirmed_flush_lsn >= '" + now +
                                       "' from pg_replication_slots where slot_name = '" + slot() +
                                       "'") == "t";
    });
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  std::unique_ptr<Source> relay_ = make_relay("first");
};

TEST_F(LogTest, WhatWasThereBeforeTheSlotAndWhatCameAfterIsReadOnce) {
  insert_rows(connection_, 300);
  read_the_log(database_);
  insert_rows(connection_, 50);
  must(relay_->connect());
  EXPECT_TRUE(each_once(read_all(*relay_, 70), 350));
  insert_rows(connection_, 20);
  EXPECT_TRUE(each_once(read_all(*relay_), 20));
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from pg_stat_replication r join "
                     "pg_replication_slots s on s.active_pid = r.pid "
                     "where s.database = current_database()"),
            "1");
}

TEST_F(LogTest, ATransactionThatBeganBeforeTheChangeAndEndedAfterItIsReadOnce) {
  read_the_log(database_);
  pg::Connection writer = database_.connect();
  must_exec(writer, "begin");
  insert_rows(writer, 5);
  must(relay_->connect());
  insert_rows(connection_, 3);
  EXPECT_TRUE(each_once(read_all(*relay_), 3)) << "from the table, as long as the writer runs";
  must_exec(writer, "commit");
  insert_rows(connection_, 3);
  EXPECT_TRUE(each_once(read_all(*relay_), 8));
}

TEST_F(LogTest, ALargeTransactionComesInPages) {
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  insert_rows(connection_, 20'000);
  EXPECT_TRUE(each_once(read_all(*relay_, 6'000), 20'000));
}

TEST_F(LogTest, GoesOnWhereItWasSettled) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 10);
  EXPECT_THAT(read_all(*relay_), SizeIs(10));
  insert_rows(connection_, 7);
  const Batch unsettled = must(relay_->claim(100));
  EXPECT_THAT(unsettled.records, SizeIs(7));
  relay_->close();
  insert_rows(connection_, 5);
  must(relay_->connect());
  EXPECT_TRUE(each_once(read_all(*relay_), 12));
}

TEST_F(LogTest, PeopleSeeWhatIsProcessed) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 10);
  EXPECT_TRUE(eventually([&] {
    read_all(*relay_);
    return value_of(connection_,
                    "select count(*) from outbox_message where status = 'processed'") == "10";
  }));
}

TEST_F(LogTest, TheServerNeedNotKeepItsLogWhileOthersWrite) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 10);
  EXPECT_TRUE(is_confirmed(*relay_));
  must_exec(connection_, "create table other as select generate_series(1, 100000) as n");
  EXPECT_TRUE(is_confirmed(*relay_));
}

TEST_F(LogTest, ARelayThatReadsNothingForLongIsNotTakenForDead) {
  must_exec(connection_, "alter database " + database_.name() + " set wal_sender_timeout = '1s'");
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  const std::string start = value_of(connection_, "select clock_timestamp()");
  EXPECT_TRUE(eventually([&] {
    return value_of(connection_,
                    "select reply_time > '" + start +
                        "'::timestamptz + interval '3 seconds' from pg_stat_replication r join "
                        "pg_replication_slots s on s.active_pid = r.pid "
                        "where s.database = current_database()") == "t";
  }));
  insert_rows(connection_, 10);
  EXPECT_THAT(read_all(*relay_), SizeIs(10));
}

TEST_F(LogTest, TheTableMayChange) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 10);
  EXPECT_THAT(read_all(*relay_), SizeIs(10));
  must_exec(connection_, "alter table outbox add column tenant text default 'x'");
  insert_rows(connection_, 10);
  EXPECT_THAT(read_all(*relay_), SizeIs(10));
}

TEST_F(LogTest, OneRelayReadsAndAnotherTakesOver) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 10);
  EXPECT_THAT(read_all(*relay_), SizeIs(10));
  const std::unique_ptr<Source> second = make_relay("second");
  const Result<Exceptions> refused = second->connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  relay_->close();
  relay_->leave();
  insert_rows(connection_, 4);
  ASSERT_TRUE(eventually([&] { return second->connect().ok(); }));
  EXPECT_TRUE(each_once(read_all(*second), 4));
}

TEST_F(LogTest, ARelayThatStillStreamsIsCutOffByTheOneThatTakesOver) {
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  // As its members do when its lease is over.
  must_exec(connection_, "delete from outbox_relay");
  must_exec(connection_, "update outbox_shard set owner = ''");
  const std::unique_ptr<Source> second = make_relay("second");
  ASSERT_TRUE(eventually([&] { return second->connect().ok(); }));
  insert_rows(connection_, 4);
  EXPECT_TRUE(each_once(read_all(*second), 4));
  EXPECT_TRUE(eventually([&] { return !relay_->claim(10).ok(); }));
  Settlement settlement;
  settlement.through = 1;
  EXPECT_FALSE(relay_->settle(settlement));
}

TEST_F(LogTest, ASlotThatIsGoneIsRefusedAndANewOneLosesNothing) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 10);
  EXPECT_TRUE(is_confirmed(*relay_));
  relay_->close();
  insert_rows(connection_, 5);
  const std::string lost = slot();
  ASSERT_TRUE(eventually(
      [&] { return connection_.exec("select pg_drop_replication_slot('" + lost + "')").ok(); }));
  const Result<Exceptions> refused = relay_->connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_history);
  EXPECT_THAT(refused.error().message, HasSubstr("source use wal"));

  must_exec(connection_, "select pg_create_logical_replication_slot('" + lost + "', 'pgoutput')");
  const Result<Exceptions> another = relay_->connect();
  ASSERT_FALSE(another) << "it does not have what was committed before it was made";
  EXPECT_EQ(another.error().code, ErrorCode::wrong_history);
  EXPECT_THAT(another.error().message, HasSubstr("made it anew"));

  read_the_log(database_);
  EXPECT_NE(slot(), lost);
  must(relay_->connect());
  const std::multiset<std::int64_t> seqs = read_all(*relay_);
  for (std::int64_t seq = 11; seq <= 15; ++seq) {
    EXPECT_THAT(seqs, Contains(seq));
  }
}

TEST_F(LogTest, BackToTheTableLosesNothing) {
  read_the_log(database_);
  must(relay_->connect());
  insert_rows(connection_, 100);
  EXPECT_THAT(read_all(*relay_), SizeIs(100));
  insert_rows(connection_, 50);
  relay_->close();
  relay_->leave();
  const auto tables = must(postgres_table::Tables::find(connection_, "outbox"));
  must(postgres_table::read_table(connection_, tables, "test", milliseconds{10'000}));
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from pg_replication_slots "
                     "where database = current_database()"),
            "0");
  PostgresTableSource source{source_options(database_.url())};
  must(source.connect());
  const std::multiset<std::int64_t> seqs = read_all(source);
  for (std::int64_t seq = 101; seq <= 150; ++seq) {
    EXPECT_THAT(seqs, Contains(seq));
  }
}

}  // namespace
}  // namespace outbox::test
