#include "outbox/migrations.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "liboutbox/migrator.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

using namespace std::chrono_literals;
using test::must_exec;
using test::TestDatabase;
using test::value_of;
using testing::HasSubstr;

class MigrationsTest : public testing::Test {
 protected:
  // Everything that a user could see in the schemas of users.
  std::string objects() {
    return value_of(connection_,
                    "select coalesce(string_agg(n, ' ' order by n), '') from ("
                    " select relname::text n from pg_class c join pg_namespace s on s.oid = "
                    "relnamespace where nspname not like 'pg\\_%' and nspname <> "
                    "'information_schema' union all select proname::text from pg_proc p join "
                    "pg_namespace s on s.oid = pronamespace where nspname not like 'pg\\_%' and "
                    "nspname <> 'information_schema') x");
  }

  void insert_into(const std::string& table, const std::string& payload = "'{}'") {
    must_exec(connection_, "insert into " + table +
                               " (id, aggregatetype, aggregateid, type, payload) values "
                               "(gen_random_uuid(), 'order', '1', 'Created', " +
                               payload + ")");
  }

  TestDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(MigrationsTest, MakeWhatADebeziumStyleInsertNeeds) {
  const auto report = migrate(connection_.raw(), {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->from_version, 0);
  EXPECT_EQ(report->to_version, newest_migration());
  insert_into("outbox");
  EXPECT_EQ(value_of(connection_, "select status from outbox_message"), "pending");
  EXPECT_EQ(value_of(connection_, "select headers from outbox"), "{}");
}

TEST_F(MigrationsTest, ChangeNothingTheSecondTime) {
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  insert_into("outbox");
  const std::string before = objects();
  const auto again = migrate(connection_.raw(), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->from_version, newest_migration());
  EXPECT_EQ(again->to_version, newest_migration());
  EXPECT_EQ(objects(), before);
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "1");
}

TEST_F(MigrationsTest, GoDownWithoutATraceAndUpAgain) {
  const std::string before = objects();
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  const std::string migrated = objects();
  insert_into("outbox");
  const auto down = migrate_down(connection_.raw(), {});
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_EQ(down->from_version, newest_migration());
  EXPECT_EQ(down->to_version, 0);
  EXPECT_EQ(objects(), before);
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  EXPECT_EQ(objects(), migrated);
  insert_into("outbox");
}

TEST_F(MigrationsTest, GoDownFromNothingWithoutAnError) {
  const auto down = migrate_down(connection_.raw(), {});
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_EQ(down->from_version, 0);
}

TEST_F(MigrationsTest, TakeATableOfAnotherNameInAnotherSchema) {
  must_exec(connection_, "create schema \"Billing-2\"");
  MigrationOptions options;
  options.table = "Billing-2.Events";
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  const auto report = migrate(connection_.raw(), options);
  ASSERT_TRUE(report) << report.error().message;
  insert_into("\"Billing-2\".\"Events\"");
  EXPECT_EQ(value_of(connection_, "select count(*) from \"Billing-2\".\"Events_message\""), "1");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "0");

  ASSERT_TRUE(migrate_down(connection_.raw(), options));
  EXPECT_EQ(value_of(connection_, "select to_regclass('\"Billing-2\".\"Events\"') is null"), "t");
  EXPECT_EQ(value_of(connection_, "select to_regclass('outbox') is null"), "f");
}

TEST_F(MigrationsTest, UseTheFirstSchemaOfTheSearchPath) {
  must_exec(connection_, "create schema app; set search_path = app, public");
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  EXPECT_EQ(value_of(connection_, "select 'app.outbox'::regclass = 'outbox'::regclass"), "t");
  must_exec(connection_, "set search_path = nowhere");
  const auto report = migrate(connection_.raw(), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::not_found);
}

TEST_F(MigrationsTest, KeepThePayloadTypeThatWasChosen) {
  for (const PayloadType type :
       {PayloadType::json, PayloadType::jsonb, PayloadType::text, PayloadType::bytea}) {
    MigrationOptions options;
    options.payload_type = type;
    options.table = "outbox_of_" + std::string{to_sql(type)};
    ASSERT_TRUE(migrate(connection_.raw(), options));
    EXPECT_EQ(value_of(connection_,
                       "select format_type(atttypid, -1) from pg_attribute where "
                       "attname = 'payload' and attrelid = '" +
                           options.table + "'::regclass"),
              to_sql(type));
    options.payload_type = type == PayloadType::json ? PayloadType::text : PayloadType::json;
    const auto other = migrate(connection_.raw(), options);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::conflict);
    EXPECT_THAT(other.error().message, HasSubstr("payload type " + std::string{to_sql(type)}));
  }
}

TEST_F(MigrationsTest, RefuseANewerDatabase) {
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  must_exec(connection_,
            "insert into outbox_migration (version, name) values (999, '0999_future')");
  for (const auto& result : {migrate(connection_.raw(), {}), migrate_down(connection_.raw(), {})}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::conflict);
    EXPECT_THAT(result.error().message, HasSubstr("999"));
  }
  EXPECT_TRUE(connection_.idle());
}

TEST_F(MigrationsTest, RefuseADatabaseInAnotherEncoding) {
  const TestDatabase latin{"template template0 encoding 'LATIN1' locale 'C'"};
  auto connection = latin.connect();
  const auto report = migrate(connection.raw(), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::conflict);
  EXPECT_THAT(report.error().message, HasSubstr("LATIN1"));
}

