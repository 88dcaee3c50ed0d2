#include "support/sqlite/database.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace outbox::sqlite {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::HasSubstr;

class DatabaseTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_.path() / "test.db"; }
  [[nodiscard]] Database open(std::chrono::milliseconds busy_timeout = 5s) const {
    auto database = Database::open(path(), {.create = true, .busy_timeout = busy_timeout});
    EXPECT_TRUE(database) << (database ? "" : database.error().message);
    return std::move(database).value();
  }

  test::TemporaryFolder folder_;
};

TEST_F(DatabaseTest, KeepsWhatWasBound) {
  Database database = open();
  ASSERT_TRUE(database.exec("create table t (a, b, c, d, e)"));
  auto insert = database.prepare("insert into t values (?, ?, ?, ?, ?)");
  ASSERT_TRUE(insert);
  insert->bind(-5'000'000'000).bind("grüße"s).bind_blob("\0\xff"s).bind_null().bind(""s);
  ASSERT_TRUE(insert->run());
  auto select = database.prepare("select a, b, c, d, e, typeof(b), typeof(c), typeof(e) from t");
  ASSERT_TRUE(select);
  ASSERT_TRUE(*select->step());
  EXPECT_EQ(select->int8(0), -5'000'000'000);
  EXPECT_EQ(select->text(1), "grüße");
  EXPECT_EQ(select->text(2), "\0\xff"s);
  EXPECT_TRUE(select->is_null(3));
  EXPECT_EQ(select->text(4), "");
  EXPECT_EQ(select->text(5), "text");
  EXPECT_EQ(select->text(6), "blob");
  EXPECT_EQ(select->text(7), "text");
  EXPECT_FALSE(*select->step());
}

TEST_F(DatabaseTest, ATransactionIsRolledBackUnlessCommitted) {
  Database database = open();
  ASSERT_TRUE(database.exec("create table t (a)"));
  {
    auto tx = Tx::begin(database);
    ASSERT_TRUE(tx);
    ASSERT_TRUE(database.exec("insert into t values (1)"));
  }
  EXPECT_EQ(*database.integer("select count(*) from t"), 0);
  auto tx = Tx::begin(database);
  ASSERT_TRUE(tx);
  ASSERT_TRUE(database.exec("insert into t values (1)"));
  ASSERT_TRUE(tx->commit());
  EXPECT_FALSE(tx->commit());
  EXPECT_EQ(*database.integer("select count(*) from t"), 1);
}

TEST_F(DatabaseTest, ReadsWhileAnotherWritesAndWaitsForItsTurnToWrite) {
  Database writer = open();
  ASSERT_TRUE(writer.exec("create table t (a)"));
  Database other = open(10ms);
  auto tx = Tx::begin(writer);
  ASSERT_TRUE(tx);
  ASSERT_TRUE(writer.exec("insert into t values (1)"));
  EXPECT_EQ(*other.integer("select count(*) from t"), 0);
  const auto refused = Tx::begin(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::timeout);
  ASSERT_TRUE(tx->commit());
  EXPECT_TRUE(Tx::begin(other));
}

TEST_F(DatabaseTest, SaysWhatIsWrong) {
  Database database = open();
  ASSERT_TRUE(database.exec("create table t (a integer primary key)"));
  ASSERT_TRUE(database.exec("insert into t values (1)"));
  EXPECT_EQ(database.exec("insert into t values (1)").error().code, ErrorCode::conflict);
  EXPECT_EQ(database.exec("select * from u").error().code, ErrorCode::not_found);
  EXPECT_EQ(database.exec("selec").error().code, ErrorCode::invalid_argument);

  const auto absent = Database::open(folder_.path() / "absent.db", {});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::source_unavailable);
  EXPECT_THAT(absent.error().message, HasSubstr("absent.db"));

  std::ofstream{folder_.path() / "text.db"} << std::string(8'192, 'x');
  const auto text = Database::open(folder_.path() / "text.db", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::invalid_argument);
}

TEST(PathOf, TakesSqliteAddressesOnly) {
  EXPECT_EQ(path_of("sqlite:shop.db"), "shop.db");
  EXPECT_EQ(path_of("sqlite:/var/lib/shop.db"), "/var/lib/shop.db");
  EXPECT_EQ(path_of("postgresql://localhost/shop"), std::nullopt);
}

}  // namespace
}  // namespace outbox::sqlite
