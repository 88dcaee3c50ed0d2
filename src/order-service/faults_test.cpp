// What happens when the database fails, on a real PostgreSQL.
#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::orders {
namespace {

using std::chrono::milliseconds;
using testing::body_of;
using testing::kOrderBody;
using testing::Reply;
using testing::RunningService;

// Nothing of a failed order is there: no order, no line, no message, no answer.
void expect_nothing(RunningService& service) {
  for (const std::string table : {"orders", "order_lines", "outbox", "order_idempotency"}) {
    EXPECT_EQ(service.value("select count(*) from " + table), "0") << table;
  }
}

// Makes PostgreSQL end the service's connection when a row of the table is inserted, or when its
// transaction commits.
void kill_on_insert(RunningService& service, const std::string& table, bool at_commit) {
  test::must_exec(service.sql(),
                  "create function kill() returns trigger language plpgsql as $$ begin "
                  "perform pg_terminate_backend(pg_backend_pid()); "
                  "perform pg_sleep(0.01); return new; end $$");
  test::must_exec(service.sql(), "create " + std::string(at_commit ? "constraint " : "") +
                                     "trigger kill after insert on " + table +
                                     (at_commit ? " deferrable initially deferred" : "") +
                                     " for each row execute function kill()");
}

class KilledTransaction : public ::testing::TestWithParam<std::pair<std::string, bool>> {};

TEST_P(KilledTransaction, LeavesNothingAndTheNextOneWorks) {
  RunningService service;
  const auto& [table, at_commit] = GetParam();
  kill_on_insert(service, table, at_commit);
  const Reply killed = service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n");
  EXPECT_EQ(killed.status, 503) << killed.body;
  EXPECT_EQ(killed.headers.find("Retry-After"), "1");
  expect_nothing(service);
  test::must_exec(service.sql(), "drop function kill cascade");
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

TEST(Faults, AnOrderWhoseMessageIsRefusedIsRolledBack) {
  RunningService service;
  test::must_exec(service.sql(), "alter table outbox add check (type <> 'OrderCreated')");
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 500);
  expect_nothing(service);
}

TEST(Faults, ACancellationWhoseMessageIsRefusedIsRolledBack) {
  RunningService service;
  const std::string path(*service.post("/v1/orders", kOrderBody).headers.find("Location"));
  test::must_exec(service.sql(), "alter table outbox add check (type <> 'OrderCancelled')");
  EXPECT_EQ(service.post(path + "/cancel", "").status, 500);
  EXPECT_EQ(body_of(service.get(path))["status"], "CREATED");
}

TEST(Faults, AnAwayDatabaseIsA503AndComesBackByItself) {
  RunningService service;
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  service.close_database();
  for (int i = 0; i < 3; ++i) {
    const Reply reply = service.post("/v1/orders", kOrderBody);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.headers.find("Retry-After"), "1");
    EXPECT_EQ(reply.body.find("postgresql://"), std::string::npos);
  }
  EXPECT_EQ(service.get("/livez").status, 200);
  EXPECT_TRUE(test::eventually([&] { return service.get("/readyz").status == 503; }));
  const auto ready = body_of(service.get("/readyz?verbose"));
  EXPECT_EQ(ready["checks"][0]["name"], "postgres");
  EXPECT_EQ(ready["checks"][0]["ok"], false);
  service.open_database();
  EXPECT_TRUE(test::eventually([&] { return service.get("/readyz").status == 200; }));
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  EXPECT_EQ(service.value("select count(*) from orders"), "2");
}

TEST(Faults, AStatementThatHangsIsGivenUp) {
  RunningService service({.database_statement_timeout = milliseconds(100)});
  auto blocker = service.database().connect();
  test::must_exec(blocker, "begin; lock table orders in access exclusive mode");
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 503);
  EXPECT_EQ(service.get("/v1/orders").status, 503);
  test::must_exec(blocker, "rollback");
  EXPECT_EQ(service.get("/v1/orders").status, 200);
}

