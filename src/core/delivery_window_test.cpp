#include "core/delivery_window.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/fake_sink.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/records.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DeliveryWindowTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sink_.connect(queue_)); }

  void send() { send_to(sink_); }
  void send_to(FakeSink& sink) {
    LimitedSink limited{sink, 0, clock_};
    window_.send(
        limited, {gate_, topics_, clock_.now()},
        [this](WindowBatch& batch, std::size_t index, const Error& error) {
          refused_.push_back(error.message + " " + std::to_string(batch.batch.records[index].seq));
          window_.hold(batch, index);
        });
  }
  void block(const std::string& key, std::int64_t seq) {
    gate_.block(FailedHead{seq, 0, key, 1, milliseconds{100}, "rejected"}, {});
  }
  std::vector<std::int64_t> receipts_of_front() {
    std::vector<std::int64_t> seqs;
    for (const Receipt& receipt : window_.pop_front().receipts) {
      seqs.push_back(receipt.seq);
    }
    return seqs;
  }
  // Gives the deliveries to the window, as the engine does.
  void take() {
    for (const Delivery& delivery : queue_.wait(milliseconds{0})) {
      WindowBatch* batch = window_.find(slot_of(delivery.tag));
      ASSERT_NE(batch, nullptr);
      if (delivery.error) {
        window_.send_again(*batch, index_of(delivery.tag));
      } else {
        window_.delivered(*batch, index_of(delivery.tag), delivery);
      }
    }
  }

  DeliveryQueue queue_;
  FakeSink sink_;
  KeyGate gate_{100};
  ManualClock clock_;
  TopicPauses topics_{{milliseconds{100}, milliseconds{100}}, 1, sink_};
  DeliveryWindow window_;
  std::vector<std::string> refused_;
};

TEST(DeliveryTagTest, NamesASlotAndAnIndex) {
  const std::uint64_t tag = make_tag((std::uint64_t{1} << 40) - 1, 100'000);
  EXPECT_EQ(slot_of(tag), (std::uint64_t{1} << 40) - 1);
  EXPECT_EQ(index_of(tag), 100'000U);
}

TEST_F(DeliveryWindowTest, SendsTheRecordsOfAllBatchesInOrder) {
  window_.push(1, make_batch(1, {{5, "a"}, {3, "b"}}));
  window_.push(2, make_batch(2, {{7, "a"}, {6, "c"}}));
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(5, 3, 7, 6));
  EXPECT_EQ(window_.in_flight(), 4U);
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(5, 3, 7, 6)) << "each once";
}

TEST_F(DeliveryWindowTest, GoesOnWhereAFullSinkStopped) {
  FakeSink small{3};
  ASSERT_TRUE(small.connect(queue_));
  window_.push(1, make_batch(1, {{1, "a"}, {2, "b"}}));
  window_.push(2, make_batch(2, {{3, "a"}, {4, "b"}, {5, "c"}}));
  send_to(small);
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(1, 2, 3));
  EXPECT_EQ(window_.in_flight(), 3U);
  send_to(small);
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(1, 2, 3));
  small.deliver(1);
  small.deliver(3);
  take();
  send_to(small);
  EXPECT_THAT(small.accepted_seqs(), ElementsAre(2, 4, 5));
  EXPECT_EQ(window_.in_flight(), 3U);
}

TEST_F(DeliveryWindowTest, HoldsTheRecordsOfABlockedKeyAndSendsTheOthers) {
  block("b", 1);
  window_.push(1, make_batch(1, {{2, "a"}, {3, "b"}, {4, "a"}, {5, "b"}}));
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 4));
  EXPECT_FALSE(window_.front_done());
  sink_.deliver_all();
  take();
  ASSERT_TRUE(window_.front_done());
  const WindowBatch front = window_.pop_front();
  EXPECT_THAT(front.states, ElementsAre(RecordState::delivered, RecordState::held,
                                        RecordState::delivered, RecordState::held));
}

TEST_F(DeliveryWindowTest, ABatchOfHeldRecordsIsDone) {
  block("b", 1);
  window_.push(1, make_batch(1, {{3, "b"}, {5, "b"}}));
  send();
  EXPECT_THAT(sink_.accepted_seqs(), IsEmpty());
  EXPECT_TRUE(window_.front_done());
}

TEST_F(DeliveryWindowTest, AnEmptyBatchIsDone) {
  window_.push(1, make_batch(1, {}));
  EXPECT_TRUE(window_.front_done());
  send();
  EXPECT_EQ(sink_.send_calls(), 0U);
}

TEST_F(DeliveryWindowTest, ReleasedRecordsOfAllBatchesAreSentInOrder) {
  block("b", 1);
  window_.push(1, make_batch(1, {{2, "a"}, {3, "b"}, {4, "b"}, {5, "c"}}));
  window_.push(2, make_batch(2, {{6, "b"}, {7, "a"}}));
  send();
  sink_.deliver(7);
  take();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 5));
  gate_.restore({}, {});
  window_.release("b");
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 5, 3, 4, 6));
  EXPECT_EQ(window_.in_flight(), 5U);
}

