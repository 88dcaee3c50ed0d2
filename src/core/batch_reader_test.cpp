#include "core/batch_reader.hpp"

#include <mutex>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/fake_source.hpp"
#include "tests/support/eventually.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class BatchReaderTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(source_.connect()); }

  // The seqs of the next batch that has any.
  std::vector<std::int64_t> next(BatchReader& reader) {
    std::vector<std::int64_t> seqs;
    EXPECT_TRUE(test::eventually([&] {
      const std::optional<Batch> batch = reader.take();
      if (batch) {
        for (const Record& record : batch->records) {
          seqs.push_back(record.seq);
        }
      }
      return !seqs.empty();
    }));
    return seqs;
  }
  void append(int rows) {
    for (int i = 0; i < rows; ++i) {
      source_.model().append("a");
    }
  }

  FakeSource source_;
  DeliveryQueue news_;
};

TEST_F(BatchReaderTest, GivesTheBatchesInOrder) {
  append(5);
  BatchReader reader{source_, 2, news_};
  EXPECT_THAT(next(reader), ElementsAre(1, 2));
  EXPECT_THAT(next(reader), ElementsAre(3, 4));
  EXPECT_THAT(next(reader), ElementsAre(5));
  append(1);
  EXPECT_THAT(next(reader), ElementsAre(6)) << "it was waiting for work";
}

TEST_F(BatchReaderTest, AwaitsWorkBeforeTheNextClaimOnceItHasCaughtUp) {
  using Call = FakeSource::Call;
  std::mutex mutex;
  std::vector<Call> calls;
  source_.set_fault([&](Call call) {
    const std::lock_guard lock{mutex};
    calls.push_back(call);
    return std::nullopt;
  });
  append(3);
  BatchReader reader{source_, 2, news_};
  EXPECT_THAT(next(reader), ElementsAre(1, 2));
  EXPECT_THAT(next(reader), ElementsAre(3));
  append(1);
  EXPECT_THAT(next(reader), ElementsAre(4));
  const std::lock_guard lock{mutex};
  calls.resize(4);
  EXPECT_THAT(calls, ElementsAre(Call::claim, Call::claim, Call::await_work, Call::claim));
}

TEST_F(BatchReaderTest, TellsOfABatchThatIsThere) {
  BatchReader reader{source_, 2, news_};
  append(1);
  // Batches without records are told of too; the wait never has to end by its timeout.
  while (true) {
    EXPECT_THAT(news_.wait(milliseconds{60'000}), ::testing::IsEmpty());
    const std::optional<Batch> batch = reader.take();
    if (batch && !batch->records.empty()) {
      break;
    }
  }
}

TEST_F(BatchReaderTest, ReadsAheadNoMoreThanItsRoom) {
  append(100);
  BatchReader reader{source_, 5, news_};
  // Two batches lie ready and one is in hand.
  ASSERT_TRUE(test::eventually([&] { return source_.unsettled_batches() == 3; }));
  EXPECT_THAT(next(reader), ElementsAre(1, 2, 3, 4, 5));
  ASSERT_TRUE(test::eventually([&] { return source_.unsettled_batches() == 4; }));
}

TEST_F(BatchReaderTest, EndsWhileItWaitsForRoom) {
  append(100);
  const BatchReader reader{source_, 5, news_};
  ASSERT_TRUE(test::eventually([&] { return source_.unsettled_batches() == 3; }));
}

TEST_F(BatchReaderTest, EndsWhileItWaitsForWork) {
  BatchReader reader{source_, 5, news_};
  ASSERT_TRUE(test::eventually([&] { return reader.take().has_value(); }));
}

class BatchReaderErrorTest : public BatchReaderTest,
                             public ::testing::WithParamInterface<FakeSource::Call> {};

TEST_P(BatchReaderErrorTest, EndsWithTheErrorOfTheSourceAndTellsOfIt) {
  source_.set_fault([](FakeSource::Call call) -> std::optional<Error> {
    if (call == GetParam()) {
      return Error{ErrorCode::source_unavailable, "the database is away"};
    }
    return std::nullopt;
  });
  const BatchReader reader{source_, 5, news_};
  while (!reader.error()) {
    EXPECT_THAT(news_.wait(milliseconds{60'000}), ::testing::IsEmpty());
  }
  EXPECT_EQ(reader.error()->code, ErrorCode::source_unavailable);
  EXPECT_EQ(reader.error()->message, "the database is away");
}

INSTANTIATE_TEST_SUITE_P(Calls, BatchReaderErrorTest,
                         ::testing::Values(FakeSource::Call::claim, FakeSource::Call::await_work));

}  // namespace
}  // namespace outbox
