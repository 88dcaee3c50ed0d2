// What is kept of deliveries, and what of them without receipts.
#include <string>

#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

class ReceiptsTest : public testing::Test {
 protected:
  // Delivers three messages, of which the second one was tried again.
  void deliver(bool receipts) {
    insert_rows(connection_, 3);
    PostgresTableOptions options = source_options(database_.url());
    options.receipts = receipts;
    PostgresTableSource source{std::move(options)};
    must(source.connect());
    const Batch batch = must(source.claim(10));
    Settlement settlement;
    settlement.through = batch.number;
    for (const Record& record : batch.records) {
      settlement.delivered.push_back(Receipt{record.seq, "orders", 2, 70 + record.seq});
    }
    settlement.resolved = {batch.records[1].seq};
    must(source.settle(settlement));
    source.close();
    source.leave();
  }

  std::string kept() {
    return value_of(connection_,
                    "select coalesce(string_agg(format('%s %s[%s]@%s', seq, topic, \"partition\", "
                    "\"offset\"), ', ' order by seq), '') from outbox_receipt");
  }

  std::string statuses() {
    return value_of(connection_,
                    "select string_agg(format('%s@%s', status, \"offset\"), ' ' order by seq) "
                    "from outbox_message");
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(ReceiptsTest, EachDeliveryIsKept) {
  deliver(true);
  EXPECT_EQ(kept(), "1 orders[2]@71, 2 orders[2]@72, 3 orders[2]@73");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_receipt_run"), "1");
  EXPECT_EQ(statuses(), "processed@71 processed@72 processed@73");
}

TEST_F(ReceiptsTest, WithoutThemOnlyWhatWasTriedAgainIsKept) {
  deliver(false);
  EXPECT_EQ(kept(), "2 orders[2]@72");
  EXPECT_EQ(statuses(), "processed@ processed@72 processed@");
}

}  // namespace
}  // namespace outbox::test
