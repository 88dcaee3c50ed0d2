// What is SQLite's own; the rest is in tests/conformance/source.
#include "sources/sqlite/sqlite_source.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/sqlite.hpp"
#include "sources/sqlite/status_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SqliteSourceTest : public testing::Test {
 protected:
  SqliteSourceTest() : writer_(open()) { EXPECT_TRUE(sqlite::migrate(writer_.raw())); }

  sqlite::Database open() {
    return std::move(sqlite::Database::open(path_, {.create = true})).value();
  }
  SqliteOptions options(std::string owner = "relay-1") const {
    SqliteOptions options;
    options.path = path_;
    options.owner = std::move(owner);
    return options;
  }
  void append(const std::string& key, std::chrono::hours age = 0h) {
    sqlite::Transaction transaction{writer_.raw()};
    Message message;
    message.aggregate_type = "order";
    message.aggregate_id = key;
    message.type = "OrderCreated";
    message.payload = "{}";
    ASSERT_TRUE(writer_.exec("begin immediate"));
    ASSERT_TRUE(outbox_.enqueue(transaction, message));
    ASSERT_TRUE(writer_.exec("update outbox set created_at = created_at - " +
                             std::to_string(std::chrono::microseconds{age}.count()) +
                             " where seq = last_insert_rowid()"));
    ASSERT_TRUE(writer_.exec("commit"));
  }
  std::int64_t number(const std::string& sql) { return *writer_.integer(sql); }
  // Claims everything and settles it as delivered, but for one key, which fails.
  void deliver(SqliteSource& source, const std::string& failing_key = "") {
    const auto batch = source.claim(1'000);
    ASSERT_TRUE(batch);
    Settlement settlement;
    settlement.through = batch->number;
    for (const Record& record : batch->records) {
      if (record.key == failing_key) {
        settlement.failed.push_back({record.seq, record.shard, failing_key, 1, 1h, "refused"});
      } else {
        settlement.delivered.push_back({record.seq, "topic", 0, record.seq});
      }
    }
    ASSERT_TRUE(source.settle(settlement));
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() / "shop.db";
  sqlite::Database writer_;
  sqlite::Outbox outbox_;
};

TEST_F(SqliteSourceTest, SaysWhatToDoWithoutTheTables) {
  ASSERT_TRUE(sqlite::migrate_down(writer_.raw()));
  SqliteSource source{options()};
  const auto connected = source.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::not_found);
  EXPECT_THAT(connected.error().message, HasSubstr("outboxctl migrate --database sqlite:" + path_));
}

TEST_F(SqliteSourceTest, AKilledRelaysLockIsFree) {
  const pid_t child = fork();
  if (child == 0) {
    SqliteSource source{options("killed")};
    if (!source.connect()) _exit(2);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  SqliteSource source{options()};
  EXPECT_TRUE(source.connect());
}

// What it has sent may still be under way.
TEST_F(SqliteSourceTest, TheFileStaysLockedBetweenConnectionsUntilTheRelayLeaves) {
  SqliteSource source{options()};
  ASSERT_TRUE(source.connect());
  source.close();
  SqliteSource second{options("relay-2")};
  const auto refused = second.connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  ASSERT_TRUE(source.connect());
  source.close();
  source.leave();
  source.leave();
  EXPECT_TRUE(second.connect());
}

TEST_F(SqliteSourceTest, ALockThatWasRemovedIsTakenAgain) {
  SqliteSource source{options()};
  ASSERT_TRUE(source.connect());
  source.close();
  std::filesystem::remove(path_ + "-relay");
  ASSERT_TRUE(source.connect());
  SqliteSource second{options("relay-2")};
  EXPECT_FALSE(second.connect());
}

TEST_F(SqliteSourceTest, AnEarlierOwnerMarksNothingMore) {
  append("a");
  SqliteSource source{options()};
  ASSERT_TRUE(source.connect());
  const auto batch = source.claim(10);
  ASSERT_TRUE(batch);
  // As if the lock file had been removed and another relay had connected.
  ASSERT_TRUE(writer_.exec("update outbox_position set epoch = epoch + 1"));
  Settlement settlement;
  settlement.through = batch->number;
  settlement.delivered.push_back({batch->records[0].seq, "topic", 0, 0});
  const auto settled = source.settle(settlement);
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().code, ErrorCode::not_owner);
  EXPECT_EQ(number("select count(*) from outbox_receipt"), 0);
  EXPECT_EQ(number("select last_seq from outbox_position"), 0);
}

TEST_F(SqliteSourceTest, WaitsForAWriterAndReportsOneThatTakesTooLong) {
  SqliteSource source{options()};
  ASSERT_TRUE(source.connect());
  append("a");
  const auto batch = source.claim(10);
  ASSERT_TRUE(batch);
  ASSERT_TRUE(writer_.exec("begin immediate"));
  std::jthread commits{[&] {
    std::this_thread::sleep_for(50ms);
    EXPECT_TRUE(writer_.exec("commit"));
  }};
  Settlement settlement;
  settlement.through = batch->number;
  EXPECT_TRUE(source.settle(settlement));
}

