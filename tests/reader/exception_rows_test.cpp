// Relays and operators at the same rows of outbox_exception.
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/dead_letters.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;

class ExceptionRowsTest : public testing::Test {
 protected:
  // Messages 1 and 2 have failed once, by themselves; 3 and 4 are due and hold no key.
  ExceptionRowsTest() {
    must_exec(connection_,
              "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
              "select gen_random_uuid(), 'order', 'k' || i, 't', '1' from generate_series(1, 4) i");
    must(source_.connect());
    batch_ = must(source_.claim(10));
    Settlement settlement;
    settlement.through = batch_.number;
    settlement.failed = {failed(1), failed(2)};
    settlement.detached = {detached(3), detached(4)};
    must(source_.settle(settlement));
  }

  [[nodiscard]] const Record& record(int number) const {
    return batch_.records.at(static_cast<std::size_t>(number) - 1);
  }
  [[nodiscard]] std::int64_t seq(int number) const { return record(number).seq; }
  [[nodiscard]] FailedHead failed(int number, int attempts = 1) const {
    return {seq(number), record(number).shard, std::string{record(number).key},
            attempts,    milliseconds{0},      "refused"};
  }
  [[nodiscard]] DetachedMessage detached(int number, int attempts = 0) const {
    DetachedMessage message{seq(number), record(number).shard, std::string{record(number).key},
                            attempts};
    message.error = attempts > 0 ? "refused" : "";
    return message;
  }
  [[nodiscard]] std::string value(const std::string& sql) { return value_of(connection_, sql); }
  // "1 retrying 0": of these messages, how often they have failed.
  [[nodiscard]] std::string state_of(int number) {
    return value(
        "select state || ' ' || attempts from outbox_exception where state <> 'held' "
        "and seq = " +
        std::to_string(seq(number)));
  }

