// Retention frees what is done and old, and nothing else, whoever uses the tables meanwhile.
#include "sources/postgres_table/retention.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "sources/postgres_table/mode_switch.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "tests/database/narrow_partitions.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using namespace std::chrono_literals;
using postgres_table::RetentionReport;

// Partitions of 100 seqs: 1–99, 100–199, 200–299 …
class RetentionTest : public testing::Test {
 protected:
  RetentionTest() { narrow_partitions(connection_, 100); }

  // Messages that are delivered, with seqs up to and with `last`.
  void deliver_up_to(std::int64_t last) {
    const std::int64_t from =
        std::stoll(value_of(connection_, "select coalesce(max(seq), 0) from outbox"));
    insert_rows(connection_, last - from);
    SourceReader{database_.url(), 1000}.read();
  }

  // Runs until a run has taken nothing away, as if by the clock, and returns the sum.
  RetentionReport run() {
    RetentionReport sum;
    RetentionReport last;
    do {
      last = retain(database_.url());
      sum.freed += last.freed;
      sum.dropped += last.dropped;
      sum.forgotten += last.forgotten;
      sum.busy += last.busy;
    } while (last.freed + last.dropped > 0);
    return sum;
  }

  void add_exception(const std::string& columns, const std::string& values) {
    must_exec(connection_,
              "insert into outbox_exception (" + columns + ") values (" + values + ")");
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(RetentionTest, FreesAndDropsWhatIsDoneAndOld) {
  deliver_up_to(350);
  const RetentionReport report = run();
  EXPECT_EQ(report.freed, 3);
  EXPECT_EQ(report.dropped, 6) << "with their receipts";
  EXPECT_EQ(report.busy, 0);
  EXPECT_EQ(filled_partitions(connection_), "3") << "the current one stays";
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_receipt"), "51");
  EXPECT_EQ(value_of(connection_, "select min(lower) from outbox_partition"), "300");
  EXPECT_EQ(value_of(connection_, "select count(*) from pg_class where relname like '%old'"), "0");
  deliver_up_to(500);
  EXPECT_EQ(run().freed, 2);
}

// Where the log is read, messages may have no rows.
TEST_F(RetentionTest, OfEmittedMessagesKeepsThePartitionsUntilAllAreDelivered) {
  const auto tables = must(postgres_table::Tables::find(connection_, "outbox"));
  must(postgres_table::read_log(connection_, database_.url(), tables, "", {.actor = "test"}));
  must_exec(connection_,
            "select outbox_emit(gen_random_uuid(), 'a', 'key', 'Changed', '{}') "
            "from generate_series(1, 350)");
  postgres_table::Retention retention{
      {.url = database_.url(), .table = "outbox", .keep = std::chrono::milliseconds{1}}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(must(retention.run_once()).dropped, 0) << "their receipts are to come";
  }
  PostgresTableSource relay{source_options(database_.url())};
  must(relay.connect());
  const auto all_delivered = [&] {
    const Batch batch = must(relay.claim(1'000));
    Settlement settlement;
    settlement.through = batch.number;
    for (const Record& record : batch.records) {
      settlement.delivered.push_back(Receipt{record.seq, "topic", 0, record.seq});
    }
    must(relay.settle(settlement));
    return value_of(connection_, "select count(*) from outbox_receipt") == "350";
  };
  ASSERT_TRUE(eventually(all_delivered));
  std::int64_t dropped = 0;
  const auto all_dropped = [&] {
    static_cast<void>(all_delivered());  // the position moves on
    dropped += must(retention.run_once()).dropped;
    return dropped == 6;
  };
  // Not before the transactions have ended that other tests have open on the same server.
  EXPECT_TRUE(eventually(all_dropped, std::chrono::seconds{200})) << dropped;
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_receipt"), "51");
}

TEST_F(RetentionTest, WhatWasKeptOfAMessageStaysUntilItIsDecided) {
  must_exec(connection_,
            "insert into outbox_kept select 5, now() - interval '1 h', now(), null, "
            "gen_random_uuid(), 0, 'a', 'key', 'Changed', '{}', '{}'");
  add_exception("seq, state, key, shard, holds_key", "5, 'dead', 'key', 0, true");
  deliver_up_to(350);
  must_exec(connection_, "delete from outbox where seq = 5");
  run();
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_kept"), "1");
  must_exec(connection_,
            "update outbox_exception set state = 'discarded', holds_key = false, "
            "updated_at = updated_at - interval '1 h'");
  run();
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_kept"), "0");
}

TEST_F(RetentionTest, KeepsPartitionsAheadOfTheWriters) {
  insert_rows(connection_, 350);
  const RetentionReport report = retain(database_.url());
  EXPECT_EQ(report.made, 6) << "three of messages, three of receipts";
  EXPECT_EQ(report.ahead, 8);
  EXPECT_EQ(retain(database_.url(), 0ms).made, 0);
}

TEST_F(RetentionTest, KeepsWhatIsYoungerThanItIsTold) {
  deliver_up_to(250);
  EXPECT_EQ(retain(database_.url(), 1h).freed, 0);
  must_exec(connection_, "update outbox set created_at = created_at - interval '2 hours'");
  EXPECT_EQ(retain(database_.url(), 1h).freed, 0) << "written long ago, but delivered just now";
  must_exec(connection_,
            "update outbox_receipt_run set processed_at = processed_at - interval '2 h' "
            "where first_seq < 100");
  EXPECT_EQ(retain(database_.url(), 1h).freed, 1);
  EXPECT_EQ(filled_partitions(connection_), "1 2");
}

TEST_F(RetentionTest, KeepsEverythingWhenTold) {
  deliver_up_to(250);
  EXPECT_EQ(retain(database_.url(), 0ms).freed, 0);
  EXPECT_EQ(filled_partitions(connection_), "0 1 2");
}

TEST_F(RetentionTest, KeepsWhatTheRelayHasNotReached) {
  deliver_up_to(120);
  insert_rows(connection_, 200);
  EXPECT_EQ(run().freed, 1);
  EXPECT_EQ(filled_partitions(connection_), "1 2 3");
}

TEST_F(RetentionTest, KeepsAShardThatHasFallenBehind) {
  deliver_up_to(120);
  // Another shard's position stays where it was before the next messages.
  must_exec(connection_,
            "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
            "select 1000000, 1, 1::bigint << 7, from_snapshot from outbox_position limit 1");
  deliver_up_to(350);
  ASSERT_NE(value_of(connection_, "select count(*) from outbox where shard = 7 and seq > 120"),
            "0");
  EXPECT_EQ(run().freed, 1);
  EXPECT_EQ(filled_partitions(connection_), "1 2 3");
}

TEST_F(RetentionTest, KeepsEveryKindOfException) {
  deliver_up_to(650);
  const std::string columns = "seq, shard, key, state, holds_key, due_at";
  add_exception(columns, "50, 0, 'a', 'retrying', true, now()");
  add_exception(columns, "150, 0, 'b', 'dead', true, null");
  add_exception(columns, "250, 0, 'c', 'delayed', false, now() + interval '1 day'");
  add_exception(columns, "350, 0, 'd', 'dead', false, null");
  add_exception(columns, "450, 0, 'e', 'discarded', false, null");
  must_exec(connection_,
            "update outbox_exception set updated_at = now() + interval '1 h' where seq = 450");
  EXPECT_EQ(run().freed, 1);
  EXPECT_EQ(filled_partitions(connection_), "0 1 2 3 4 6");

  must_exec(connection_, "delete from outbox_exception where seq = 250");
  must_exec(connection_,
            "update outbox_exception set updated_at = now() - interval '1 h' where seq = 450");
  const RetentionReport report = run();
  EXPECT_EQ(report.freed, 2) << "the delayed one is gone, the discarded one old";
  EXPECT_EQ(report.forgotten, 1) << "the discarded one's row";
  EXPECT_EQ(filled_partitions(connection_), "0 1 3 6");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_exception"), "3");
}

TEST_F(RetentionTest, KeepsWhatWaitsBehindAHeadAndNoMore) {
  must_exec(connection_,
            "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
            "select gen_random_uuid(), 'a', case when i in (10, 320) then 'stuck' "
            "else 'k' end, 't', '{\"v\": 1}' from generate_series(1, 450) i");
  SourceReader{database_.url(), 1000}.read();
  add_exception("seq, until_seq, shard, key, state, holds_key",
                "10, 330, 0, 'stuck', 'held', true");
  EXPECT_EQ(run().freed, 2);
  EXPECT_EQ(filled_partitions(connection_), "0 3 4");
}

TEST_F(RetentionTest, WaitsForATransactionWhoseRowsMayStillAppear) {
  pg::Connection late = database_.connect();
  must_exec(late, "begin");
  insert_rows(late, 1);
  deliver_up_to(250);
  const RetentionReport while_open = run();
  EXPECT_EQ(while_open.freed, 1);
  EXPECT_GE(while_open.busy, 1);
  must_exec(late, "commit");
  const RetentionReport unread = run();
  EXPECT_EQ(unread.freed, 0) << "it is committed, and not delivered";
  EXPECT_EQ(unread.busy, 0);
  SourceReader reader{database_.url(), 1000};
  EXPECT_EQ(reader.read().size(), 1U);
  EXPECT_EQ(run().freed, 1);
  EXPECT_EQ(filled_partitions(connection_), "2");
}

// It commits after the first look, while retention waits for its lock.
TEST_F(RetentionTest, LooksAgainOnceItHasTheLock) {
  must_exec(connection_,
            "alter function outbox_free_partition(bigint, interval) set lock_timeout = '30s'");
  pg::Connection late = database_.connect();
  must_exec(late, "begin");
  insert_rows(late, 1);
  deliver_up_to(250);
  pg::Connection retention = database_.connect();
  ASSERT_EQ(PQsendQuery(retention.raw(), "select outbox_free_partition(0, '1 ms')"), 1);
  EXPECT_TRUE(eventually([&] {
    return value_of(connection_,
                    "select count(*) from pg_locks where not granted and mode = 'ShareLock' "
                    "and relation = 'outbox_p0'::regclass") == "1";
  }));
  must_exec(late, "commit");
  PGresult* const result = PQgetResult(retention.raw());
  EXPECT_STREQ(PQgetvalue(result, 0, 0), "f");
  PQclear(result);
  EXPECT_EQ(PQgetResult(retention.raw()), nullptr);
  SourceReader reader{database_.url(), 1000};
  EXPECT_EQ(reader.read().size(), 1U);
}

TEST_F(RetentionTest, WaitsForAPreparedTransaction) {
  pg::Connection late = database_.connect();
  const std::string name = database_.name();
  must_exec(late, "begin");
  insert_rows(late, 1);
  must_exec(late, "prepare transaction '" + name + "'");
  deliver_up_to(250);
  EXPECT_EQ(run().freed, 1);
  must_exec(late, "commit prepared '" + name + "'");
  EXPECT_EQ(run().freed, 0);
  SourceReader reader{database_.url(), 1000};
  EXPECT_EQ(reader.read().size(), 1U);
  EXPECT_EQ(run().freed, 1);
}

// A writer has taken its seq and is held up before its row is in the table.
TEST_F(RetentionTest, DropsNothingThatASeqStillHasToGoTo) {
  must_exec(connection_,
            "create function hold_up() returns trigger language plpgsql as $$ begin "
            "if new.type = 'slow' then perform pg_advisory_xact_lock(7); end if; return new; "
            "end $$; create trigger hold_up before insert on outbox for each row execute function "
            "hold_up(); select pg_advisory_lock(7)");
  pg::Connection slow = database_.connect();
  ASSERT_EQ(PQsendQuery(slow.raw(),
                        "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
                        "(gen_random_uuid(), 'a', 'k', 'slow', '{\"v\": 1}')"),
            1);
  pg::Connection other = database_.connect();
  ASSERT_TRUE(eventually([&] {
    return value_of(other,
                    "select count(*) from pg_locks where locktype = 'advisory' and objid = "
                    "7 and not granted") == "1";
  }));
  // The sequence goes on to the third partition, and the first two are empty.
  must_exec(other, "select setval(pg_get_serial_sequence('outbox', 'seq'), 250)");
  const RetentionReport report = run();
  EXPECT_EQ(report.dropped, 0);
  EXPECT_GE(report.busy, 1);
  must_exec(connection_, "select pg_advisory_unlock(7)");
  while (PGresult* const result = PQgetResult(slow.raw())) {
    EXPECT_EQ(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
  }
  SourceReader reader{database_.url(), 1000};
  EXPECT_EQ(reader.read().size(), 1U);
  EXPECT_GE(run().dropped, 2);
}

TEST_F(RetentionTest, ALongReaderDelaysItAndNothingElse) {
  deliver_up_to(250);
  pg::Connection reader = database_.connect();
  must_exec(reader, "begin; select count(*) from outbox_message");
  for (int i = 0; i < 3; ++i) {
    const auto before = std::chrono::steady_clock::now();
    const RetentionReport report = run();
    EXPECT_EQ(report.freed, 0);
    EXPECT_GE(report.busy, 1);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
  }
  EXPECT_EQ(filled_partitions(reader), "0 1 2");
  must_exec(reader, "commit");
  EXPECT_EQ(run().freed, 2);
}

// An operator asks for a message again while it is being freed.
TEST_F(RetentionTest, AReplayThatIsNotCommittedYetIsWaitedFor) {
  deliver_up_to(250);
  pg::Connection admin = database_.connect();
  must_exec(admin,
            "begin; insert into outbox_exception (seq, shard, key, state, due_at, replay) "
            "select seq, shard, aggregateid, 'delayed', now(), true from outbox_message "
            "where seq = 50 and status = 'processed'");
  EXPECT_EQ(run().freed, 0) << "it has read both partitions";
  must_exec(admin, "commit");
  EXPECT_EQ(run().freed, 1);
  EXPECT_EQ(filled_partitions(connection_), "0 2");
}

TEST_F(RetentionTest, ARelayGoesOnReadingMeanwhile) {
  SourceReader reader{database_.url(), 70};
  for (int round = 0; round < 8; ++round) {
    insert_rows(connection_, 120);
    EXPECT_EQ(reader.read().size(), 120U);
    run();
  }
  EXPECT_EQ(value_of(connection_, "select min(lower) from outbox_partition"), "900");
}

TEST_F(RetentionTest, ForgetsWhatWasKeptAboutFreedMessagesInChunks) {
  deliver_up_to(250);
  must_exec(connection_,
            "insert into outbox_attempt (seq, attempt, relay, error) select s, a, 'r', 'e' "
            "from generate_series(1, 150) s, generate_series(1, 50) a");
  must_exec(connection_,
            "insert into outbox_audit (actor, action, seq) select 'me', 'retry', s "
            "from generate_series(1, 249) s union all select 'me', 'pause', null");
  add_exception("seq, shard, key, state, holds_key", "150, 0, 'b', 'dead', false");
  const RetentionReport report = run();
  EXPECT_EQ(report.freed, 1);
  EXPECT_EQ(report.forgotten, 99 * 50 + 99);
  EXPECT_EQ(value_of(connection_, "select min(seq) from outbox_attempt"), "100");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_audit"), "151")
      << "those of the messages that are there, and the one about none";
}

TEST_F(RetentionTest, NothingIsFreedOnAnotherHistory) {
  deliver_up_to(250);
  must_exec(connection_, "truncate outbox_origin; insert into outbox_origin (xid) values ('5')");
  postgres_table::RetentionOptions options;
  options.url = database_.url();
  options.keep = 1ms;
  const Result<RetentionReport> report = postgres_table::Retention{options}.run_once();
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, testing::HasSubstr("another history"));
  EXPECT_EQ(filled_partitions(connection_), "0 1 2");
}

TEST_F(RetentionTest, ATransactionThatSeesThePastFreesNothing) {
  deliver_up_to(250);
  must_exec(connection_, "begin isolation level repeatable read");
  EXPECT_FALSE(connection_.exec("select outbox_free_partition(0, '1 ms')"));
  must_exec(connection_, "rollback");
}

TEST_F(RetentionTest, OneRunAtATime) {
  deliver_up_to(250);
  must_exec(connection_,
            "select pg_advisory_lock(1869968491, "
            "('outbox'::regclass::oid::bigint - 2147483648)::integer)");
  EXPECT_TRUE(retain(database_.url()).elsewhere);
  EXPECT_EQ(filled_partitions(connection_), "0 1 2");
}

TEST_F(RetentionTest, MigrationsTakeAwayWhatADropHasLeft) {
  deliver_up_to(250);
  must_exec(connection_, "select outbox_free_partition(0, '1 ms')");
  must_exec(connection_, "select outbox_detach_partition('outbox_p0')");
  EXPECT_EQ(value_of(connection_, "select to_regclass('outbox_p0_old') is null"), "f");
  must(migrate_down(connection_.raw(), {}));
  EXPECT_EQ(value_of(connection_, "select to_regclass('outbox_p0_old') is null"), "t");
}

TEST_F(RetentionTest, TruncatingWhatWasNotSentRaisesAnAlarm) {
  deliver_up_to(150);
  must_exec(connection_, "truncate outbox_p0");
  EXPECT_EQ(retain(database_.url()).truncated, 0) << "all of it was sent";
  insert_rows(connection_, 30);
  add_exception("seq, shard, key, state, holds_key", "120, 0, 'b', 'dead', false");
  must_exec(connection_, "begin; truncate outbox; rollback");
  EXPECT_EQ(retain(database_.url()).truncated, 0) << "it did not happen";
  must_exec(connection_, "truncate outbox");
  EXPECT_EQ(retain(database_.url()).truncated, 31);
  EXPECT_EQ(value_of(connection_,
                     "select actor || ' ' || action || ' ' || details from "
                     "outbox_audit"),
            "postgres truncate {\"unsent\": 31, \"partition\": \"outbox_p1\"}");
  insert_rows(connection_, 5);
  must_exec(connection_, "truncate outbox_p1");
  EXPECT_EQ(retain(database_.url()).truncated, 36);
}

TEST_F(RetentionTest, AThreadRunsItUntilItIsDestroyed) {
  deliver_up_to(250);
  std::mutex mutex;
  std::vector<Result<RetentionReport>> reports;
  postgres_table::RetentionOptions options;
  options.url = database_.url();
  options.keep = 1ms;
  const auto count = [&] {
    const std::lock_guard lock{mutex};
    return reports.size();
  };
  {
    const postgres_table::RetentionThread thread{options,
                                                 [&](const Result<RetentionReport>& report) {
                                                   const std::lock_guard lock{mutex};
                                                   reports.push_back(report);
                                                 },
                                                 10ms};
    EXPECT_TRUE(eventually([&] { return count() >= 3; }));
  }
  EXPECT_EQ(filled_partitions(connection_), "2");
  const std::size_t runs = count();
  EXPECT_FALSE(eventually([&] { return count() > runs; }, 100ms));
}

TEST_F(RetentionTest, AThreadInAStatementEndsAtOnce) {
  deliver_up_to(250);
  must_exec(connection_, "select pg_advisory_xact_lock('outbox'::regclass::oid::bigint)");
  must_exec(connection_, "begin; select pg_advisory_xact_lock('outbox'::regclass::oid::bigint)");
  postgres_table::RetentionOptions options;
  options.url = database_.url();
  auto began = std::chrono::steady_clock::now();
  {
    const postgres_table::RetentionThread thread{options, [](const auto&) {}};
    pg::Connection other = database_.connect();
    ASSERT_TRUE(eventually([&] {
      return value_of(other,
                      "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                      "and application_name like '%retention' and datname = "
                      "current_database()") == "1";
    }));
    began = std::chrono::steady_clock::now();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1500ms) << "lock_timeout is 2 s";
}

}  // namespace
}  // namespace outbox::test
