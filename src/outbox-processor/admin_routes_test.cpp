// The relay's port 8080, over HTTP and with a real PostgreSQL behind it.
#include "outbox-processor/admin_routes.hpp"

#include <atomic>
#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/testing/fake_sink.hpp"
#include "sources/postgres_table/mode_switch.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "support/http/server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

using http::testing::Reply;
using nlohmann::json;
using test::must_exec;

class CountingSink final : public FakeSink {
 public:
  [[nodiscard]] SinkHealth health() const override {
    SinkHealth health = FakeSink::health();
    health.topic_partition_changes = partition_changes;
    return health;
  }
  std::atomic<std::uint64_t> partition_changes = 0;
};

class AdminRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    http::Router router;
    add_admin_routes(router, {status_, relay_, sink_, metrics_});
    server_ = std::make_unique<http::Server>(http::ServerOptions{}, std::move(router));
    ASSERT_TRUE(server_->start());
  }

  [[nodiscard]] Reply get(std::string_view target) const {
    return http::testing::request(server_->port(), "GET", target);
  }
  void add_message(const std::string& key) {
    must_exec(connection_,
              "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
              "values (gen_random_uuid(), 'order', '" +
                  key + "', 'OrderCreated', '{}')");
  }
  // The value of a metric without labels.
  [[nodiscard]] std::string metric(const std::string& name) const {
    const std::string text = "\n" + get("/metrics").body;
    const auto line = text.find("\n" + name + " ");
    if (line == std::string::npos) return "none";
    const auto value = line + name.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  postgres_table::StatusReader status_{database_.url(), "outbox", std::chrono::milliseconds{0}};
  telemetry::Metrics metrics_{"outbox-processor"};
  RelayMetrics relay_{metrics_};
  RelayObserver& observer_{relay_};
  CountingSink sink_;
  std::unique_ptr<http::Server> server_;  // last: it borrows the rest
};

TEST_F(AdminRoutesTest, TheDashboardIsServed) {
  const Reply reply = get("/messages/17");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_FALSE(reply.body.empty());
}

TEST_F(AdminRoutesTest, TheGaugesTellOfTheOutbox) {
  EXPECT_EQ(metric("outbox_source_up"), "1");
  EXPECT_EQ(metric("outbox_pending_messages"), "0");
  EXPECT_EQ(metric("outbox_oldest_pending_age_seconds"), "0");
  add_message("a");
  EXPECT_EQ(metric("outbox_pending_messages"), "1");
  must_exec(connection_, "select pg_sleep(0.01)");
  EXPECT_GT(std::stod(metric("outbox_oldest_pending_age_seconds")), 0.0);
}

TEST_F(AdminRoutesTest, TheLogThatTheServerKeepsIsExported) {
  EXPECT_EQ(metric("outbox_source_lag_bytes"), "0");
  const auto tables = postgres_table::Tables::find(connection_, "outbox");
  ASSERT_TRUE(tables);
  ASSERT_TRUE(
      postgres_table::read_log(connection_, database_.url(), *tables, "", {.actor = "test"}));
  add_message("a");
  EXPECT_GT(std::stod(metric("outbox_source_lag_bytes")), 100.0);
}

TEST_F(AdminRoutesTest, TheSinksCountOfMovedKeysIsExported) {
  EXPECT_EQ(metric("outbox_topic_partition_changes_total"), "0");
  sink_.partition_changes = 2;
  EXPECT_EQ(metric("outbox_topic_partition_changes_total"), "2");
  EXPECT_EQ(metric("outbox_topic_partition_changes_total"), "2");
}

TEST_F(AdminRoutesTest, AFailedLookLeavesNoOldNumbers) {
  add_message("a");
  EXPECT_EQ(metric("outbox_pending_messages"), "1");
  must_exec(connection_, "alter table outbox rename to gone");
  EXPECT_EQ(metric("outbox_source_up"), "0");
  for (const char* name : {"outbox_pending_messages", "outbox_oldest_pending_age_seconds",
                           "outbox_retrying_messages", "outbox_dead_letter_messages"}) {
    EXPECT_THAT(metric(name), testing::StrCaseEq("NaN")) << name;
  }
  must_exec(connection_, "alter table gone rename to outbox");
  EXPECT_EQ(metric("outbox_source_up"), "1");
  EXPECT_EQ(metric("outbox_pending_messages"), "1");
}

TEST_F(AdminRoutesTest, LivezAsksNobodyAndReadyzTheSource) {
  EXPECT_EQ(get("/livez").status, 200);
  const Reply away = get("/readyz?verbose");
  EXPECT_EQ(away.status, 503);
  const json checks = json::parse(away.body)["checks"];
  EXPECT_EQ(checks[0], (json{{"name", "source"}, {"ok", false}, {"detail", "connecting"}}));
  EXPECT_EQ(checks[1], (json{{"name", "sink"}, {"ok", true}}));
  observer_.source_connected({});
  EXPECT_TRUE(test::eventually([&] { return get("/readyz").status == 200; }));
}

}  // namespace
}  // namespace outbox