  // What an attempt on them reads.
  void claim_heads() {
    const std::vector<HeldRange> ranges{range_of(1), range_of(2)};
    ASSERT_EQ(must(source_.claim_exceptions(ranges, 1)).records.size(), 2U);
  }
  [[nodiscard]] HeldRange range_of(int number) const {
    return {std::string{record(number).key}, record(number).shard, seq(number), seq(number)};
  }
  [[nodiscard]] std::string payload_of(int number) {
    const Batch batch = must(source_.claim_exceptions({{range_of(number)}}, 1));
    return batch.records.empty() ? "" : std::string{batch.records[0].payload};
  }
  // Operators' commands.
  void retry(int number, const std::string& payload = "") {
    auto outbox = must(admin::PostgresOutbox::open(database_.url(), "outbox", "alice"));
    admin::DeadLetters letters{outbox};
    const admin::DeadLetterSelection selection{{seq(number)}, "{dead,retrying}"};
    EXPECT_EQ(must(payload.empty() ? letters.retry(selection, {})
                                   : letters.retry_edited(selection, payload, {})),
              1);
  }
  void discard(int number) {
    auto outbox = must(admin::PostgresOutbox::open(database_.url(), "outbox", "alice"));
    admin::DeadLetters letters{outbox};
    EXPECT_EQ(must(letters.discard({{seq(number)}, "{dead,retrying,delayed}"})), 1);
  }
  void settle_delivered(const std::vector<int>& numbers) {
    Settlement settlement;
    for (const int number : numbers) {
      settlement.resolved.push_back(seq(number));
      settlement.delivered.push_back(Receipt{seq(number), "t", 0, number});
    }
    must(source_.settle(settlement));
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  PostgresTableSource source_{source_options(database_.url())};
  Batch batch_;
};

TEST_F(ExceptionRowsTest, ASettlementAndAnOperatorWhoLocksInOrderNeverWaitForEachOther) {
  const auto lock = [&](int number) {
    must_exec(connection_, "select from outbox_exception where state <> 'held' and seq = " +
                               std::to_string(seq(number)) + " for update");
  };
  Settlement settlement;
  settlement.resolved = {seq(2)};
  settlement.delivered = {Receipt{seq(2), "t", 0, 0}};
  settlement.failed = {failed(1, 2)};
  must_exec(connection_, "begin");
  lock(1);
  auto settled = std::async(std::launch::async, [&] { return source_.settle(settlement); });
  pg::Connection other = database_.connect();
  ASSERT_TRUE(eventually([&] {
    return value_of(other,
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and "
                    "application_name = 'outbox-processor settle' and datname = "
                    "current_database()") == "1";
  }));
  lock(2);
  must_exec(connection_, "commit");
  const Result<void> done = settled.get();
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(state_of(1), "retrying 2");
}

TEST_F(ExceptionRowsTest, AnEditThatCameWhileTheMessageWasOnItsWayIsSentAfterwards) {
  claim_heads();
  retry(1, "2");
  settle_delivered({1, 2});
  EXPECT_EQ(state_of(1), "retrying 0");
  EXPECT_EQ(payload_of(1), "2");
  EXPECT_EQ(value("select count(*) from outbox_receipt where seq = " + std::to_string(seq(1))), "1")
      << "the first delivery is known as well";
  settle_delivered({1});
  EXPECT_EQ(value("select count(*) from outbox_exception where holds_key"), "0");
}

TEST_F(ExceptionRowsTest, ARetryThatCameWhileTheMessageWasOnItsWayIsDoneWithItsDelivery) {
  claim_heads();
  retry(1);
  settle_delivered({1, 2});
  EXPECT_EQ(value("select count(*) from outbox_exception where holds_key"), "0");
}

TEST_F(ExceptionRowsTest, WhatWasDiscardedWhileItWasOnItsWayStaysSo) {
  claim_heads();
  ASSERT_EQ(must(source_.claim_due(10)).records.size(), 2U);
  discard(1);
  discard(3);
  settle_delivered({1, 2, 3, 4});
  EXPECT_EQ(value("select string_agg(seq::text, ' ' order by seq) from outbox_exception "
                  "where state = 'discarded'"),
            std::to_string(seq(1)) + " " + std::to_string(seq(3)));
  EXPECT_EQ(value("select count(*) from outbox_exception"), "2");
}

TEST_F(ExceptionRowsTest, AFailureThatARetryHasOvertakenDoesNotEndIt) {
  claim_heads();
  ASSERT_EQ(must(source_.claim_due(10)).records.size(), 2U);
  retry(1);
  must_exec(connection_,
            "update outbox_exception set due_at = now(), "
            "updated_at = clock_timestamp() where seq = " +
                std::to_string(seq(3)));
  Settlement settlement;
  for (const int number : {1, 2}) {
    settlement.failed.push_back(failed(number, 2));
    settlement.failed.back().parked = true;
    settlement.detached.push_back(detached(number + 2, 1));
    settlement.detached.back().dead = true;
  }
  must(source_.settle(settlement));
  EXPECT_EQ(state_of(1), "retrying 0");
  EXPECT_EQ(state_of(2), "dead 2");
  EXPECT_EQ(state_of(3), "delayed 0");
  EXPECT_EQ(state_of(4), "dead 1");
  EXPECT_EQ(value("select string_agg(attempt::text, ' ' order by attempt) from outbox_attempt "
                  "where seq = " +
                  std::to_string(seq(1))),
            "1 2")
      << "it is told of all the same";
  EXPECT_EQ(value("select count(*) from outbox_audit where action = 'skip'"), "1");
}

TEST_F(ExceptionRowsTest, AFailureThatIsCountedFromBeforeARetryDoesNotEndIt) {
  Settlement settlement;
  settlement.failed = {failed(1, 2)};
  must(source_.settle(settlement));
  retry(1);  // and the relay, which has not heard of it, tries once more
  claim_heads();
  settlement.failed = {failed(1, 3)};
  settlement.failed.back().parked = true;
  must(source_.settle(settlement));
  EXPECT_EQ(state_of(1), "retrying 0");
}

TEST_F(ExceptionRowsTest, WhatIsDueWithoutItsRowIsDeadWithAnAuditAndOnTheDisk) {
  must_exec(connection_, "delete from outbox where seq >= " + std::to_string(seq(3)));
  const std::string before = value("select pg_current_wal_insert_lsn()");
  EXPECT_TRUE(must(source_.claim_due(10)).records.empty());
  EXPECT_EQ(value("select pg_current_wal_flush_lsn() > '" + before + "'"), "t");
  EXPECT_EQ(state_of(3), "dead 0");
  EXPECT_EQ(state_of(4), "dead 0");
  EXPECT_EQ(value("select string_agg(action || ' ' || seq || ' ' || key || ' ' || "
                  "(details->>'error'), ', ' order by seq) from outbox_audit where actor = "
                  "(select max(owner) from outbox_shard)"),
            "skip " + std::to_string(seq(3)) +
                " k3 the message's row is no longer in the outbox table, skip " +
                std::to_string(seq(4)) + " k4 the message's row is no longer in the outbox table");
  EXPECT_TRUE(must(source_.claim_due(10)).records.empty());
  EXPECT_EQ(value("select count(*) from outbox_audit"), "2") << "once";
}

TEST_F(ExceptionRowsTest, ARelayThatIsReplacedMakesNothingDead) {
  must_exec(connection_, "delete from outbox where seq >= " + std::to_string(seq(3)));
  must_exec(connection_, "update outbox_shard set epoch = epoch + 1");
  const Result<Batch> due = source_.claim_due(10);
  ASSERT_FALSE(due);
  EXPECT_EQ(due.error().code, ErrorCode::not_owner);
  EXPECT_EQ(state_of(3), "delayed 0");
}

// As where a commit took long to be visible.
TEST_F(ExceptionRowsTest, ARowThatIsKeptAsWellIsClaimedOnce) {
  must_exec(connection_,
            "insert into outbox_kept (seq, created_at, id, shard, aggregatetype, aggregateid, "
            "type, headers, payload) select seq, created_at, id, shard, aggregatetype, "
            "aggregateid, type, headers, payload from outbox");
  const std::vector<HeldRange> ranges{range_of(1), range_of(2)};
  EXPECT_EQ(must(source_.claim_exceptions(ranges, 2)).records.size(), 2U);
  EXPECT_EQ(must(source_.claim_due(10)).records.size(), 2U);
}

}  // namespace
}  // namespace outbox::test
