// What only a SQLite file can do to the service.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"
#include "order-service/sqlite_test_store.hpp"

namespace outbox::orders {
namespace {

using std::chrono::milliseconds;
using testing::kOrderBody;
using testing::RunningService;
using testing::StoreKind;

std::string start_error(const std::string& url) {
  const auto started = testing::start_service(url);
  return started.ok() ? "started" : started.error().message;
}

TEST(SqliteStore, ABusyWriterIsA503WhileReadingGoesOn) {
  RunningService service(StoreKind::sqlite, {.database_acquire_timeout = milliseconds(50),
                                             .database_statement_timeout = milliseconds(500)});
  service.database().hold_transactions();
  std::jthread waiting([&] { EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 503); });
  ASSERT_TRUE(service.holds_transactions(1));
  const auto refused = service.post("/v1/orders", kOrderBody);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.find("Retry-After"), "1");
  EXPECT_EQ(service.get("/v1/orders").status, 200);
  EXPECT_EQ(service.get("/readyz").status, 200);
  waiting.join();
  service.database().release_transactions();
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  EXPECT_EQ(service.value("select count(*) from orders"), "1");
}

TEST(SqliteStore, ATwinAtAnotherServiceGetsTheFirstAnswer) {
  RunningService first(StoreKind::sqlite);
  const auto second = testing::start_service(first.database().url());
  ASSERT_TRUE(second.ok()) << second.error().message;
  const std::string key = "Idempotency-Key: k\r\n";
  first.database().hold_transactions();
  testing::Reply one;
  testing::Reply two;
  {
    std::jthread a([&] { one = first.post("/v1/orders", kOrderBody, key); });
    std::jthread b([&] {
      two = http::testing::request((*second)->port(), "POST", "/v1/orders", kOrderBody, key);
    });
    ASSERT_TRUE(first.holds_transactions(1));
    first.database().release_transactions();
  }
  EXPECT_EQ(one.status, 201);
  EXPECT_EQ(two.status, 201);
  EXPECT_EQ(one.body, two.body);
  EXPECT_EQ(first.value("select count(*) from orders"), "1");
}

TEST(SqliteStore, AReplacedFileIsWrittenToNoMore) {
  RunningService service(StoreKind::sqlite);
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  service.database().close_database();
  testing::SqliteTestStore other;
  other.disconnect();
  const std::string path = service.database().url().substr(std::string("sqlite:").size());
  std::filesystem::copy_file(other.path(), path);
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 500);  // it has no order tables
  EXPECT_EQ(service.value("select count(*) from orders"), "1");
}

TEST(SqliteStore, RefusesADatabaseWithoutAnOutboxAndSaysWhatToDo) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() / "shop.db";
  const std::string remedy = "outboxctl migrate --database sqlite:" + path + "'";
  EXPECT_NE(start_error("sqlite:" + path).find(remedy), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path)) << "a start that is refused leaves no file";
  const std::ofstream empty(path);
  EXPECT_NE(start_error("sqlite:" + path).find(remedy), std::string::npos);
}

TEST(SqliteStore, RefusesWhatIsNoDatabase) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() / "text";
  std::ofstream{path} << std::string(8'192, 'x');
  EXPECT_NE(start_error("sqlite:" + path).find(path), std::string::npos);
  EXPECT_NE(start_error("sqlite:" + folder.path().string()).find(folder.path()), std::string::npos);
  EXPECT_NE(start_error("sqlite:").find("sqlite:PATH"), std::string::npos);
}

TEST(SqliteStore, TheTablesRefuseWhatNoOrderHolds) {
  RunningService service(StoreKind::sqlite);
  ASSERT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n").status, 201);
  for (const std::string change :
       {"delete from orders", "update orders set id = 'x'", "update orders set currency = 'eur'",
        "update orders set total_minor = -1", "update orders set created_at = 'today'",
        "update orders set status = 'CANCELLED'", "update orders set cancelled_at = 1",
        "update order_lines set order_id = '01890000-0000-7000-8000-000000000001'",
        "update order_lines set quantity = 0", "update order_lines set quantity = 2147483648",
        "update order_lines set unit_price_minor = -1", "update order_lines set product_id = null",
        "update order_idempotency set request_hash = 'text'"}) {
    EXPECT_THROW(service.database().exec(change), std::runtime_error) << change;
  }
}

// A process that is killed in the middle of an order.

bool g_armed = false;

void die(sqlite3_context* /*context*/, int /*count*/, sqlite3_value** /*values*/) {
  if (g_armed) std::raise(SIGKILL);
}

int die_at_commit(void* /*unused*/) {
  if (g_armed) std::raise(SIGKILL);
  return 0;
}

// Runs for each connection that is opened.
int add_ways_to_die(sqlite3* database, const char** /*error*/, const void* /*api*/) {
  return sqlite3_create_function(database, "die", 0, SQLITE_UTF8, nullptr, die, nullptr, nullptr);
}

int add_death_at_commit(sqlite3* database, const char** /*error*/, const void* /*api*/) {
  sqlite3_commit_hook(database, die_at_commit, nullptr);
  return SQLITE_OK;
}

using Extension = int (*)(sqlite3*, const char**, const void*);

Order an_order() {
  Order order;
  order.id = Uuid::v7();
  order.data.currency = "EUR";
  order.data.status = kCreated;
  order.data.lines = {{"p", 1, 100}};
  order.data.total_minor = 100;
  return order;
}

void create_order(const std::string& url) {
  const auto store = open_store({.url = url}, {});
  if (!store.ok()) return;
  g_armed = true;
  static_cast<void>((*store)->create(an_order(), {}, {201, "/", "{}"}, {{"k", "hash"}}));
}

void create_order_and_die(const std::string& url, Extension extension) {
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(extension));  // NOLINT: SQLite's interface
  create_order(url);
}

class KilledProcess : public ::testing::TestWithParam<std::string> {};

TEST_P(KilledProcess, LeavesNothingAndAFileThatIsWhole) {
  testing::SqliteTestStore database;
  ASSERT_TRUE(open_store({.url = database.url()}, {}).ok());
  const bool at_commit = GetParam() == "commit";
  if (!at_commit) {
    database.exec("create trigger die after insert on " + GetParam() + " begin select die(); end");
  }
  database.disconnect();
  EXPECT_EXIT(
      create_order_and_die(database.url(), at_commit ? add_death_at_commit : add_ways_to_die),
      ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(database.value("pragma integrity_check"), "ok");
  testing::expect_nothing(database);
  if (!at_commit) database.exec("drop trigger die");
  create_order(database.url());
  for (const std::string there : {"orders", "order_lines", "outbox", "order_idempotency"}) {
    EXPECT_EQ(database.value("select count(*) from " + there), "1") << there;
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, KilledProcess,
                         ::testing::Values("orders", "order_lines", "outbox", "order_idempotency",
                                           "commit"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace outbox::orders
