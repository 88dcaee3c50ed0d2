// One trace through all three programs: from the HTTP request by the row and the record to the
// invoice, in spans that a collector takes.
#include <chrono>
#include <csignal>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/pg/connection.hpp"
#include "tests/e2e/system.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/span_collector.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::e2e {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::CollectedSpan;
using testing::IsEmpty;

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* kCaller = "00f067aa0ba902b7";
constexpr const char* kOrder =
    R"({"productId":"p-1","quantity":2,"price":"12.50","currency":"EUR"})";

class Tracing : public testing::Test {
 protected:
  Tracing() {
    for (const char* program : {"order-service", "outbox-processor", "invoice-service"})
      EXPECT_TRUE(system_.ready(program, 60s)) << program << " is not ready";
  }

  void order(const std::string& headers) {
    const auto reply =
        http::testing::request(system_.port("order-service"), "POST", "/v1/orders", kOrder,
                               "Content-Type: application/json\r\n" + headers);
    EXPECT_EQ(reply.status, 201) << reply.body;
  }
  // What invoice-service says of the message; nothing: it does not know it yet.
  std::optional<json> event(const std::string& message) {
    const auto reply =
        http::testing::request(system_.port("invoice-service"), "GET", "/v1/events/" + message);
    return reply.status == 200 ? std::optional(json::parse(reply.body)) : std::nullopt;
  }
  std::string value(const std::string& query) {
    auto connection = pg::Connection::connect(stack_.variable("OUTBOX_TEST_POSTGRES"));
    if (!connection) return connection.error().message;
    const auto rows = connection->exec(query);
    return rows && !rows->empty() ? std::string(rows->text(0, 0)) : "";
  }
  CollectedSpan span(const std::string& name) {
    EXPECT_TRUE(test::eventually([&] { return !collector_.spans_named(name).empty(); })) << name;
    const auto spans = collector_.spans_named(name);
    return spans.empty() ? CollectedSpan{} : spans.front();
  }

  test::OwnStack stack_{"tracing", "postgres,kafka,mongo"};
  test::SpanCollector collector_;
  System system_{stack_, {{"OUTBOX_TELEMETRY__OTLP_ENDPOINT", collector_.endpoint()}}};
};

TEST_F(Tracing, spans_of_all_programs_make_one_tree_whose_times_are_in_order) {
  order("traceparent: 00-" + std::string(kTrace) + "-" + kCaller + "-01\r\n");
  const CollectedSpan request = span("POST /v1/orders");
  const CollectedSpan created = span("create order");
  const CollectedSpan sent = span("send order-events");
  const CollectedSpan processed = span("process order-events");
  EXPECT_THAT(collector_.problems(), IsEmpty());
  EXPECT_EQ(collector_.spans().size(), 4U);

  EXPECT_EQ(request.service, "order-service");
  EXPECT_EQ(created.service, "order-service");
  EXPECT_EQ(sent.service, "outbox-processor");
  EXPECT_EQ(processed.service, "invoice-service");
  for (const CollectedSpan* each : {&request, &created, &sent, &processed})
    EXPECT_EQ(each->text("traceId"), kTrace) << each->json;
  EXPECT_EQ(request.text("parentSpanId"), kCaller);
  EXPECT_EQ(created.text("parentSpanId"), request.text("spanId"));
  EXPECT_EQ(sent.text("parentSpanId"), created.text("spanId"));
  EXPECT_EQ(processed.text("parentSpanId"), created.text("spanId"));
  EXPECT_EQ(request.json["kind"], 2);
  EXPECT_EQ(created.json["kind"], 4);
  EXPECT_EQ(sent.json["kind"], 3);
  EXPECT_EQ(processed.json["kind"], 5);

  const auto starts = [](const CollectedSpan& each) { return each.text("startTimeUnixNano"); };
  EXPECT_LE(starts(request), starts(created));
  EXPECT_LE(starts(created), starts(sent));
  EXPECT_LE(starts(sent), starts(processed));

  const std::string message = value("select id from outbox");
  EXPECT_EQ(created.attribute("messaging.message.id"), message);
  EXPECT_EQ(sent.attribute("messaging.message.id"), message);
  EXPECT_EQ(processed.attribute("messaging.message.id"), message);
  EXPECT_EQ(sent.attribute("outbox.shard"), value("select shard from outbox"));
  for (const char* name : {"messaging.destination.partition.id", "messaging.kafka.offset"})
    EXPECT_EQ(sent.attribute(name), processed.attribute(name));
  EXPECT_EQ(processed.attribute("outbox.outcome"), "created");

  const std::string traceparent =
      "00-" + std::string(kTrace) + "-" + created.text("spanId") + "-01";
  EXPECT_EQ(value("select headers->>'traceparent' from outbox"), traceparent);
  const auto kept = event(message);
  ASSERT_TRUE(kept);
  EXPECT_EQ((*kept)["traceparent"], traceparent);
}

