// Holds openapi.json against the running service.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "invoice-service/event_api.hpp"
#include "invoice-service/http_api.hpp"
#include "invoice-service/mongo_invoice.hpp"
#include "invoice-service/service_fixture.hpp"
#include "support/http/health.hpp"
#include "tests/support/http/json_schema.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::invoices {
namespace {

using http::testing::violations;
using nlohmann::json;
using std::chrono::seconds;
using testing::created_event;
using ::testing::IsEmpty;
using testing::order_id;
using testing::ServiceTest;

const json& document() {
  static const json kDocument = json::parse(openapi_document());
  return kDocument;
}

TEST(OpenApi, DocumentsEachRouteAndNoOther) {
  const test::TemporaryFolder folder;
  const auto store = open_store("sqlite:" + (folder.path() / "invoices.db").string(), "");
  ASSERT_TRUE(store) << store.error().message;
  prometheus::Registry registry;
  ConsumerMetrics metrics(registry);
  EventHandler handler(**store, metrics);
  EventBatcher batcher(handler, metrics);
  http::Router router;
  add_routes(router, **store, {});
  add_event_route(router, {}, batcher, metrics);
  http::add_health_routes(router, {}, [] { return std::string(); });
  std::set<std::pair<std::string, std::string>> routes;
  for (const http::Route* route : router.routes())
    routes.emplace(route->method, route->pattern);
  std::set<std::pair<std::string, std::string>> documented;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items())
      documented.emplace(method == "get" ? "GET" : "POST", path);
  }
  EXPECT_EQ(routes, documented);
}

class OpenApiServiceTest : public ServiceTest {
 protected:
  // Asks, and holds the answer against what the path's operation documents.
  json see(const std::string& path, const std::string& target, int status) const {
    const auto reply = http::testing::request(service_.port, "GET", target);
    EXPECT_EQ(reply.status, status) << target << ": " << reply.body;
    json documented = document()["paths"][path]["get"]["responses"][std::to_string(status)];
    if (documented.contains("$ref")) {
      documented =
          document().at(json::json_pointer(documented["$ref"].get<std::string>().substr(1)));
    }
    std::string type(reply.headers.find("Content-Type").value_or(""));
    type = type.substr(0, type.find(';'));
    EXPECT_TRUE(documented["content"].contains(type)) << target << " answers with " << type;
    if (!documented["content"].contains(type)) return {};
    json body = type == "text/plain" ? json(reply.body) : json::parse(reply.body);
    EXPECT_THAT(violations(document(), documented["content"][type]["schema"], body), IsEmpty())
        << target << ": " << reply.body;
    return body;
  }

  Instance service_ = start();
};

TEST_F(OpenApiServiceTest, EachAnswerIsAsDocumented) {
  produce({created_event(1), created_event(2), created_event(3), testing::cancelled_event(3)});
  ASSERT_TRUE(await_invoices(3, seconds(20)));

  see("/v1/invoices/{id}", "/v1/invoices/" + invoice_id(order_id(1)), 200);
  see("/v1/invoices/{id}", "/v1/invoices/" + invoice_id(order_id(9)), 404);
  see("/v1/invoices/{id}", "/v1/invoices/17", 404);
  see("/v1/events/{id}", "/v1/events/" + std::string(*created_event(2).header("id")), 200);
  see("/v1/events/{id}", "/v1/events/0190dddd-0000-7000-8000-000000000001", 404);
  see("/health", "/health", 200);
  see("/livez", "/livez", 200);
  EXPECT_EQ(see("/readyz", "/readyz?verbose", 200)["checks"].size(), 3U);
  see("/metrics", "/metrics", 200);
  EXPECT_EQ(see("/openapi.json", "/openapi.json", 200), document());
}

TEST_F(OpenApiServiceTest, InvoicesAreListedPageByPage) {
  produce({created_event(1), created_event(2), created_event(3)});
  ASSERT_TRUE(await_invoices(3, seconds(20)));

  const json first = see("/v1/invoices", "/v1/invoices?limit=2", 200);
  ASSERT_EQ(first["invoices"].size(), 2U);
  EXPECT_EQ(first["invoices"][0]["orderId"], order_id(1));
  const json last = see(
      "/v1/invoices", "/v1/invoices?limit=2&cursor=" + first["nextCursor"].get<std::string>(), 200);
  ASSERT_EQ(last["invoices"].size(), 1U);
  EXPECT_EQ(last["invoices"][0]["orderId"], order_id(3));
  EXPECT_TRUE(last["nextCursor"].is_null());

  const json one = see("/v1/invoices", "/v1/invoices?orderId=" + order_id(2), 200);
  ASSERT_EQ(one["invoices"].size(), 1U);
  EXPECT_EQ(one["invoices"][0]["orderId"], order_id(2));
  EXPECT_EQ(see("/v1/invoices", "/v1/invoices?orderId=" + order_id(8), 200)["invoices"].size(), 0U);
  for (const auto* wrong : {"orderId=17", "limit=0", "limit=501", "limit=x", "cursor=17"}) {
    see("/v1/invoices", std::string("/v1/invoices?") + wrong, 400);
  }
}

TEST_F(OpenApiServiceTest, APageEndsBeforeItGetsTooLarge) {
  constexpr int kInvoices1MiB = 20;
  const auto invoices = database_.client().collection(kInvoices);
  for (int n = 1; n <= kInvoices1MiB; ++n) {
    mongo::Bson invoice;
    invoice.text("_id", order_id(n)).text("number", invoice_number(order_id(n)));
    invoice.text("customerId", std::string(1024 * 1024, 'c')).text("status", "issued");
    invoice.text("currency", "EUR");
    ASSERT_TRUE(
        mongoc_collection_insert_one(invoices.get(), invoice.get(), nullptr, nullptr, nullptr));
  }
  std::size_t seen = 0;
  std::size_t pages = 0;
  std::string cursor;
  do {
    const json page = see("/v1/invoices", "/v1/invoices?limit=500" + cursor, 200);
    ASSERT_FALSE(page["invoices"].empty());
    EXPECT_LE(page["invoices"].size(), 9U);
    for (const json& invoice : page["invoices"])
      EXPECT_EQ(invoice["orderId"], order_id(static_cast<int>(++seen)));
    cursor = page["nextCursor"].is_null() ? "" : "&cursor=" + page["nextCursor"].get<std::string>();
    ++pages;
  } while (!cursor.empty() && pages < 10);
  EXPECT_EQ(seen, static_cast<std::size_t>(kInvoices1MiB));
  EXPECT_EQ(pages, 3U);
}

}  // namespace
}  // namespace outbox::invoices
