// How pages fill, seen from the relay: few round trips, whatever the rows' sizes and transactions.
#include <numeric>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

class PagingTest : public testing::Test {
 protected:
  void insert_large_row(std::size_t bytes) {
    must_exec(connection_,
              "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
              "(gen_random_uuid(), 'a', 'k', 't', ('\"' || repeat('x', " +
                  std::to_string(bytes) + ") || '\"')::json)");
  }

  // Claims until nothing is new: the sizes of the pages.
  std::vector<std::size_t> pages(std::size_t limit) {
    std::vector<std::size_t> sizes;
    while (true) {
      const std::size_t size = must(source_->claim(limit)).records.size();
      if (size == 0) {
        return sizes;
      }
      sizes.push_back(size);
    }
  }

  void connect(std::size_t max_batch_bytes) {
    PostgresTableOptions options = source_options(database_.url());
    options.max_batch_bytes = max_batch_bytes;
    source_.emplace(options);
    must(source_->connect());
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  std::optional<PostgresTableSource> source_;
};

TEST_F(PagingTest, PagesGrowAgainBehindALargeMessage) {
  insert_large_row(500'000);
  insert_rows(connection_, 5'000);
  connect(100'000);
  const std::vector<std::size_t> sizes = pages(1'000);
  EXPECT_EQ(sizes.front(), 1U);
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), 5'001U);
  EXPECT_LE(sizes.size(), 8U) << "one alone, one that is careful, five full ones";
}

TEST_F(PagingTest, LargeMessagesFillPagesByBytes) {
  for (int i = 0; i < 40; ++i) {
    insert_large_row(10'000);
  }
  connect(100'000);
  const std::vector<std::size_t> sizes = pages(1'000);
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), 40U);
  EXPECT_LE(sizes.size(), 5U);
}

TEST_F(PagingTest, AFullPageTellsThatMoreFollows) {
  insert_rows(connection_, 5);
  connect(100'000);
  const Batch first = must(source_->claim(3));
  EXPECT_EQ(first.records.size(), 3U);
  EXPECT_TRUE(first.behind);
  const Batch last = must(source_->claim(3));
  EXPECT_EQ(last.records.size(), 2U);
  EXPECT_FALSE(last.behind);
}

// It was open when the range began, so it belongs to the next one, although the later pages' own
// statements see it.
TEST_F(PagingTest, ATransactionThatEndsBetweenTwoPagesComesOnce) {
  pg::Connection writer = database_.connect();
  insert_rows(connection_, 3);
  must_exec(writer, "begin");
  insert_rows(writer, 1);
  insert_rows(connection_, 4);
  connect(1'000'000);
  std::vector<std::int64_t> seqs;
  for (std::size_t size = 1; size > 0;) {
    const Batch batch = must(source_->claim(3));
    for (const Record& record : batch.records) {
      seqs.push_back(record.seq);
    }
    size = batch.records.size();
    if (seqs.size() == 3) {
      must_exec(writer, "commit");
    }
  }
  EXPECT_EQ(seqs, (std::vector<std::int64_t>{1, 2, 3, 5, 6, 7, 8, 4}));
}

// Sixteen transactions that all end late, each larger than a page, with interleaved seqs.
TEST_F(PagingTest, ManyLargeLateTransactionsComeInSeqOrder) {
  std::vector<pg::Connection> writers;
  for (int i = 0; i < 16; ++i) {
    writers.push_back(database_.connect());
    must_exec(writers.back(), "begin");
  }
  for (int round = 0; round < 5; ++round) {
    for (pg::Connection& writer : writers) {
      insert_rows(writer, 20);
    }
  }
  insert_rows(connection_, 1);
  connect(1'000'000);
  EXPECT_EQ(pages(50), std::vector<std::size_t>{1});
  for (pg::Connection& writer : writers) {
    must_exec(writer, "commit");
  }
  std::int64_t last = 0;
  std::size_t rows = 0;
  std::size_t claims = 0;
  for (std::size_t size = 1; size > 0; ++claims) {
    const Batch batch = must(source_->claim(50));
    for (const Record& record : batch.records) {
      EXPECT_GT(record.seq, last);
      last = record.seq;
    }
    size = batch.records.size();
    rows += size;
  }
  EXPECT_EQ(rows, 1'600U);
  EXPECT_LE(claims, 1'600U / 50U + 1U) << "each page but the last is full";
}

}  // namespace
}  // namespace outbox::test
