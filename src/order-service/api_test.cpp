// The service's routes, on each store.
#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"

namespace outbox::orders {
namespace {

using nlohmann::json;
using testing::body_of;
using testing::kOrderBody;
using testing::pointers_of;
using testing::Reply;
using testing::RunningService;

class Api : public testing::OnEachStore {};
INSTANTIATE_TEST_SUITE_P(Stores, Api, testing::each_store(), testing::store_name);

TEST_P(Api, CreatesAnOrderWithItsOutboxRow) {
  RunningService service(GetParam());
  const Reply reply =
      service.post("/v1/orders", kOrderBody,
                   "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  ASSERT_EQ(reply.status, 201) << reply.body;
  const json order = body_of(reply);
  const std::string id = order["id"];
  EXPECT_EQ(reply.headers.find("Location"), "/v1/orders/" + id);
  EXPECT_EQ(order["total"], "25.00");
  EXPECT_EQ(order["items"][0]["price"], "12.50");
  EXPECT_EQ(service.value("select count(*) from outbox"), "1");
  EXPECT_EQ(service.value("select aggregatetype || ' ' || type from outbox"), "order OrderCreated");
  EXPECT_EQ(service.value("select aggregateid from outbox"), id);
  EXPECT_EQ(service.value("select headers->>'traceparent' from outbox"),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const json event = json::parse(service.value("select payload from outbox"));
  EXPECT_EQ(event["orderId"], id);
  EXPECT_EQ(event["total"], "25.00");
  EXPECT_EQ(event["items"][0]["unitPrice"], "12.50");
}

TEST_P(Api, ShowsAnOrderAsItWasCreated) {
  RunningService service(GetParam());
  const Reply created = service.post("/v1/orders", R"({"currency":"BHD","items":[
      {"productId":"zwölf","quantity":1000000,"price":"1.234"},
      {"productId":"b \"quoted\"","quantity":1,"price":5}]})");
  ASSERT_EQ(created.status, 201) << created.body;
  const Reply shown = service.get(*created.headers.find("Location"));
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(body_of(shown), body_of(created));
  EXPECT_EQ(body_of(shown)["total"], "1234000.005");
}

TEST_P(Api, AnswersHeadAsGet) {
  RunningService service(GetParam());
  EXPECT_EQ(http::testing::request(service.port(), "HEAD", "/v1/orders").status, 200);
}

TEST_P(Api, UnknownOrdersAreNotFound) {
  RunningService service(GetParam());
  for (const std::string_view id : {"01890000-0000-7000-8000-000000000001", "1", "x%20y"}) {
    EXPECT_EQ(service.get("/v1/orders/" + std::string(id)).status, 404) << id;
    EXPECT_EQ(service.post("/v1/orders/" + std::string(id) + "/cancel", "").status, 404) << id;
  }
}

TEST_P(Api, TakesTheOrdersOfTheWellKnownDemo) {
  RunningService service(GetParam());
  const Reply reply = service.post(
      "/orders", R"({"productId":"p-1","quantity":3,"price":0.29,"status":"PENDING"})");
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_NE(reply.body.find("\"price\":0.29"), std::string::npos) << reply.body;
  EXPECT_EQ(body_of(reply)["status"], "PENDING");
  const json order = body_of(service.get(*reply.headers.find("Location")));
  EXPECT_EQ(order["currency"], "EUR");
  EXPECT_EQ(order["total"], "0.87");
  EXPECT_EQ(order["status"], "PENDING");
  EXPECT_TRUE(order["customerId"].is_null());
}

TEST_P(Api, CancelsOnceAndTellsItOnce) {
  RunningService service(GetParam());
  const std::string path(*service.post("/v1/orders", kOrderBody).headers.find("Location"));
  const Reply first = service.post(path + "/cancel", R"({"reason":"changed my mind"})");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(body_of(first)["status"], "CANCELLED");
  EXPECT_EQ(body_of(first)["cancellationReason"], "changed my mind");
  const Reply second = service.post(path + "/cancel", R"({"reason":"another"})");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(body_of(second), body_of(first));
  EXPECT_EQ(body_of(service.get(path)), body_of(first));
  EXPECT_EQ(service.value("select type from outbox order by seq"), "OrderCreated OrderCancelled");
  const json event =
      json::parse(service.value("select payload from outbox where type = 'OrderCancelled'"));
  EXPECT_EQ(event["reason"], "changed my mind");
  EXPECT_EQ(event["cancelledAt"], body_of(first)["cancelledAt"]);
}

TEST_P(Api, TwoCancellationsAtOnceTellItOnce) {
  RunningService service(GetParam());
  const std::string path(*service.post("/v1/orders", kOrderBody).headers.find("Location"));
  service.database().hold_transactions();
  {
    const auto cancel = [&] { EXPECT_EQ(service.post(path + "/cancel", "").status, 200); };
    const std::jthread first(cancel);
    ASSERT_TRUE(service.holds_transactions(1));
    const std::jthread second(cancel);
    EXPECT_TRUE(service.holds_transactions(2));
    service.database().release_transactions();
  }
  EXPECT_EQ(service.value("select count(*) from outbox where type = 'OrderCancelled'"), "1");
}

TEST_P(Api, ListsAllOrdersNewestFirst) {
  RunningService service(GetParam());
  std::vector<std::string> created;
  for (int i = 0; i < 7; ++i) {
    created.push_back(body_of(service.post("/v1/orders", kOrderBody))["id"]);
  }
  std::vector<std::string> listed;
  std::string cursor;
  int pages = 0;
  do {
    const Reply reply = service.get("/v1/orders?limit=3" + cursor);
    ASSERT_EQ(reply.status, 200) << reply.body;
    const json page = body_of(reply);
    for (const auto& order : page["orders"])
      listed.push_back(order["id"]);
    // An order that is created meanwhile does not shift the pages.
    if (pages++ == 0) (void)service.post("/v1/orders", kOrderBody);
    cursor = page["nextCursor"].is_null() ? "" : "&cursor=" + std::string(page["nextCursor"]);
  } while (!cursor.empty() && pages < 10);
  EXPECT_EQ(pages, 3);
  // By id: orders of the same millisecond are in any order.
  std::sort(created.rbegin(), created.rend());
  EXPECT_EQ(listed, created);
}

TEST_P(Api, AFullLastPageHasNoCursor) {
  RunningService service(GetParam());
  for (int i = 0; i < 3; ++i)
    (void)service.post("/v1/orders", kOrderBody);
  EXPECT_TRUE(body_of(service.get("/v1/orders?limit=3"))["nextCursor"].is_null());
  EXPECT_TRUE(body_of(service.get("/v1/orders"))["nextCursor"].is_null());
}

TEST_P(Api, OrdersWithManyLinesMakeShortPages) {
  RunningService service(GetParam());
  std::string body = R"({"currency":"EUR","items":[{"productId":"p","quantity":1,"price":0})";
  for (int line = 1; line < 1'000; ++line)
    body += R"(,{"productId":"p","quantity":1,"price":0})";
  for (int order = 0; order < 12; ++order)
    ASSERT_EQ(service.post("/v1/orders", body + "]}").status, 201);
  std::size_t listed = 0;
  std::string cursor;
  std::vector<std::size_t> pages;
  do {
    const json page = body_of(service.get("/v1/orders?limit=100" + cursor));
    pages.push_back(page["orders"].size());
    listed += pages.back();
    EXPECT_EQ(page["orders"][0]["items"].size(), 1'000U);
    cursor = page["nextCursor"].is_null() ? "" : "&cursor=" + std::string(page["nextCursor"]);
  } while (!cursor.empty() && pages.size() < 20);
  EXPECT_EQ(pages, (std::vector<std::size_t>{5, 5, 2}));
  EXPECT_EQ(listed, 12U);
}

TEST_P(Api, RefusesMalformedListParameters) {
  RunningService service(GetParam());
  for (const std::string_view query :
       {"limit=0", "limit=101", "limit=x", "cursor=x", "cursor=", "page=2", "limit=%zz"}) {
    EXPECT_EQ(service.get("/v1/orders?" + std::string(query)).status, 400) << query;
  }
}

TEST_P(Api, NamesTheWrongField) {
  RunningService service(GetParam());
  const Reply reply = service.post(
      "/v1/orders",
      R"({"currency":"EUR","items":[{"productId":"a","quantity":0,"price":12.5}],"x":1})");
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.headers.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(pointers_of(reply), "#/x,#/items/0/quantity,#/items/0/price");
  EXPECT_EQ(service.value("select count(*) from orders"), "0");
}

TEST_P(Api, RefusesMalformedBodies) {
  RunningService service(GetParam());
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "{\"a\":";
  for (const std::string& body :
       {std::string("{"), std::string("not json"), std::string("{} x"), deep,
        std::string(R"({"a":1,"a":2})"), std::string("{\"a\":\"\xFF\"}")}) {
    for (const std::string_view path : {"/v1/orders", "/orders"}) {
      const Reply reply = service.post(path, body);
      EXPECT_EQ(reply.status, 400) << body.substr(0, 50);
      EXPECT_NE(pointers_of(reply), "") << body.substr(0, 50);
    }
  }
  EXPECT_EQ(service.post("/v1/orders", "").status, 400);
  EXPECT_EQ(service.value("select count(*) from orders"), "0");
}

TEST_P(Api, LimitsTheBodyToOneMebibyte) {
  RunningService service(GetParam());
  const std::string padding(1024 * 1024 - kOrderBody.size(), ' ');
  EXPECT_EQ(service.post("/v1/orders", std::string(kOrderBody) + padding).status, 201);
  EXPECT_EQ(service.post("/v1/orders", std::string(kOrderBody) + padding + " ").status, 413);
}

TEST_P(Api, TakesTheLargestOrder) {
  RunningService service(GetParam());
  std::string id;
  for (int i = 0; i < 128; ++i)
    id += "😀";
  std::string body = R"({"currency":"EUR","items":[)";
  for (int i = 0; i < 1'000; ++i) {
    body += std::string(i > 0 ? "," : "") + R"({"productId":")" + id +
            R"(","quantity":1000000,"price":"92233720.36"})";
  }
  const Reply reply = service.post("/v1/orders", body + "]}");
  ASSERT_EQ(reply.status, 201) << reply.body.substr(0, 300);
  EXPECT_EQ(body_of(reply)["total"], "92233720360000000.00");
  EXPECT_EQ(service.value("select count(*) from order_lines"), "1000");
}

TEST_P(Api, RefusesOtherContentTypes) {
  RunningService service(GetParam());
  const auto with_type = [&](std::string_view type) {
    return http::testing::request(service.port(), "POST", "/v1/orders", kOrderBody,
                                  "Content-Type: " + std::string(type) + "\r\n")
        .status;
  };
  EXPECT_EQ(with_type("text/plain"), 415);
  EXPECT_EQ(with_type("application/x-www-form-urlencoded"), 415);
  EXPECT_EQ(with_type("Application/JSON; charset=utf-8"), 201);
}

TEST_P(Api, IgnoresAMalformedTraceparent) {
  RunningService service(GetParam());
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, "traceparent: nonsense\r\n").status, 201);
  EXPECT_EQ(service.value("select headers->>'traceparent' from outbox"), "");
}

TEST_P(Api, CountsWhatItDoes) {
  RunningService service(GetParam());
  const std::string path(*service.post("/v1/orders", kOrderBody).headers.find("Location"));
  (void)service.post(path + "/cancel", "");
  (void)service.post(path + "/cancel", "");
  (void)service.get("/nowhere");
  const std::string metrics = service.get("/metrics").body;
  for (const std::string_view line :
       {"orders_created_total 1\n", "orders_cancelled_total 1\n", "database_connections_max 8\n",
        R"(http_requests_total{method="POST",route="/v1/orders",status="201"} 1)",
        R"(http_requests_total{method="GET",route="none",status="404"} 1)",
        R"(http_request_duration_seconds_count{method="POST",route="/v1/orders/{id}/cancel"} 2)"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << "\n" << metrics;
  }
}

}  // namespace
}  // namespace outbox::orders
