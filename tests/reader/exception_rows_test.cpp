// Relays and operators at the same rows of outbox_exception.
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    return {seq(number),     record(number).shard, std::string{record(number).key}, attempts,
            milliseconds{0}, "refused"};
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
    return value("select state || ' ' || attempts from outbox_exception where state <> 'held' "
                 "and seq = " +
                 std::to_string(seq(number)));
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

}  // namespace
}  // namespace outbox::test
