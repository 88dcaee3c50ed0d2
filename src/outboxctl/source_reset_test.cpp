// A real dump, restored into another database: what the reset makes of it, as the relay's own
// source reads it.
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "outboxctl/outboxctl_fixture.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;

constexpr const char* kStatuses =
    "select string_agg(seq || ' ' || status, ', ' order by seq) from outbox_message";
constexpr const char* kDumped =
    "1 dead, 2 held, 3 processed, 4 processed, 5 delayed, 6 discarded, 7 processed, 8 pending, "
    "9 pending";

// The seqs of `count` new messages, and of any that come after them.
std::string read_seqs(PostgresTableSource& source, std::size_t count) {
  std::string seqs;
  std::size_t found = 0;
  int empty = 0;
  const bool read = test::eventually([&] {
    const Result<Batch> batch = source.claim(100);
    if (!batch) throw std::runtime_error(batch.error().message);
    Settlement settlement;
    settlement.through = batch->number;
    for (const Record& record : batch->records) {
      seqs += std::to_string(record.seq) + " ";
      settlement.delivered.push_back({record.seq, "orders", 0, record.seq});
      ++found;
    }
    if (const Result<void> settled = source.settle(settlement); !settled) {
      throw std::runtime_error(settled.error().message);
    }
    if (batch->records.empty()) ++empty;
    return found >= count && empty >= 2;
  });
  EXPECT_TRUE(read) << seqs;
  return seqs;
}

// Moves every stored transaction id, as if the messages came from a cluster that was ahead by so
// many transactions.
void shift(pg::Connection& connection, int by) {
  const std::string n = std::to_string(by);
  const auto moved = [&n](const std::string& snapshot) {
    return "(select format('%s:%s:%s', pg_snapshot_xmin(" + snapshot + ")::text::bigint + " + n +
           ", pg_snapshot_xmax(" + snapshot + ")::text::bigint + " + n +
           ", (select string_agg((x::text::bigint + " + n + ")::text, ',') from pg_snapshot_xip(" +
           snapshot + ") x)))::pg_snapshot";
  };
  test::must_exec(connection, "update outbox set xid = (xid::text::bigint + " + n +
                                  ")::text::xid8; update outbox_progress_0 set from_snapshot = " +
                                  moved("from_snapshot"));
}

void restore(const std::string& from, const std::string& to) {
  const std::string command = "pg_dump --no-acl -d '" + from +
                              "' | psql -q -X -v ON_ERROR_STOP=1 -d '" + to + "' >/dev/null";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("the restore failed");
}

// One message of each status, the last two pending: 8 was written before the position's snapshot
// and had not committed then, 9 afterwards.
class SourceResetTest : public OutboxctlDatabaseTest {
 protected:
  SourceResetTest() {
    write({"a", "a", "b", "b", "c", "d", "e"});
    pg::Connection late = database_.connect();
    test::must_exec(late, "begin; " + insert_sql("f"));
    pass_all();
    test::must_exec(late, "commit");
    write({"b"});
    exec(
        "insert into outbox_exception (seq, until_seq, shard, key, state, holds_key, due_at, "
        "replay) values "
        "(1, null, 0, 'a', 'dead', true, null, false), "
        "(2, 2, 0, 'a', 'held', true, null, false), "
        "(5, null, 0, 'c', 'delayed', false, '2030-01-01', false), "
        "(6, null, 0, 'd', 'discarded', false, null, false), "
        "(7, null, 0, 'e', 'delayed', false, '2030-01-01', true)");
    exec(
        "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", first_offset, "
        "seqs, offsets) values (3, 4, 'orders', 0, 1, '{0,1}', '{0,1}'), "
        "(4, 4, 'orders', 0, 3, '{0}', '{0}'), (7, 7, 'orders', 0, 4, '{0}', '{0}')");
  }

  static std::string insert_sql(const std::string& key) {
    return "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
           "(gen_random_uuid(), 'order', '" +
           key + "', 'OrderPaid', '{}')";
  }

  // Resets and reads what comes: 8 and 9 from the dump, 10 and 11 of writers that did not wait.
  void expect_everything_once(const std::string& url, pg::Connection& there) {
    ASSERT_EQ(test::value_of(there, kStatuses), kDumped);
    {
      PostgresTableSource source{source_options(url)};
      const auto refused = source.connect();
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ErrorCode::wrong_history);
      EXPECT_THAT(refused.error().message, HasSubstr("outboxctl source reset"));
    }
    test::must_exec(there, insert_sql("new"));
    pg::Connection writer = connect(url);
    test::must_exec(writer, "begin; " + insert_sql("slow"));
    const Outcome reset =
        outboxctl({"source", "reset", "--yes", "--format", "json", "--database", url});
    ASSERT_EQ(reset.code, ExitCode::ok) << reset.err;
    EXPECT_EQ(reset.json()["pending"], 3);
    EXPECT_EQ(reset.json()["exceptions"], 5);
    test::must_exec(writer, "commit");
    EXPECT_EQ(test::value_of(there, kStatuses), std::string{kDumped} + ", 10 pending, 11 pending");

