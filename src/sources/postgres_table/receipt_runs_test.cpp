#include "sources/postgres_table/receipt_runs.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/pg/wire.hpp"

namespace outbox::postgres_table {
namespace {

using testing::ElementsAre;

// As the server would see them: first_seq, last_seq, first_offset, partition, topic, seqs, offsets.
class ReceiptRunsTest : public testing::Test {
 protected:
  std::vector<std::string> rows(const std::vector<Receipt>& receipts) {
    runs_.build(receipts);
    pg::Params params;
    runs_.add_to(params);
    const auto arguments = params.arguments();
    std::vector<std::string> rows;
    for (std::size_t column = 0; arguments && column < 7; ++column) {
      const char* const at = (*arguments)->values[column];
      const auto size = static_cast<std::size_t>((*arguments)->lengths[column]);
      add_column({at, size}, column == 0 ? "" : " ", rows);
    }
    return rows;
  }

  ReceiptRuns runs_{1'000};

 private:
  // PostgreSQL's binary form of an array: dimensions, flags, element type, length, lower bound,
  // then each element behind its length.
  static void add_column(std::string_view array, const char* separator,
                         std::vector<std::string>& rows) {
    constexpr std::size_t kHeader = 20;
    const bool text = pg::wire::load<std::int32_t>(array.data() + 8) == 25;
    std::size_t row = 0;
    for (std::size_t at = kHeader; at < array.size(); ++row) {
      const auto size = static_cast<std::size_t>(pg::wire::load<std::int32_t>(&array[at]));
      const char* const value = &array[at] + 4;
      rows.resize(std::max(rows.size(), row + 1));
      rows[row] += separator + (text        ? std::string{value, size}
                                : size == 4 ? std::to_string(pg::wire::load<std::int32_t>(value))
                                            : std::to_string(pg::wire::load<std::int64_t>(value)));
      at += 4 + size;
    }
  }
};

TEST_F(ReceiptRunsTest, PutsThoseOfAPartitionInOneRow) {
  EXPECT_THAT(rows({{12, "orders", 3, 78}, {10, "orders", 3, 77}, {17, "orders", 3, 79}}),
              ElementsAre("10 17 77 3 orders {0,2,7} {0,1,2}"));
}

TEST_F(ReceiptRunsTest, KeepsPartitionsAndTopicsApart) {
  EXPECT_THAT(
      rows({{1, "orders", 0, 5}, {2, "orders", 1, 5}, {3, "bills", 0, 5}}),
      ElementsAre("3 3 5 0 bills {0} {0}", "1 1 5 0 orders {0} {0}", "2 2 5 1 orders {0} {0}"));
}

TEST_F(ReceiptRunsTest, NoRunCrossesAMultipleOfTheSpan) {
  EXPECT_THAT(rows({{998, "orders", 0, 5}, {999, "orders", 0, 6}, {1000, "orders", 0, 7}}),
              ElementsAre("998 999 5 0 orders {0,1} {0,1}", "1000 1000 7 0 orders {0} {0}"));
}

TEST_F(ReceiptRunsTest, OffsetsTooFarApartAreInRowsOfTheirOwn) {
  constexpr std::int64_t kFar = std::int64_t{1} << 40U;
  EXPECT_THAT(rows({{1, "orders", 0, 5}, {2, "orders", 0, kFar}, {3, "orders", 0, kFar + 1}}),
              ElementsAre("1 1 5 0 orders {0} {0}", "2 3 1099511627776 0 orders {0,1} {0,1}"));
}

TEST_F(ReceiptRunsTest, AnOffsetMayBeLowerThanThatOfAnEarlierMessage) {
  EXPECT_THAT(rows({{1, "orders", 0, 9}, {2, "orders", 0, 4}}),
              ElementsAre("1 2 9 0 orders {0,1} {0,-5}"));
}

TEST_F(ReceiptRunsTest, NothingIsLeftOfTheSettlementBefore) {
  static_cast<void>(rows({{1, "orders", 0, 9}}));
  EXPECT_THAT(rows({}), ElementsAre());
}

}  // namespace
}  // namespace outbox::postgres_table