TEST_F(DeliveryWindowTest, OnlyTheReleasedKeyIsSent) {
  block("a", 1);
  block("b", 1);
  window_.push(1, make_batch(1, {{2, "a"}, {3, "b"}}));
  send();
  gate_.restore({}, {});
  window_.release("b");
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(3));
}

TEST_F(DeliveryWindowTest, ARefusedRecordGoesToTheCallerAndTheOthersOn) {
  sink_.refuse_if([](std::int64_t seq) { return seq == 2 || seq == 4; });
  window_.push(1, make_batch(1, {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}}));
  send();
  EXPECT_THAT(refused_, ElementsAre("the message is too large 2", "the message is too large 4"));
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 3));
  EXPECT_EQ(window_.in_flight(), 2U);
}

TEST_F(DeliveryWindowTest, WhatIsToBeSentAgainGoesBeforeWhatIsNew) {
  window_.push(1, make_batch(1, {{1, "a"}, {2, "b"}, {3, "c"}}));
  send();
  sink_.deliver(2);
  sink_.fail(3);
  sink_.fail(1);
  take();
  EXPECT_EQ(window_.in_flight(), 0U);
  window_.push(2, make_batch(2, {{4, "a"}}));
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 3, 4));
}

TEST_F(DeliveryWindowTest, FinishedBatchesLeaveFromTheFrontOnly) {
  window_.push(1, make_batch(1, {{1, "a"}}));
  window_.push(2, make_batch(2, {{2, "b"}}));
  send();
  sink_.deliver(2);
  take();
  EXPECT_FALSE(window_.front_done());
  sink_.deliver(1);
  take();
  ASSERT_TRUE(window_.front_done());
  EXPECT_THAT(receipts_of_front(), ElementsAre(1));
  ASSERT_TRUE(window_.front_done());
  EXPECT_THAT(receipts_of_front(), ElementsAre(2));
  EXPECT_FALSE(window_.front_done());
  EXPECT_EQ(window_.batches(), 0U);
}

TEST_F(DeliveryWindowTest, AReceiptTellsWhereTheMessageIs) {
  window_.push(1, make_batch(1, {{1, "x"}, {2, "key"}}));
  send();
  sink_.deliver_all();
  take();
  const WindowBatch front = window_.pop_front();
  ASSERT_EQ(front.receipts.size(), 2U);
  EXPECT_EQ(front.receipts[1].seq, 2);
  EXPECT_EQ(front.receipts[1].topic, "orders");
  EXPECT_EQ(front.receipts[1].partition, 3);
  EXPECT_EQ(front.receipts[1].offset, 1);
}

TEST_F(DeliveryWindowTest, ClearForgetsEverything) {
  window_.push(1, make_batch(1, {{1, "a"}}));
  send();
  window_.clear();
  EXPECT_EQ(window_.in_flight(), 0U);
  EXPECT_EQ(window_.batches(), 0U);
  EXPECT_EQ(window_.find(1), nullptr);
}

TEST_F(DeliveryWindowTest, ADelayedRecordIsDetachedWithItsDueTimeAndNeverSent) {
  window_.push(1, make_batch_of(1, {{1, "a", "order", "", "", 77, 0}, {2, "a", "order"}}));
  send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  sink_.deliver(2);
  take();
  ASSERT_TRUE(window_.front_done());
  const WindowBatch front = window_.pop_front();
  EXPECT_THAT(front.states, ElementsAre(RecordState::detached, RecordState::delivered));
  ASSERT_EQ(front.detached.size(), 1U);
  EXPECT_EQ(front.detached[0].seq, 1);
  EXPECT_EQ(front.detached[0].due_at_us, 77);
  EXPECT_FALSE(front.detached[0].dead);
}

TEST_F(DeliveryWindowTest, ABatchOfDelayedRecordsIsDoneAtOnce) {
  window_.push(1, make_batch_of(1, {{1, "a", "order", "", "", 77, 0}}));
  EXPECT_TRUE(window_.front_done());
  EXPECT_EQ(window_.in_flight(), 0U);
}

TEST_F(DeliveryWindowTest, ARecordOfAPausedTopicGoesToTheCallerAndOthersOn) {
  const Error unknown{ErrorCode::topic_unavailable, "unknown topic"};
  const Batch orders = make_batch_of(0, {{1, "a", "order"}});
  while (topics_.end(orders.records[0], clock_.now()) == clock_.now()) {  // a drawn delay may be 0
    topics_.failed(orders.records[0], unknown, clock_.now());
  }
  window_.push(1, make_batch_of(1, {{1, "a", "order"}, {2, "b", "invoice"}}));
  send();
  EXPECT_THAT(refused_, ElementsAre("unknown topic 1"));
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
}

}  // namespace
}  // namespace outbox
