#include <gtest/gtest.h>

#include "outbox/sqlite.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {
namespace {

Database in_memory() {
  auto database = Database::open(":memory:", {});
  EXPECT_TRUE(database);
  return std::move(database).value();
}

std::int64_t objects(Database& database) {
  return *database.integer("select count(*) from sqlite_schema where name like 'outbox%'");
}

TEST(SqliteMigrations, MakeTheTablesOnce) {
  Database database = in_memory();
  const auto first = migrate(database.raw());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->from_version, 0);
  const auto again = migrate(database.raw());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->from_version, first->to_version);
  EXPECT_EQ(*database.integer("select count(*) from outbox_message"), 0);
}

TEST(SqliteMigrations, GoDownToNothing) {
  Database database = in_memory();
  ASSERT_TRUE(migrate(database.raw()));
  const auto down = migrate_down(database.raw());
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_EQ(down->to_version, 0);
  EXPECT_EQ(objects(database), 0);
  EXPECT_TRUE(migrate_down(database.raw()));
  EXPECT_EQ(objects(database), 0);
}

TEST(SqliteMigrations, RefuseANewerVersionAndAnOpenTransaction) {
  Database database = in_memory();
  ASSERT_TRUE(migrate(database.raw()));
  ASSERT_TRUE(database.exec("begin"));
  EXPECT_EQ(migrate(database.raw()).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(database.exec("insert into outbox_migration (version) values (1000); commit"));
  EXPECT_EQ(migrate(database.raw()).error().code, ErrorCode::conflict);
}

TEST(SqliteMigrations, AFailedStepLeavesNothing) {
  Database database = in_memory();
  ASSERT_TRUE(database.exec("create table outbox_receipt (a)"));
  EXPECT_FALSE(migrate(database.raw()));
  EXPECT_EQ(objects(database), 1);
}

// As another language's writer would do it.
TEST(SqliteMigrations, TheFiveColumnsAreEnough) {
  Database database = in_memory();
  ASSERT_TRUE(migrate(database.raw()));
  ASSERT_TRUE(database.exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
      "('0190a6f2-0000-7000-8000-000000000001', 'order', '1', 'OrderCreated', '{}')"));
  EXPECT_EQ(*database.integer("select count(*) from outbox_message where status = 'pending' and "
                              "abs(created_at / 1000000 - strftime('%s', 'now')) < 10"),
            1);
  EXPECT_FALSE(database.exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload, headers) values "
      "('0190a6f2-0000-7000-8000-000000000001', 'order', '1', 'OrderCreated', '{}', '[]')"));
}

}  // namespace
}  // namespace outbox::sqlite
