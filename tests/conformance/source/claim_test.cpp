// Claiming: what comes, in which order, how much at once, and what comes again.
#include <algorithm>
#include <chrono>
#include <numeric>

#include <nlohmann/json.hpp>

#include "outbox/shard.hpp"
#include "tests/conformance/source/source_test.hpp"

namespace outbox::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

class ClaimTest : public SourceTest {};

INSTANTIATE_TEST_SUITE_P(Source, ClaimTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(ClaimTest, RecordCarriesWhatWasWritten) {
  Message message = message_of("order-1", R"({"total": "12.50",  "note": "\"ä€\u0001\n"})");
  message.id = Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057");
  message.headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  const std::int64_t seq = driver_->append(std::span{&message, 1}).front();
  connect();
  const Batch batch = must(source_->claim(10));
  ASSERT_THAT(batch.records, SizeIs(1));
  const Record& record = batch.records.front();
  EXPECT_EQ(record.seq, seq);
  EXPECT_EQ(record.id, *message.id);
  EXPECT_EQ(record.key, "order-1");
  EXPECT_EQ(record.shard, shard_of("order-1"));
  EXPECT_EQ(record.aggregate_type, "order");
  EXPECT_EQ(record.type, "OrderCreated");
  EXPECT_EQ(record.payload, message.payload);
  const auto headers = nlohmann::json::parse(record.headers);
  EXPECT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers["traceparent"], message.headers[0].value);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(std::abs(std::chrono::duration_cast<std::chrono::seconds>(now).count() -
                     record.created_at_us / 1'000'000),
            300);
}

TEST_P(ClaimTest, LargeAndSmallPayloadsComeWhole) {
  const std::string large = '"' + std::string(900'000, 'x') + '"';
  append("a", "1");
  append("a", large);
  append("a", "2");
  connect();
  const std::vector<Batch> batches = claim_all(10);  // what of a log has come so far may be less
  std::vector<std::string_view> payloads;
  for (const Batch& batch : batches) {
    for (const Record& record : batch.records) {
      payloads.push_back(record.payload);
    }
  }
  EXPECT_THAT(payloads, ElementsAre("1", large, "2"));
}

TEST_P(ClaimTest, BatchesKeepTheOrderOfSeqAndTheLimit) {
  std::vector<std::int64_t> written;
  for (int i = 0; i < 25; ++i) {
    written.push_back(append("key-" + std::to_string(i % 3)));
  }
  connect();
  const std::vector<Batch> batches = claim_all(10);
  std::vector<std::int64_t> claimed;
  for (const Batch& batch : batches) {
    EXPECT_LE(batch.records.size(), 10U);
    const std::vector<std::int64_t> seqs = seqs_of(batch);
    claimed.insert(claimed.end(), seqs.begin(), seqs.end());
  }
  EXPECT_EQ(claimed, written);
}

TEST_P(ClaimTest, BatchNumbersRiseByOneFromOneInEachConnection) {
  append("a");
  for (int connection = 0; connection < 2; ++connection) {
    reconnect();
    for (std::uint64_t number = 1; number <= 4; ++number) {
      EXPECT_EQ(must(source_->claim(10)).number, number);
    }
  }
}

TEST_P(ClaimTest, NothingComesTwiceInOneConnection) {
  connect();
  for (int i = 0; i < 5; ++i) {
    const std::int64_t first = append("a");
    const std::int64_t second = append("b");
    EXPECT_THAT(claim_all_seqs(), ElementsAre(first, second));
  }
}

TEST_P(ClaimTest, MessagesOfOneTransactionComeInTheirOrder) {
  std::vector<Message> messages;
  for (int i = 0; i < 40; ++i) {
    messages.push_back(message_of("a", std::to_string(i)));
  }
  driver_->append(messages);
  connect();
  std::vector<std::string> payloads;
  for (const Batch& batch : claim_all(7)) {
    for (const Record& record : batch.records) {
      payloads.emplace_back(record.payload);
    }
  }
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    expected.push_back(std::to_string(i));
  }
  EXPECT_EQ(payloads, expected);
}

TEST_P(ClaimTest, UnsettledComesAgainAfterReconnect) {
  std::vector<std::int64_t> written;
  for (int i = 0; i < 7; ++i) {
    written.push_back(append("a"));
  }
  connect();
  EXPECT_EQ(claim_all_seqs(3), written);
  reconnect();
  EXPECT_EQ(claim_all_seqs(3), written);
}