TEST(Faults, ABusyPoolIsA503) {
  RunningService service({.database_pool_size = 1, .database_acquire_timeout = milliseconds(100)});
  service.hold_transactions();
  std::jthread waiting([&] { EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201); });
  ASSERT_TRUE(service.holds_a_transaction());
  EXPECT_EQ(service.get("/v1/orders").status, 503);
  EXPECT_NE(service.get("/metrics").body.find("database_connections_in_use 1\n"),
            std::string::npos);
  service.release_transactions();
}

TEST(Faults, StopLetsARunningRequestEnd) {
  RunningService service;
  service.hold_transactions();
  std::jthread request([&] { EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201); });
  ASSERT_TRUE(service.holds_a_transaction());
  std::jthread stopping([&] { service.service().stop(); });
  service.release_transactions();
  stopping.join();
  request.join();
  EXPECT_EQ(service.value("select count(*) from orders"), "1");
}

TEST(StartUp, RefusesADatabaseWithoutAnOutboxAndSaysWhatToDo) {
  const test::TestDatabase database;
  Settings settings;
  settings.database_url = database.url();
  settings.http_port = 0;
  const auto started = Service::start(settings, {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::not_found);
  EXPECT_NE(started.error().message.find("outboxctl migrate"), std::string::npos);
}

TEST(StartUp, TakesATableWhoseNameNeedsQuotes) {
  const test::OutboxDatabase database({.table = "My-outbox"});
  Settings settings;
  settings.database_url = database.url();
  settings.outbox_table = "My-outbox";
  settings.http_port = 0;
  const auto started = Service::start(settings, {});
  ASSERT_TRUE(started.ok()) << started.error().message;
  EXPECT_EQ(http::testing::request((*started)->port(), "POST", "/v1/orders", kOrderBody).status,
            201);
}

TEST(StartUp, RefusesATableNameThatIsNone) {
  const test::OutboxDatabase database;
  Settings settings;
  settings.database_url = database.url();
  settings.outbox_table = "out$box";
  settings.http_port = 0;
  const auto started = Service::start(settings, {});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("outbox.table"), std::string::npos);
}

TEST(StartUp, RefusesTablesOfANewerVersion) {
  RunningService service;
  test::must_exec(service.sql(), "insert into order_service_migration (version) values (1000)");
  Settings settings;
  settings.database_url = service.database().url();
  settings.http_port = 0;
  const auto started = Service::start(settings, {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::conflict);
}

TEST(StartUp, ManyAtOnceMakeTheTablesOnce) {
  const test::OutboxDatabase database;
  std::atomic<int> running{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        Settings settings;
        settings.database_url = database.url();
        settings.http_port = 0;
        const auto started = Service::start(settings, {});
        EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
        if (started.ok()) ++running;
      });
    }
  }
  EXPECT_EQ(running, 4);
  auto sql = database.connect();
  EXPECT_EQ(test::value_of(sql, "select count(*) from order_service_migration"), "1");
}

TEST(StartUp, GivesUpOnADatabaseThatStaysAway) {
  Settings settings;
  settings.database_url = "postgresql://nobody:secret-word@127.0.0.1:1/orders";
  settings.http_port = 0;
  settings.database_startup_timeout = milliseconds(0);
  const auto started = Service::start(settings, {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message.find("secret-word"), std::string::npos);
}

TEST(StartUp, AStopEndsTheWaitForTheDatabase) {
  Settings settings;
  settings.database_url = "postgresql://127.0.0.1:1/orders";
  settings.http_port = 0;
  settings.database_startup_timeout = std::chrono::hours(1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(Service::start(settings, stop.get_token()).ok());
}

TEST(StartUp, TakesEachPayloadType) {
  for (const auto type :
       {PayloadType::json, PayloadType::jsonb, PayloadType::text, PayloadType::bytea}) {
    const test::OutboxDatabase database({.payload_type = type});
    Settings settings;
    settings.database_url = database.url();
    settings.http_port = 0;
    const auto started = Service::start(settings, {});
    ASSERT_TRUE(started.ok()) << started.error().message;
    EXPECT_EQ(http::testing::request((*started)->port(), "POST", "/v1/orders", kOrderBody).status,
              201);
  }
}

}  // namespace
}  // namespace outbox::orders
