#include "support/pg/statement.hpp"

#include <string>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/support/test_database.hpp"

namespace outbox::pg {
namespace {

class StatementTest : public testing::Test {
 protected:
  Result<Rows> doubled(std::int64_t number, const std::string& sql = "select $1 * 2") {
    Params params;
    params.int8(number);
    return query_remembered(connection_.raw(), sql, params, Format::binary, &sqlstate_, {});
  }

  std::string prepared() {
    return test::value_of(connection_, "select count(*) from pg_prepared_statements");
  }

  test::TestDatabase database_;
  Connection connection_ = database_.connect();
  SqlState sqlstate_;
};

TEST_F(StatementTest, IsPreparedOnceOnAConnection) {
  for (std::int64_t i = 1; i <= 3; ++i) {
    auto rows = doubled(i);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->int8(0, 0), 2 * i);
  }
  EXPECT_EQ(prepared(), "1");
  ASSERT_TRUE(doubled(4, "select $1 + $1"));
  EXPECT_EQ(prepared(), "2");
}

TEST_F(StatementTest, IsPreparedAnewAfterAReset) {
  ASSERT_TRUE(doubled(1));
  PQreset(connection_.raw());
  auto rows = doubled(2);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->int8(0, 0), 4);
}

TEST_F(StatementTest, FailsOnceWhereSomeoneHasRemovedIt) {
  ASSERT_TRUE(doubled(1));
  ASSERT_TRUE(doubled(1, "select $1 + $1"));
  test::must_exec(connection_, "deallocate all");
  EXPECT_FALSE(doubled(2));
  EXPECT_EQ(sqlstate_.view(), "26000");
  EXPECT_TRUE(doubled(3));
}

TEST_F(StatementTest, SaysWhatIsWrongWithIt) {
  EXPECT_FALSE(doubled(1, "select $1 * no_such_column"));
  EXPECT_EQ(sqlstate_.view(), "42703");
  EXPECT_TRUE(doubled(1));
}

}  // namespace
}  // namespace outbox::pg