TEST_P(ClaimTest, SettledDoesNotComeAgain) {
  append("a");
  connect();
  settle_through(claim_all().back().number);
  reconnect();
  EXPECT_THAT(claim_all_seqs(), IsEmpty());
  const std::int64_t later = append("a");
  EXPECT_THAT(claim_all_seqs(), ElementsAre(later));
}

TEST_P(ClaimTest, ReadingGoesOnBehindTheLastSettledBatch) {
  std::vector<std::int64_t> written;
  for (int i = 0; i < 9; ++i) {
    written.push_back(append("a"));
  }
  connect();
  const std::uint64_t first = must(source_->claim(3)).number;
  must(source_->claim(3));
  settle_through(first);
  written.push_back(append("b"));
  reconnect();
  EXPECT_THAT(claim_all_seqs(3), ElementsAreArray(written.begin() + 3, written.end()));
}

TEST_P(ClaimTest, OneSettlementPassesSeveralBatches) {
  for (int i = 0; i < 9; ++i) {
    append("a");
  }
  const std::int64_t last = append("a");
  connect();
  // A claim takes what has come so far, so there may be more than three of them.
  std::size_t claimed = 0;
  Batch batch;
  for (int claims = 0; claimed < 9 && claims < 100; ++claims) {
    batch = must(source_->claim(std::min<std::size_t>(3, 9 - claimed)));
    claimed += batch.records.size();
  }
  settle_through(batch.number);
  reconnect();
  EXPECT_THAT(claim_all_seqs(), ElementsAre(last));
}

TEST_P(ClaimTest, EmptyBatchIsSettledLikeAnyOther) {
  connect();
  const Batch empty = must(source_->claim(10));
  EXPECT_THAT(empty.records, IsEmpty());
  settle_through(empty.number);
  const std::int64_t seq = append("a");
  reconnect();
  EXPECT_THAT(claim_all_seqs(), ElementsAre(seq));
}

TEST_P(ClaimTest, LimitMayChangeFromClaimToClaim) {
  std::vector<std::int64_t> written;
  for (int i = 0; i < 60; ++i) {
    written.push_back(append("a"));
  }
  connect();
  std::vector<std::int64_t> claimed;
  for (const std::size_t limit : {1U, 20U, 2U, 100'000U, 1U}) {
    const Batch batch = must(source_->claim(limit));
    EXPECT_LE(batch.records.size(), limit);
    for (const Record& record : batch.records) {
      claimed.push_back(record.seq);
    }
  }
  for (const std::int64_t seq : claim_all_seqs()) {
    claimed.push_back(seq);
  }
  EXPECT_EQ(claimed, written);
}

TEST_P(ClaimTest, BytesEndABatchAndLoseNothing) {
  source_ = driver_->make_source({.max_batch_bytes = 3'500});
  std::vector<std::int64_t> written;
  for (int i = 0; i < 30; ++i) {
    written.push_back(append("a", '"' + std::string(1'000, 'x') + '"'));
  }
  connect();
  std::vector<std::int64_t> claimed;
  for (const Batch& batch : claim_all()) {
    EXPECT_LE(batch.records.size(), 4U);
    for (const Record& record : batch.records) {
      claimed.push_back(record.seq);
    }
  }
  EXPECT_EQ(claimed, written);
}

TEST_P(ClaimTest, MessageLargerThanTheLimitComesAlone) {
  source_ = driver_->make_source({.max_batch_bytes = 10'000});
  const std::int64_t small = append("a");
  const std::int64_t large = append("a", '"' + std::string(100'000, 'x') + '"');
  const std::int64_t next = append("a");
  connect();
  const std::vector<Batch> batches = claim_all();
  ASSERT_THAT(batches, SizeIs(3));
  EXPECT_THAT(seqs_of(batches[0]), ElementsAre(small, large));
  EXPECT_EQ(batches[0].records[1].payload.size(), 100'002U);
  EXPECT_THAT(seqs_of(batches[1]), ElementsAre(next));
}

TEST_P(ClaimTest, RecordsStayValidWhileTheirBatchLives) {
  append("a", R"("first")");
  connect();
  const Batch first = must(source_->claim(1));
  for (int i = 0; i < 100; ++i) {
    append("a", '"' + std::string(5'000, 'y') + '"');
  }
  claim_all();
  source_->close();
  EXPECT_EQ(first.records.front().payload, R"("first")");
}

}  // namespace
}  // namespace outbox::test
