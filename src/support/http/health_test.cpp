#include "support/http/health.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::http {
namespace {

using std::chrono::milliseconds;

Response get(const Router& router, std::string_view path, NamedValues query = {}) {
  auto found = router.find("GET", path);
  Request request;
  request.query = std::move(query);
  return std::get<Router::Match>(found).route->handler(request);
}

ReadinessCheck passes(std::string name) {
  return {std::move(name), [](milliseconds) { return Result<void>{}; }};
}

TEST(Health, LivezAsksNobody) {
  Router router;
  std::atomic<int> calls{0};
  add_health_routes(router,
                    {{"db",
                      [&](milliseconds) {
                        ++calls;
                        return Result<void>{};
                      }}},
                    [] { return std::string(); });
  EXPECT_EQ(get(router, "/livez").status, 200);
  EXPECT_EQ(calls, 0);
}

TEST(Health, ReadyzTellsWhichCheckFails) {
  Router router;
  add_health_routes(router,
                    {passes("kafka"),
                     {"db",
                      [](milliseconds) {
                        return Result<void>{Error{ErrorCode::source_unavailable, "cannot connect"}};
                      }},
                     {"odd", [](milliseconds) -> Result<void> { throw std::runtime_error("x"); }}},
                    [] { return std::string(); });
  EXPECT_EQ(get(router, "/readyz").body, R"({"status":"not ready"})");
  const Response response = get(router, "/readyz", {{"verbose", ""}});
  EXPECT_EQ(response.status, 503);
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["checks"][0]["ok"], true);
  EXPECT_EQ(body["checks"][1]["ok"], false);
  EXPECT_EQ(body["checks"][1]["detail"], "cannot connect");
  EXPECT_EQ(body["checks"][2]["ok"], false);
}

TEST(Health, ReadyzTellsTheReasonToThoseWhoMaySeeIt) {
  Router router;
  HealthOptions options;
  options.may_see_details = [](const Request& request) { return request.caller.has_value(); };
  add_health_routes(
      router,
      {{"db",
        [](milliseconds) {
          return Result<void>{Error{ErrorCode::source_unavailable, "cannot connect"}};
        }}},
      [] { return std::string(); }, options);
  EXPECT_EQ(get(router, "/readyz", {{"verbose", ""}}).body,
            R"({"status":"not ready","checks":[{"name":"db","ok":false}]})");
}

TEST(Health, ReadyzIsReadyWhenAllPass) {
  Router router;
  add_health_routes(router, {passes("db")}, [] { return std::string(); });
  EXPECT_EQ(get(router, "/readyz").status, 200);
}

TEST(Health, ResultsAreCached) {
  Router router;
  std::atomic<int> calls{0};
  const auto count = [&](milliseconds) {
    ++calls;
    return Result<void>{};
  };
  add_health_routes(router, {{"db", count}}, [] { return std::string(); },
                    {.check_timeout = milliseconds(5'000), .cache_for = milliseconds(60'000)});
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(get(router, "/readyz").status, 200);
  EXPECT_EQ(calls, 1);
}

TEST(Health, AnOldResultIsAskedForAgain) {
  Router router;
  std::atomic<int> calls{0};
  const auto count = [&](milliseconds) {
    ++calls;
    return Result<void>{};
  };
  add_health_routes(router, {{"db", count}}, [] { return std::string(); },
                    {.check_timeout = milliseconds(5'000), .cache_for = milliseconds(0)});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(get(router, "/readyz").status, 200);
  EXPECT_EQ(calls, 3);
}

TEST(Health, AHangingCheckIsBoundedAndRunsOnce) {
  std::promise<void> release;
  std::atomic<int> calls{0};
  Router router;
  add_health_routes(router,
                    {{"db",
                      [&, released = release.get_future().share()](milliseconds) {
                        ++calls;
                        released.wait();
                        return Result<void>{};
                      }}},
                    [] { return std::string(); },
                    {.check_timeout = milliseconds(50), .cache_for = milliseconds(60'000)});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    const Response response = get(router, "/readyz", {{"verbose", ""}});
    EXPECT_EQ(response.status, 503);
    EXPECT_NE(response.body.find("no answer within 50 ms"), std::string::npos);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(calls, 1);
  release.set_value();
}

TEST(Health, MetricsAreServedAsPrometheusText) {
  Router router;
  add_health_routes(router, {}, [] { return std::string("up 1\n"); });
  const Response response = get(router, "/metrics");
  EXPECT_EQ(response.body, "up 1\n");
  EXPECT_TRUE(response.content_type.starts_with("text/plain; version=0.0.4"));
}

}  // namespace
}  // namespace outbox::http
