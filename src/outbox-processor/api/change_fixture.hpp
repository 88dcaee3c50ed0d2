// What changes an outbox over HTTP, with a real PostgreSQL behind it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "admin/outbox_pool.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "support/http/server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/open_gate.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::api {

class ApiTest : public testing::Test {
 protected:
  void SetUp() override {
    http::Router router;
    add_change_routes(router, {&outbox_, &operations_});
    server_ = std::make_unique<http::Server>(http::testing::open_to_all(), std::move(router));
    ASSERT_TRUE(server_->start());
  }

  [[nodiscard]] http::testing::Reply get(std::string_view target) const {
    return http::testing::request(server_->port(), "GET", target);
  }
  [[nodiscard]] http::testing::Reply post(std::string_view target,
                                          std::string_view body = "") const {
    return http::testing::request(server_->port(), "POST", target, body,
                                  body.empty() ? "" : "Content-Type: application/json\r\n");
  }
  // Once it has ended; what it came to.
  [[nodiscard]] nlohmann::json ended(const http::testing::Reply& started) const {
    EXPECT_EQ(started.status, 202) << started.body;
    if (started.status != 202) return {};
    const std::string location{started.headers.find("Location").value_or("")};
    nlohmann::json operation;
    EXPECT_TRUE(test::eventually([&] {
      operation = nlohmann::json::parse(get(location).body);
      return operation["state"] != "running";
    }));
    return operation;
  }
  [[nodiscard]] static std::vector<std::string> wrong_fields(const http::testing::Reply& reply) {
    EXPECT_EQ(reply.headers.find("Content-Type"), "application/problem+json");
    std::vector<std::string> pointers;
    const nlohmann::json body = nlohmann::json::parse(reply.body);
    for (const auto& error : body["errors"])
      pointers.push_back(error["pointer"]);
    return pointers;
  }
  [[nodiscard]] static std::string detail(const http::testing::Reply& reply) {
    return nlohmann::json::parse(reply.body)["detail"];
  }

  std::string value(const std::string& sql) { return test::value_of(connection_, sql); }
  void exec(const std::string& sql) { test::must_exec(connection_, sql); }
  void write(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      exec(
          "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
          "(gen_random_uuid(), 'order', '" +
          key + "', 'OrderPaid', '{\"price\": 1}')");
    }
  }
  // As the relay does when everything that is visible was read.
  void pass_all() {
    exec(
        "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
        "select max(epoch), max(n) + 1, -1, pg_current_snapshot() from outbox_progress_0");
  }
  std::string states(const std::string& states) {
    return value(
        "select coalesce(string_agg(seq || ' ' || state, ', ' order by seq), '') "
        "from outbox_exception where state = any ('" +
        states + "')");
  }
  std::string audit() {
    return value(
        "select coalesce(string_agg(actor || ': ' || action || coalesce(' ' || seq, ''), ', ' "
        "order by id), '') from outbox_audit");
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  admin::OutboxPool outbox_{database_.url(), "outbox"};
  Operations operations_;
  std::unique_ptr<http::Server> server_;  // last: it borrows the rest
};

}  // namespace outbox::api
