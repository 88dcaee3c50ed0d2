// Who may mark: nobody whose epoch has passed, whatever he still sends.
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

class FenceTest : public testing::Test {
 protected:
  FenceTest() {
    insert_rows(connection_, 3);
    must(source_.connect());
    batch_ = must(source_.claim(10));
  }

  // As another relay does that took over, through a pooler for example, while this one was paused.
  void take_over() {
    must_exec(connection_,
              "update outbox_shard set owner = 'other', epoch = nextval('outbox_epoch')");
  }

  std::string everything_written() {
    return value_of(connection_,
                    "select format('%s receipts, %s progress, %s exceptions', "
                    "  (select count(*) from outbox_receipt), "
                    "  (select count(*) from outbox_progress), "
                    "  (select count(*) from outbox_exception))");
  }

  void expect_refused(const Settlement& settlement) {
    take_over();
    const std::string before = everything_written();
    const Result<void> settled = source_.settle(settlement);
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().code, ErrorCode::not_owner);
    EXPECT_EQ(everything_written(), before);
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  PostgresTableSource source_{source_options(database_.url())};
  Batch batch_;
};

TEST_F(FenceTest, ProgressAndReceiptsOfAFormerOwnerAreRefused) {
  Settlement settlement;
  settlement.through = batch_.number;
  settlement.delivered = {Receipt{batch_.records[0].seq, "t", 0, 0}};
  expect_refused(settlement);
}

TEST_F(FenceTest, ExceptionsOfAFormerOwnerAreRefused) {
  Settlement settlement;
  settlement.through = batch_.number;
  settlement.failed = {FailedHead{batch_.records[0].seq, batch_.records[0].shard, "key-1", 1,
                                  std::chrono::milliseconds{0}, "refused"}};
  expect_refused(settlement);
}

// What the relay itself sent on an earlier connection may reach the server late.
TEST_F(FenceTest, EveryConnectionHasAHigherEpoch) {
  const auto epoch = [&] {
    return std::stoll(value_of(connection_, "select min(epoch) from outbox_shard"));
  };
  const auto first = epoch();
  source_.close();
  must(source_.connect());
  EXPECT_GT(epoch(), first);
}

// A takeover while the exceptions are being written waits for them, so that the new owner reads
// them; afterwards the former one is refused.
TEST_F(FenceTest, TakeoverWaitsForASettlementWithExceptions) {
  must_exec(connection_, "begin; lock table outbox_exception in access exclusive mode");
  std::jthread settling{[&] {
    Settlement settlement;
    settlement.failed = {FailedHead{batch_.records[0].seq, batch_.records[0].shard, "key-1", 1,
                                    std::chrono::milliseconds{0}, "refused"}};
    must(source_.settle(settlement));
  }};
  pg::Connection other = database_.connect();
  ASSERT_TRUE(eventually([&] {
    return value_of(other,
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                    "and datname = current_database()") != "0";
  }));
  const Result<pg::Rows> taken =
      other.exec("set lock_timeout = '100ms'; update outbox_shard set owner = 'other'");
  EXPECT_FALSE(taken);
  must_exec(connection_, "commit");
  settling.join();
  take_over();
  EXPECT_EQ(value_of(other, "select count(*) from outbox_exception"), "1");
}

// The former owner would otherwise empty the table to which the new one appends.
TEST_F(FenceTest, RotationOfAFormerOwnerIsRefused) {
  source_.close();
  fill_progress(connection_, 0);
  must(source_.connect());
  Settlement settlement;
  settlement.through = must(source_.claim(10)).number;
  must_exec(connection_,
            "insert into outbox_progress_1 (epoch, n, shards, from_snapshot) "
            "select 1000, 1, -1, from_snapshot from outbox_progress_0 where epoch = 0 and n = 0");
  expect_refused(settlement);
}

}  // namespace
}  // namespace outbox::test