TEST_F(Tracing, a_message_that_is_sent_again_shows_as_a_duplicate_in_its_trace) {
  order("traceparent: 00-" + std::string(kTrace) + "-" + kCaller + "-01\r\n");
  const CollectedSpan first = span("process order-events");
  const std::string message = first.attribute("messaging.message.id");
  ASSERT_TRUE(test::eventually([&] {
    return value("select status from outbox_message where id = '" + message + "'") == "processed";
  }));
  Process replay{{std::string{OUTBOX_BIN_DIR} + "/outboxctl", "replay", "--id", message, "--yes"},
                 {{"DATABASE_URL", stack_.variable("OUTBOX_TEST_POSTGRES")}},
                 stack_.logs() + "/replay.log"};
  ASSERT_EQ(replay.wait(1min), 0);

  const auto twice = [this](const char* name) {
    return test::eventually([&] { return collector_.spans_named(name).size() == 2; });
  };
  ASSERT_TRUE(twice("send order-events"));
  ASSERT_TRUE(twice("process order-events"));
  const CollectedSpan second = collector_.spans_named("process order-events")[1];
  EXPECT_EQ(second.attribute("outbox.outcome"), "duplicate");
  EXPECT_EQ(second.text("traceId"), kTrace);
  EXPECT_EQ(second.attribute("messaging.message.id"), message);
}

TEST(TracingWithoutACollector, orders_become_invoices_and_only_spans_are_lost) {
  const test::OwnStack stack{"tracing", "postgres,kafka,mongo"};
  const System system{stack, {{"OUTBOX_TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:1"}}};
  for (const char* program : {"order-service", "outbox-processor", "invoice-service"})
    ASSERT_TRUE(system.ready(program, 60s)) << program << " is not ready";
  constexpr int kOrders = 200;
  for (int i = 0; i < kOrders; ++i) {
    const auto reply = http::testing::request(system.port("order-service"), "POST", "/v1/orders",
                                              kOrder, "Content-Type: application/json\r\n");
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  const auto metrics = [&](const std::string& program) {
    return http::testing::request(system.port(program), "GET", "/metrics").body;
  };
  EXPECT_TRUE(test::eventually([&] {
    return metrics("invoice-service")
               .find("outbox_consumer_events_total{outcome=\"applied\",type=\"OrderCreated\"} " +
                     std::to_string(kOrders) + "\n") != std::string::npos;
  })) << metrics("invoice-service");
  for (const char* program : {"order-service", "outbox-processor", "invoice-service"}) {
    EXPECT_TRUE(test::eventually([&] {
      return metrics(program).find("outbox_spans_dropped_total{reason=\"collector\"} 0\n") ==
             std::string::npos;
    })) << program;
    EXPECT_NE(metrics(program).find("outbox_spans_exported_total 0\n"), std::string::npos);
  }
}

}  // namespace
}  // namespace outbox::e2e
