// Settling: receipts and what people see of a message.
#include "tests/conformance/source/source_test.hpp"

namespace outbox::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SettleTest : public SourceTest {};

INSTANTIATE_TEST_SUITE_P(Source, SettleTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(SettleTest, ReceiptsKeepTopicPartitionAndOffset) {
  const std::int64_t a = append("a");
  const std::int64_t b = append("b");
  const std::int64_t c = append("c");
  connect();
  Settlement settlement;
  settlement.through = claim_all().back().number;
  settlement.delivered = {Receipt{a, "order-events", 3, 1'000'000'000'000},
                          Receipt{b, "other \"topic\", {1}", 0, 0},
                          Receipt{c, "order-events", 2'147'483'647, 7}};
  must(source_->settle(settlement));
  EXPECT_THAT(driver_->receipts(),
              ElementsAre(StoredReceipt{a, "order-events", 3, 1'000'000'000'000},
                          StoredReceipt{b, "other \"topic\", {1}", 0, 0},
                          StoredReceipt{c, "order-events", 2'147'483'647, 7}));
}

TEST_P(SettleTest, MessageIsPendingUntilItsBatchIsSettled) {
  const std::int64_t seq = append("a");
  connect();
  EXPECT_EQ(driver_->status(seq), "pending");
  const std::uint64_t number = claim_all().back().number;
  EXPECT_EQ(driver_->status(seq), "pending");
  Settlement settlement;
  settlement.through = number;
  settlement.delivered = {Receipt{seq, "t", 0, 0}};
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(seq), "processed");
}

TEST_P(SettleTest, OnlyTheSettledPartOfABacklogIsProcessed) {
  const std::int64_t first = append("a");
  const std::int64_t second = append("a");
  connect();
  Settlement settlement;
  settlement.through = must(source_->claim(1)).number;
  settlement.delivered = {Receipt{first, "t", 0, 0}};
  must(source_->settle(settlement));
  EXPECT_EQ(driver_->status(first), "processed");
  EXPECT_EQ(driver_->status(second), "pending");
}

TEST_P(SettleTest, ReceiptsAloneMoveNoPosition) {
  const std::int64_t a = append("a");
  const std::int64_t b = append("b");
  connect();
  claim_all();
  Settlement settlement;
  settlement.delivered = {Receipt{b, "t", 0, 0}};
  must(source_->settle(settlement));
  EXPECT_THAT(driver_->receipts(), ElementsAre(StoredReceipt{b, "t", 0, 0}));
  reconnect();
  EXPECT_THAT(claim_all_seqs(), ElementsAre(a, b));
}

TEST_P(SettleTest, PositionMovesWithoutReceipts) {
  append("a");
  connect();
  settle_through(claim_all().back().number);
  EXPECT_THAT(driver_->receipts(), IsEmpty());
  reconnect();
  EXPECT_THAT(claim_all_seqs(), IsEmpty());
}

TEST_P(SettleTest, ManyReceiptsFitInOneSettlement) {
  std::vector<Message> messages(10'000, message_of("a"));
  const std::vector<std::int64_t> seqs = driver_->append(messages);
  connect();
  Settlement settlement;
  settlement.through = claim_all(100'000).back().number;
  for (const std::int64_t seq : seqs) {
    settlement.delivered.push_back(Receipt{seq, "t", 1, seq * 2});
  }
  must(source_->settle(settlement));
  const std::vector<StoredReceipt> stored = driver_->receipts();
  ASSERT_EQ(stored.size(), seqs.size());
  EXPECT_EQ(stored.back(), (StoredReceipt{seqs.back(), "t", 1, seqs.back() * 2}));
}

}  // namespace
}  // namespace outbox::test