TEST_F(MigrationsTest, RefuseAConnectionWithATransactionOpen) {
  must_exec(connection_, "begin");
  EXPECT_EQ(migrate(connection_.raw(), {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(migrate_down(connection_.raw(), {}).error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(connection_.idle());
}

TEST_F(MigrationsTest, RefuseBadOptions) {
  MigrationOptions name;
  name.table = "out box";
  EXPECT_EQ(migrate(connection_.raw(), name).error().code, ErrorCode::invalid_argument);
  MigrationOptions timeout;
  timeout.lock_timeout = 0ms;
  EXPECT_EQ(migrate(connection_.raw(), timeout).error().code, ErrorCode::invalid_argument);
}

TEST_F(MigrationsTest, LeaveATableOfTheSameNameAlone) {
  must_exec(connection_, "create table outbox (mine int)");
  const std::string before = objects();
  const auto report = migrate(connection_.raw(), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::conflict);
  EXPECT_THAT(report.error().message, HasSubstr("0001_outbox"));
  EXPECT_EQ(objects(), before);
  EXPECT_TRUE(connection_.idle());
}

TEST_F(MigrationsTest, RunOneAtATime) {
  constexpr int kMigrators = 4;
  std::vector<Result<MigrationReport>> reports(kMigrators, Error{});
  {
    std::vector<std::jthread> threads;
    for (auto& report : reports) {
      threads.emplace_back([&] {
        auto connection = database_.connect();
        MigrationOptions options;
        options.lock_timeout = 60s;
        report = migrate(connection.raw(), options);
      });
    }
  }
  int made = 0;
  for (const auto& report : reports) {
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->to_version, newest_migration());
    if (report->from_version == 0) ++made;
  }
  EXPECT_EQ(made, 1);
}

TEST_F(MigrationsTest, GiveUpWaitingForAnotherMigrator) {
  must_exec(connection_,
            "begin; select pg_advisory_xact_lock(hashtextextended('outbox migration of "
            "\"public\".\"outbox\"', 0))");
  auto other = database_.connect();
  MigrationOptions options;
  options.lock_timeout = 50ms;
  const auto report = migrate(other.raw(), options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::timeout);
  EXPECT_THAT(report.error().message, HasSubstr("another migration"));
  EXPECT_TRUE(other.idle());
}

TEST_F(MigrationsTest, DoNotKeepWritersWaiting) {
  ASSERT_TRUE(migrate(connection_.raw(), {}));
  must_exec(connection_, "begin");
  insert_into("outbox");
  auto other = database_.connect();
  MigrationOptions options;
  options.lock_timeout = 50ms;
  const auto down = migrate_down(other.raw(), options);
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code, ErrorCode::timeout);
  must_exec(connection_, "commit");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "1");
}

class UpgradeTest : public MigrationsTest {
 protected:
  Result<MigrationReport> up(std::span<const MigrationScript> scripts) {
    auto migrator = Migrator::make(connection_.raw(), {}, scripts);
    if (!migrator) return std::move(migrator).error();
    return migrator->up();
  }
  Result<MigrationReport> down(std::span<const MigrationScript> scripts) {
    auto migrator = Migrator::make(connection_.raw(), {}, scripts);
    if (!migrator) return std::move(migrator).error();
    return migrator->down();
  }

  const std::vector<MigrationScript> scripts_{
      {"0001_a", "create table ${outbox} (payload ${payload_type})", "drop table ${outbox}"},
      {"0002_b", "alter table ${outbox} add b int", "alter table ${outbox} drop b"},
      {"0003_c", "alter table ${outbox} add c int; create table ${outbox_c} ()",
       "drop table ${outbox_c}; alter table ${outbox} drop c"},
  };
};

TEST_F(UpgradeTest, AppliesWhatIsMissing) {
  const std::span all{scripts_};
  ASSERT_TRUE(up(all.first(1)));
  must_exec(connection_, "insert into outbox values ('1')");
  const auto report = up(all);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->from_version, 1);
  EXPECT_EQ(report->to_version, 3);
  EXPECT_EQ(value_of(connection_,
                     "select string_agg(name, ' ' order by version) from "
                     "outbox_migration"),
            "0001_a 0002_b 0003_c");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox where b is null and c is null"),
            "1");
  const auto removed = down(all);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(removed->from_version, 3);
  EXPECT_EQ(objects(), "");
}

TEST_F(UpgradeTest, DoesNotQueueForLongBehindATransactionThatHasTheTable) {
  const std::span all{scripts_};
  ASSERT_TRUE(up(all.first(1)));
  auto writer = database_.connect();
  must_exec(writer, "begin; insert into outbox values ('1')");
  MigrationOptions options;
  options.lock_timeout = 50ms;
  const auto report = Migrator::make(connection_.raw(), options, all)->up();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::timeout);
  EXPECT_THAT(report.error().message, HasSubstr("0002_b"));
  EXPECT_TRUE(connection_.idle());
  must_exec(writer, "insert into outbox values ('2'); commit");
  const auto again = up(all);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->from_version, 1);
  EXPECT_EQ(again->to_version, 3);
}

TEST_F(UpgradeTest, KeepsTheStepsBeforeTheOneThatFailed) {
  std::vector<MigrationScript> broken = scripts_;
  broken[2].up = "alter table ${outbox} add c int; select 1/0";
  const auto report = up(broken);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("0003_c"));
  EXPECT_TRUE(connection_.idle());
  EXPECT_EQ(value_of(connection_, "select max(version) from outbox_migration"), "2");
  const auto repaired = up(scripts_);
  ASSERT_TRUE(repaired) << repaired.error().message;
  EXPECT_EQ(repaired->from_version, 2);
  EXPECT_EQ(repaired->to_version, 3);
}

}  // namespace
}  // namespace outbox