    PostgresTableSource source{source_options(url)};
    ASSERT_TRUE(connected(source));
    EXPECT_EQ(read_seqs(source, 4), "8 9 10 11 ");
    // The cluster comes to where the dump's was: what was settled there stays settled.
    test::must_exec(there,
                    "create procedure burn() language plpgsql as 'begin for i in 1 .. 1500 loop "
                    "perform pg_current_xact_id(); commit; end loop; end'");
    test::must_exec(there, "call burn()");
    test::must_exec(there, insert_sql("last"));
    EXPECT_EQ(read_seqs(source, 1), "12 ");
    EXPECT_EQ(test::value_of(there, kStatuses),
              "1 dead, 2 held, 3 processed, 4 processed, 5 delayed, 6 discarded, 7 processed, "
              "8 processed, 9 processed, 10 processed, 11 processed, 12 processed");
    EXPECT_EQ(test::value_of(there,
                             "select details->>'pending' from outbox_audit "
                             "where action = 'source-reset'"),
              "3");
  }

  static pg::Connection connect(const std::string& url) {
    auto connection = pg::Connection::connect(url);
    if (!connection) throw std::runtime_error(connection.error().message);
    return *std::move(connection);
  }
  static testing::AssertionResult connected(PostgresTableSource& source) {
    const auto exceptions = source.connect();
    return exceptions ? testing::AssertionSuccess()
                      : testing::AssertionFailure() << exceptions.error().message;
  }
};

TEST_F(SourceResetTest, NothingIsLostWhenTheDumpsTransactionsAreInThePast) {
  const test::TestDatabase restored;
  restore(database_.url(), restored.url());
  pg::Connection there = restored.connect();
  expect_everything_once(restored.url(), there);
}

TEST_F(SourceResetTest, NothingIsLostWhenTheDumpsTransactionsAreInTheFuture) {
  shift(connection_, 1000);
  const test::TestDatabase restored;
  restore(database_.url(), restored.url());
  pg::Connection there = restored.connect();
  expect_everything_once(restored.url(), there);
}

TEST_F(SourceResetTest, NothingIsLostOnAnotherCluster) {
  const test::OwnStack cluster{"source-reset", "postgres"};
  const std::string url = cluster.variable("OUTBOX_TEST_POSTGRES");
  restore(database_.url(), url);
  pg::Connection there = connect(url);
  expect_everything_once(url, there);
}

TEST_F(SourceResetTest, WithoutReceiptsThePositionTellsWhatWasSurelyRestored) {
  shift(connection_, 1000);
  exec("truncate outbox_receipt_run");
  const test::TestDatabase restored;
  restore(database_.url(), restored.url());
  pg::Connection there = restored.connect();
  expect_everything_once(restored.url(), there);
}

TEST_F(SourceResetTest, APositionAheadOfTheDatabaseIsReset) {
  shift(connection_, 1000);
  const auto report = json_of({"source", "reset", "--yes"});
  EXPECT_EQ(report["pending"], 2);
  EXPECT_EQ(value(kStatuses), kDumped);
  PostgresTableSource source{source_options(database_.url())};
  ASSERT_TRUE(connected(source));
  EXPECT_EQ(read_seqs(source, 2), "8 9 ");
}

TEST_F(SourceResetTest, LostPositionsAreReset) {
  exec("truncate outbox_progress_0, outbox_progress_1, outbox_shard");
  const auto report = json_of({"source", "reset", "--yes"});
  EXPECT_EQ(report["pending"], 2);
  EXPECT_EQ(value(kStatuses), kDumped);
}

TEST_F(SourceResetTest, AHealthyPositionIsNotReset) {
  const Outcome outcome = outboxctl({"source", "reset", "--yes"});
  EXPECT_EQ(outcome.code, ExitCode::failed);
  EXPECT_THAT(outcome.err, HasSubstr("nothing to reset"));
}

TEST_F(SourceResetTest, AsksForTheTablesName) {
  exec("truncate outbox_origin");
  EXPECT_EQ(outboxctl({"source", "reset"}).code, ExitCode::usage);
  EXPECT_EQ(outboxctl({"source", "reset"}, "yes\n").code, ExitCode::failed);
  EXPECT_EQ(value("select count(*) from outbox_origin"), "0");
  EXPECT_EQ(outboxctl({"source", "reset"}, "outbox\n").code, ExitCode::ok);
  EXPECT_EQ(value("select count(*) from outbox_origin"), "1");
}

TEST_F(SourceResetTest, RefusesWhileARelayIsAlive) {
  exec("truncate outbox_origin");
  exec("insert into outbox_relay (owner) values ('relay-7')");
  std::atomic<bool> stop{false};
  std::thread relay{[&, own = database_.connect()]() mutable {
    while (!stop) {
      test::must_exec(own, "update outbox_relay set renewals = renewals + 1");
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  }};
  const Outcome outcome = outboxctl({"source", "reset", "--yes"});
  stop = true;
  relay.join();
  EXPECT_EQ(outcome.code, ExitCode::failed);
  EXPECT_THAT(outcome.err, HasSubstr("relay-7 is alive"));

  const Outcome dead = outboxctl({"source", "reset", "--yes"});
  EXPECT_EQ(dead.code, ExitCode::ok) << dead.err;
  EXPECT_EQ(value("select count(*) from outbox_relay"), "0");
}

}  // namespace
}  // namespace outbox::ctl