TEST_F(SqliteSourceTest, ARowThatGoesBackInTheSequenceIsRefused) {
  append("a");
  append("b");
  ASSERT_TRUE(writer_.exec("delete from outbox where seq = 1"));
  const auto refused = writer_.exec(
      "insert into outbox (seq, id, aggregatetype, aggregateid, type, payload) values "
      "(1, '0190a6f2-0000-7000-8000-000000000001', 'order', '1', 'OrderCreated', '{}')");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("leave it out"));
}

TEST_F(SqliteSourceTest, NoticesThatTheFileWasReplaced) {
  SqliteSource source{options()};
  ASSERT_TRUE(source.connect());
  std::filesystem::rename(path_, path_ + ".old");
  std::filesystem::copy_file(path_ + ".old", path_);
  Result<void> waited;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (waited && std::chrono::steady_clock::now() < deadline) {
    waited = source.await_work(10ms, {});
  }
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::source_unavailable);
}

TEST_F(SqliteSourceTest, OldProcessedMessagesGoAndOthersStay) {
  for (const char* key : {"a", "bad", "b", "bad"})
    append(key, 48h);
  append("young");
  SqliteOptions with_retention = options();
  with_retention.keep_processed = 24h;
  SqliteSource source{with_retention};
  ASSERT_TRUE(source.connect());
  deliver(source, "bad");
  ASSERT_TRUE(
      writer_.exec("update outbox_receipt set processed_at = processed_at - 86400000001 "
                   "where seq <> 3"));
  append("pending", 48h);
  ASSERT_TRUE(source.await_work(1ms, {}));
  EXPECT_EQ(number("select count(*) from outbox where aggregateid = 'a'"), 0);
  EXPECT_EQ(number("select count(*) from outbox_receipt where seq = 1"), 0);
  EXPECT_EQ(number("select count(*) from outbox where aggregateid = 'b'"), 1)
      << "processed a moment ago";
  EXPECT_EQ(number("select count(*) from outbox where aggregateid = 'bad'"), 2);
  EXPECT_EQ(number("select count(*) from outbox where aggregateid in ('young', 'pending')"), 2);
}

TEST_F(SqliteSourceTest, WhatWasDiscardedGoesAndWhatIsDelayedStays) {
  append("a", 48h);
  append("a", 48h);
  append("a", 48h);
  SqliteOptions with_retention = options();
  with_retention.keep_processed = 24h;
  SqliteSource source{with_retention};
  ASSERT_TRUE(source.connect());
  deliver(source);
  ASSERT_TRUE(writer_.exec(
      "update outbox_receipt set processed_at = 0;"
      "insert into outbox_exception (seq, key, state, due_at) values (1, 'a', 'delayed', 1), "
      "(2, 'a', 'discarded', null);"
      "insert into outbox_attempt values (1, 1, 0, 'r', 'e'), (2, 1, 0, 'r', 'e')"));
  ASSERT_TRUE(source.await_work(1ms, {}));
  EXPECT_EQ(number("select group_concat(seq) from outbox"), 1);
  EXPECT_EQ(number("select group_concat(seq) from outbox_exception"), 1);
  EXPECT_EQ(number("select group_concat(seq) from outbox_attempt"), 1);
}

TEST_F(SqliteSourceTest, ATakeoverIsNoticedWithoutAWrite) {
  SqliteSource source{options()};
  EXPECT_EQ(source.standing(), Standing::lost);
  ASSERT_TRUE(source.connect());
  EXPECT_EQ(source.standing(), Standing::owner);
  // As if the lock file had been removed and another relay had connected.
  ASSERT_TRUE(writer_.exec("update outbox_position set epoch = epoch + 1"));
  EXPECT_TRUE(test::eventually([&] { return source.standing() == Standing::lost; }));
  source.close();
  EXPECT_EQ(source.standing(), Standing::lost);
}

TEST_F(SqliteSourceTest, StatusTellsWhatWaits) {
  append("bad", 1h);
  append("a");
  SqliteSource source{options()};
  ASSERT_TRUE(source.connect());
  deliver(source, "bad");
  append("b", 1h);
  const auto status = sqlite::StatusReader{path_}.read();
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->pending, 1);
  EXPECT_NEAR(static_cast<double>(status->oldest_pending_age_ms), 3'600'000.0, 60'000.0);
  EXPECT_EQ(status->retrying, 1);
  EXPECT_EQ(status->owner, "relay-1");
  EXPECT_EQ(status->epoch, 1);
}

}  // namespace
}  // namespace outbox
