// A copy of each dead letter in the outbox, which goes to a topic of its own.
#include <nlohmann/json.hpp>

#include "tests/conformance/source/source_test.hpp"

namespace outbox::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class DeadLetterCopyTest : public SourceTest {
 protected:
  DeadLetterCopyTest() { source_ = driver_->make_source({.dead_letter_type = "dead-letter"}); }

  static FailedHead parked(const Record& record) {
    FailedHead head = head_of(record, 20, {}, "too large");
    head.parked = true;
    return head;
  }
  static DetachedMessage skipped(const Record& record) {
    DetachedMessage message = detached_of(record, 1, "too large");
    message.dead = true;
    return message;
  }
  Batch next() { return must(source_->claim(10)); }
};

INSTANTIATE_TEST_SUITE_P(Source, DeadLetterCopyTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(DeadLetterCopyTest, SaysWhatDiedAndWhyAndDoesNotWaitBehindIt) {
  Message message = message_of("a", R"({"n": 7})");
  message.headers = {{"traceparent", "00-1"}};
  driver_->append(std::span{&message, 1});
  append("a");
  connect();
  const Batch batch = next();
  ASSERT_THAT(batch.records, SizeIs(2));
  const Record& dead = batch.records[0];
  settle_failed(batch.number, parked(dead), {range_of(batch.records[1], batch.records[1].seq)});

  const Batch copies = next();
  ASSERT_THAT(copies.records, SizeIs(1));
  const Record& copy = copies.records[0];
  EXPECT_EQ(copy.aggregate_type, "dead-letter");
  EXPECT_EQ(copy.key, dead.id.to_string());
  EXPECT_EQ(copy.type, "OrderCreated");
  EXPECT_NE(copy.id, dead.id);
  EXPECT_EQ(nlohmann::json::parse(copy.payload), nlohmann::json::parse(R"({"n": 7})"));
  EXPECT_EQ(nlohmann::json::parse(copy.headers),
            (nlohmann::json{{"traceparent", "00-1"},
                            {"outbox-dead-letter-aggregatetype", "order"},
                            {"outbox-dead-letter-aggregateid", "a"},
                            {"outbox-dead-letter-seq", std::to_string(dead.seq)},
                            {"outbox-dead-letter-attempts", "20"},
                            {"outbox-dead-letter-error", "too large"}}));
}

TEST_P(DeadLetterCopyTest, IsMadeOfWhatWasSkippedAndNotOfWhatIsTriedAgain) {
  const Batch batch = claimed({"a", "b", "c"});
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {head_of(batch.records[0])};
  settlement.detached = {skipped(batch.records[1]), detached_of(batch.records[2], 1, "refused")};
  must(source_->settle(settlement));
  const Batch copies = next();
  ASSERT_THAT(copies.records, SizeIs(1));
  EXPECT_EQ(copies.records[0].key, batch.records[1].id.to_string());
}

TEST_P(DeadLetterCopyTest, IsMadeOnceAndNotOfWhatAnOperatorHasDiscarded) {
  const Batch batch = claimed({"a", "b"});
  Settlement failed;
  failed.through = batch.number;
  failed.failed = {parked(batch.records[0]), head_of(batch.records[1])};
  must(source_->settle(failed));
  driver_->discard(batch.records[1].seq);
  failed.through = 0;
  failed.failed[1].parked = true;
  must(source_->settle(failed));
  EXPECT_THAT(next().records, SizeIs(1));
}

TEST_P(DeadLetterCopyTest, HasTheEditedPayload) {
  const Batch batch = claimed({"a"});
  settle_failed(batch.number, head_of(batch.records[0]));
  driver_->edit(batch.records[0].seq, R"({"edited": true})");
  settle_failed(0, parked(batch.records[0]));
  const Batch copies = next();
  ASSERT_THAT(copies.records, SizeIs(1));
  EXPECT_EQ(nlohmann::json::parse(copies.records[0].payload),
            nlohmann::json::parse(R"({"edited": true})"));
}

TEST_P(DeadLetterCopyTest, IsNotCopiedWhenItDiesItself) {
  const Batch batch = claimed({"a"});
  settle_detached(batch.number, skipped(batch.records[0]));
  const Batch copies = next();
  ASSERT_THAT(copies.records, SizeIs(1));
  settle_detached(copies.number, skipped(copies.records[0]));
  EXPECT_THAT(next().records, IsEmpty());
  EXPECT_EQ(driver_->status(copies.records[0].seq), "dead");
}

TEST_P(DeadLetterCopyTest, IsNotMadeUnlessAsked) {
  source_ = driver_->make_source({});
  const Batch batch = claimed({"a"});
  settle_failed(batch.number, parked(batch.records[0]));
  EXPECT_THAT(next().records, IsEmpty());
}

}  // namespace
}  // namespace outbox::test
