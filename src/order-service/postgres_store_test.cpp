// What only PostgreSQL can do to the service, on a real one.
#include <thread>

#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::orders {
namespace {

using std::chrono::milliseconds;
using testing::kOrderBody;
using testing::Reply;
using testing::RunningService;
using testing::StoreKind;

// Makes PostgreSQL end the service's connection when a row of the table is inserted, or when its
// transaction commits.
void kill_on_insert(RunningService& service, const std::string& table, bool at_commit) {
  service.database().exec(
      "create function kill() returns trigger language plpgsql as $$ begin "
      "perform pg_terminate_backend(pg_backend_pid()); "
      "perform pg_sleep(0.01); return new; end $$");
  service.database().exec("create " + std::string(at_commit ? "constraint " : "") +
                          "trigger kill after insert on " + table +
                          (at_commit ? " deferrable initially deferred" : "") +
                          " for each row execute function kill()");
}

class KilledTransaction : public ::testing::TestWithParam<std::pair<std::string, bool>> {};

TEST_P(KilledTransaction, LeavesNothingAndTheNextOneWorks) {
  RunningService service(StoreKind::postgres);
  const auto& [table, at_commit] = GetParam();
  kill_on_insert(service, table, at_commit);
  const Reply killed = service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n");
  EXPECT_EQ(killed.status, 503) << killed.body;
  EXPECT_EQ(killed.headers.find("Retry-After"), "1");
  testing::expect_nothing(service.database());
  service.database().exec("drop function kill cascade");
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n").status, 201);
  for (const std::string there : {"orders", "order_lines", "outbox", "order_idempotency"}) {
    EXPECT_EQ(service.value("select count(*) from " + there), "1") << there;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, KilledTransaction,
    ::testing::Values(std::pair("order_lines", false), std::pair("outbox", false),
                      std::pair("order_idempotency", false), std::pair("orders", true)),
    [](const auto& param) {
      return param.param.first + (param.param.second ? "_at_commit" : "_at_insert");
    });

TEST(PostgresStore, AStatementThatHangsIsGivenUp) {
  RunningService service(StoreKind::postgres, {.database_statement_timeout = milliseconds(100)});
  service.database().exec("begin; lock table orders in access exclusive mode");
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 503);
  EXPECT_EQ(service.get("/v1/orders").status, 503);
  service.database().exec("rollback");
  EXPECT_EQ(service.get("/v1/orders").status, 200);
}

TEST(PostgresStore, ABusyPoolIsA503) {
  RunningService service(StoreKind::postgres,
                         {.database_pool_size = 1, .database_acquire_timeout = milliseconds(100)});
  service.database().hold_transactions();
  std::jthread waiting([&] { EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201); });
  ASSERT_TRUE(service.holds_transactions(1));
  EXPECT_EQ(service.get("/v1/orders").status, 503);
  EXPECT_EQ(service.connections_in_use(), 1);
  service.database().release_transactions();
}

TEST(PostgresStore, RefusesADatabaseWithoutAnOutboxAndSaysWhatToDo) {
  const test::TestDatabase database;
  const auto started = testing::start_service(database.url());
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::not_found);
  EXPECT_NE(started.error().message.find("outboxctl migrate"), std::string::npos);
}

TEST(PostgresStore, TakesATableWhoseNameNeedsQuotes) {
  const test::OutboxDatabase database({.table = "My-outbox"});
  const auto started = testing::start_service(database.url(), {.outbox_table = "My-outbox"});
  ASSERT_TRUE(started.ok()) << started.error().message;
  EXPECT_EQ(http::testing::request((*started)->port(), "POST", "/v1/orders", kOrderBody).status,
            201);
}

TEST(PostgresStore, TakesEachPayloadType) {
  for (const auto type :
       {PayloadType::json, PayloadType::jsonb, PayloadType::text, PayloadType::bytea}) {
    const test::OutboxDatabase database({.payload_type = type});
    const auto started = testing::start_service(database.url());
    ASSERT_TRUE(started.ok()) << started.error().message;
    EXPECT_EQ(http::testing::request((*started)->port(), "POST", "/v1/orders", kOrderBody).status,
              201);
  }
}

TEST(PostgresStore, GivesUpOnADatabaseThatStaysAway) {
  const auto started = testing::start_service("postgresql://nobody:secret-word@127.0.0.1:1/orders",
                                              {.database_startup_timeout = milliseconds(0)});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message.find("secret-word"), std::string::npos);
}

TEST(PostgresStore, AStopEndsTheWaitForTheDatabase) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(testing::start_service("postgresql://127.0.0.1:1/orders",
                                      {.database_startup_timeout = std::chrono::hours(1)},
                                      stop.get_token())
                   .ok());
}

}  // namespace
}  // namespace outbox::orders
