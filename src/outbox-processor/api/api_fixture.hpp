// The API over HTTP, with a real PostgreSQL behind it and a message of each status in it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "admin/message_fixture.hpp"
#include "core/testing/fake_sink.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "outbox-processor/api/read_routes.hpp"
#include "relay_settings/settings.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "support/http/server.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::api {

// The same routes, for callers who are who the header Test-Role says.
inline http::Router with_callers(const http::Router& router) {
  http::Router result;
  for (const http::Route* route : router.routes()) {
    result.add(
        route->method, route->pattern, [handler = route->handler](const http::Request& request) {
          http::Request called = request;
          if (const auto role = request.headers.find("Test-Role")) {
            called.caller =
                http::Caller{"ada", *role == "viewer" ? http::Role::viewer : http::Role::operator_};
          }
          return handler(called);
        });
  }
  return result;
}

// What answers, on an outbox that may be away.
class ApiServer {
 public:
  ApiServer(std::string url, const std::string& consumer_url, bool in_sqlite = false)
      : pool_(url, "outbox"),
        consumer_(consumer_url),
        status_(std::move(url), "outbox", std::chrono::milliseconds{0}),
        groups_(
            [](const TopicNames&, const std::stop_token&) {
              return std::vector<kafka::GroupLag>{
                  {"bills", std::vector<kafka::TopicLag>{{"orders", 3, 7}}},
                  {"mails", Error{ErrorCode::destination_unavailable, "no broker answers"}}};
            },
            {"bills", "mails"}, relay_, metrics_),
        monitor_(
            {status_, relay_, sink_, in_sqlite ? nullptr : &pool_, nullptr, &consumer_, &groups_},
            std::chrono::milliseconds{0}) {
    groups_.look(ConsumerGroups::Clock::now());
    EXPECT_TRUE(schema_.load({.file = {},
                              .environment = {{"DATABASE_URL", "postgresql://u:hidden@db/shop"}},
                              .flags = {{"http.port", "0"}}}));
    context_.outbox = in_sqlite ? nullptr : &pool_;
    context_.operations = &operations_;
    context_.monitor = &monitor_;
    context_.schema = &schema_;
    context_.consumer = &consumer_;
    context_.relay = "host:1";
    context_.lease = std::chrono::seconds{10};
    context_.masked_paths = {admin::parse_json_path("$.customer").value()};
    add_read_routes(router_, context_);
    add_change_routes(router_, context_);
    server_ = std::make_unique<http::Server>(http::ServerOptions{}, with_callers(router_));
    EXPECT_TRUE(server_->start());
  }

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] const http::Router& router() const { return router_; }
  RelayObserver& observer() { return relay_; }
  Monitor& monitor() { return monitor_; }
  Operations& operations() { return operations_; }

  [[nodiscard]] http::testing::Reply ask(std::string_view method, std::string_view target,
                                         std::string_view body = {},
                                         std::string_view headers = {}) const {
    std::string all{headers};
    if (!body.empty() && all.find("Content-Type") == std::string::npos) {
      all += "Content-Type: application/json\r\n";
    }
    return http::testing::request(port(), method, target, body, all);
  }

 private:
  admin::OutboxPool pool_;
  ConsumerClient consumer_;
  postgres_table::StatusReader status_;
  telemetry::Metrics metrics_{"outbox-processor"};
  RelayMetrics relay_{metrics_};
  FakeSink sink_;
  ConsumerGroups groups_;
  Monitor monitor_;
  Operations operations_;
  Settings settings_;
  config::Schema schema_ = make_schema(settings_);
  ApiContext context_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;  // last: it borrows the rest
};

class ApiReadTest : public admin::MessageTest {
 protected:
  ApiReadTest() {
    http::Router router;
    router.add("GET", "/v1/events/{id}", [this](const http::Request& request) {
      if (request.path_parameter("id") != consumed_) {
        return http::problem(404, "Not Found", "unknown");
      }
      return http::json_response(200, R"({"effect":"created","duplicates":1,)"
                                      R"("invoiceId":"inv-1","at":"2030-01-01T00:00:00.000Z"})");
    });
    router.add("GET", "/livez", [](const http::Request&) { return http::text_response(200, ""); });
    consumer_ = std::make_unique<http::Server>(http::ServerOptions{}, std::move(router));
    EXPECT_TRUE(consumer_->start());
    api_ = std::make_unique<ApiServer>(database_.url(),
                                       "http://127.0.0.1:" + std::to_string(consumer_->port()));
  }

  [[nodiscard]] nlohmann::json get(std::string_view target, std::string_view headers = {}) const {
    const auto reply = api_->ask("GET", target, {}, headers);
    EXPECT_EQ(reply.status, 200) << target << ": " << reply.body;
    EXPECT_EQ(reply.headers.find("Cache-Control"), "no-store") << target;
    return nlohmann::json::parse(reply.body);
  }

  std::string consumed_;  // the id that the consumer knows
  std::unique_ptr<http::Server> consumer_;
  std::unique_ptr<ApiServer> api_;
};

}  // namespace outbox::api
