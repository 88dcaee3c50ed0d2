// Reading the write-ahead log: where it begins, what it keeps, and how one comes back from it.
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/outbox.hpp"
#include "outbox/shard.hpp"
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

  Result<std::string> use_log(bool accept_gap) {
    const auto tables = must(postgres_table::Tables::find(connection_, "outbox"));
    postgres_table::SwitchOptions options{.actor = "test", .accept_gap = accept_gap};
    options.patience = milliseconds{500};
    return postgres_table::read_log(connection_, database_.url(), tables, "", options);
  }
  Result<std::string> use_log_patiently() {
    const auto tables = must(postgres_table::Tables::find(connection_, "outbox"));
    return postgres_table::read_log(connection_, database_.url(), tables, "", {.actor = "test"});
  }
  Result<void> use_table(bool accept_gap, milliseconds patience = milliseconds{500}) {
    const auto tables = must(postgres_table::Tables::find(connection_, "outbox"));
    return postgres_table::read_table(
        connection_, tables, {.actor = "test", .accept_gap = accept_gap, .patience = patience});
  }
  // Reads on in a thread of its own, as a relay does that runs.
  class Running {
   public:
    explicit Running(Source& source) : source_(source) {}
    ~Running() { stop(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    std::multiset<std::int64_t> stop() {
      thread_.request_stop();
      if (thread_.joinable()) {
        thread_.join();
      }
      return seqs_;
    }

   private:
    Source& source_;
    std::multiset<std::int64_t> seqs_;
    std::jthread thread_{[this](const std::stop_token& stop) {
      // Once the slot is dropped or given up, it cannot go on.
      while (!stop.stop_requested() && source_.standing() == Standing::owner) {
        try {
          seqs_.merge(read_all(source_));
        } catch (const std::runtime_error&) {
          return;
        }
      }
      source_.close();
    }};
  };
  void emit(const std::string& key, const std::string& payload = "{}") {
    must_exec(connection_, "select outbox_emit(gen_random_uuid(), 'aggregate', '" + key +
                               "', 'Changed', '" + payload + "')");
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

TEST_F(LogTest, ATransactionThatBeganBeforeTheRelayAndEndedAfterItIsReadOnce) {
  read_the_log(database_);
  pg::Connection writer = database_.connect();
  must_exec(writer, "begin");
  insert_rows(writer, 5);
  must(relay_->connect());
  insert_rows(connection_, 3);
  EXPECT_TRUE(each_once(read_all(*relay_), 3));
  must_exec(writer, "commit");
  insert_rows(connection_, 3);
  EXPECT_TRUE(each_once(read_all(*relay_), 8));
}

TEST_F(LogTest, WhatTheTablesReaderHadReadBehindTheNewSlotIsReadOnce) {
  read_the_log(database_);
  // As if the change were a little later than the slot.
  must_exec(connection_, "create table later as select * from outbox_control");
  must_exec(connection_,
            "update outbox_control set mode = 'table', slot = null, slot_lsn = null, "
            "slot_snapshot = null");
  PostgresTableSource of_table{source_options(database_.url())};
  must(of_table.connect());
  insert_rows(connection_, 30);
  EXPECT_THAT(read_all(of_table), SizeIs(30));
  must_exec(connection_,
            "update outbox_control set mode = l.mode, slot = l.slot, "
            "slot_lsn = l.slot_lsn, slot_snapshot = l.slot_snapshot from later l");
  insert_rows(connection_, 5);
  EXPECT_TRUE(read_all(of_table).empty()) << "the table is not to be read any more";
  of_table.close();
  of_table.leave();
  must(relay_->connect());
  EXPECT_TRUE(each_once(read_all(*relay_), 5));
}

TEST_F(LogTest, ALargeTransactionComesInPages) {
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  insert_rows(connection_, 20'000);
  EXPECT_TRUE(each_once(read_all(*relay_, 6'000), 20'000));
}

TEST_F(LogTest, GoesOnWithinATransaction) {
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  insert_rows(connection_, 5'000);
  emit("a");
  const Batch first = must(relay_->claim(2'000));
  ASSERT_FALSE(first.records.empty());
  Settlement settlement;
  settlement.through = first.number;
  must(relay_->settle(settlement));
  relay_->close();
  must(relay_->connect());
  const std::multiset<std::int64_t> rest = read_all(*relay_);
  EXPECT_TRUE(each_once(rest, 5'001 - first.records.size()));
  EXPECT_THAT(rest, Contains(5'001));
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
  EXPECT_THAT(another.error().message, HasSubstr("--accept-gap"));

  const Result<std::string> gap = use_log(false);
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, ErrorCode::conflict);
  EXPECT_EQ(slot(), lost);
  must(use_log(true));
  EXPECT_NE(slot(), lost);
  EXPECT_EQ(value_of(connection_,
                     "select details ? 'gap_from' and details->>'gap_to' = details->>'slot_lsn' "
                     "from outbox_audit order by id desc limit 1"),
            "t");
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
  Running running{*relay_};
  must(use_table(false, milliseconds{30'000}));
  std::multiset<std::int64_t> seqs = running.stop();
  relay_->leave();
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from pg_replication_slots "
                     "where database = current_database()"),
            "0");
  insert_rows(connection_, 5);
  PostgresTableSource source{source_options(database_.url())};
  must(source.connect());
  seqs.merge(read_all(source));
  for (std::int64_t seq = 101; seq <= 155; ++seq) {
    EXPECT_THAT(seqs, Contains(seq));
  }
}

TEST_F(LogTest, ANewSlotTakesOverFromAnOldOneWithoutAGap) {
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  emit("a");
  const std::string old = slot();
  Running running{*relay_};
  const std::string made = must(use_log_patiently());
  EXPECT_NE(made, old);
  std::multiset<std::int64_t> seqs = running.stop();
  emit("b");
  must(relay_->connect());
  seqs.merge(read_all(*relay_));
  EXPECT_TRUE(each_once(seqs, 2));
}

TEST_F(LogTest, MessagesThatOnlyTheLogHasAreNotGivenUpUnasked) {
  read_the_log(database_);
  must(relay_->connect());
  EXPECT_TRUE(read_all(*relay_).empty());
  relay_->close();
  emit("a");
  const Result<void> refused = use_table(false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("--accept-gap"));
  EXPECT_FALSE(use_log(false));
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from pg_replication_slots "
                     "where database = current_database()"),
            "1");
  emit("b");
  must(relay_->connect());
  EXPECT_TRUE(each_once(read_all(*relay_), 2));
  relay_->close();
  emit("c");
  must(use_table(true));
  EXPECT_EQ(value_of(connection_,
                     "select details ? 'gap_from' and details ? 'gap_to' "
                     "from outbox_audit order by id desc limit 1"),
            "t");
}

TEST_F(LogTest, RowsThatAreDeletedAtOnceAreRead) {
  read_the_log(database_);
  must_exec(connection_, "begin");
  insert_rows(connection_, 3);
  must_exec(connection_, "delete from outbox");
  must_exec(connection_, "commit");
  emit("key-1");
  insert_rows(connection_, 2);
  must_exec(connection_, "delete from outbox");
  must(relay_->connect());
  EXPECT_TRUE(each_once(read_all(*relay_), 6))
      << "also those that were deleted before a relay had read the table up to the slot";
}

TEST_F(LogTest, EmittedMessagesComeAsTheyWereWrittenInTheirOrder) {
  read_the_log(database_);
  must(relay_->connect());
  OutboxOptions locking;
  locking.lock_keys = true;
  std::vector<Message> messages;
  for (int i = 0; i < 100; ++i) {
    Message message;
    message.aggregate_type = "order";
    message.aggregate_id = "key";
    message.type = "Changed";
    message.payload = std::to_string(i);
    message.headers = {{"number", std::to_string(i)}};
    messages.push_back(std::move(message));
  }
  Transaction transaction{connection_.raw()};
  must_exec(connection_, "begin");
  const std::vector<Uuid> ids = must(Outbox{}.emit(transaction, messages));
  must(Outbox{locking}.emit(transaction, messages));
  must_exec(connection_, "commit");
  const Batch batch = must(relay_->claim(1'000));
  ASSERT_THAT(batch.records, SizeIs(200));
  for (std::size_t i = 0; i < 200; ++i) {
    const Record& record = batch.records[i];
    EXPECT_EQ(record.seq, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(record.payload, std::to_string(i % 100));
    EXPECT_EQ(record.headers, R"({"number": ")" + std::to_string(i % 100) + R"("})");
    EXPECT_EQ(record.key, "key");
    EXPECT_EQ(record.aggregate_type, "order");
    EXPECT_EQ(record.type, "Changed");
    EXPECT_EQ(record.shard, shard_of("key"));
    EXPECT_EQ(record.due_at_us, 0);
    EXPECT_GT(record.created_at_us, 1'700'000'000'000'000);
  }
  EXPECT_EQ(batch.records[7].id, ids[7]);
}

TEST_F(LogTest, AForgedMessageIsNotOurs) {
  read_the_log(database_);
  must(relay_->connect());
  must_exec(connection_, "select pg_logical_emit_message(true, 'outbox', 'forged')");
  must_exec(connection_,
            "select pg_logical_emit_message(false, prefix, 'outside of any transaction') "
            "from outbox_secret");
  emit("a");
  EXPECT_THAT(read_all(*relay_), SizeIs(1));
}

}  // namespace
}  // namespace outbox::test
