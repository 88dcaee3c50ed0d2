#include "order-service/order_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::orders {
namespace {

using nlohmann::json;

Order example() {
  Order order;
  order.id = *Uuid::parse("01890000-0000-7000-8000-000000000001");
  order.data.customer_id = "c \"1\"";
  order.data.currency = "EUR";
  order.data.status = "CREATED";
  order.data.lines = {{"a", 2, 1250}, {"b", 1, 5}};
  order.data.total_minor = 2505;
  order.created_at_us = 1'769'860'800'000'001;
  return order;
}

TEST(OrderJson, ShowsAmountsAsDecimalStrings) {
  EXPECT_EQ(json::parse(order_json(example())), json::parse(R"({
    "id":"01890000-0000-7000-8000-000000000001","customerId":"c \"1\"","currency":"EUR",
    "status":"CREATED","items":[{"productId":"a","quantity":2,"price":"12.50"},
    {"productId":"b","quantity":1,"price":"0.05"}],"total":"25.05",
    "createdAt":"2026-01-31T12:00:00.000001Z"})"));
}

TEST(OrderJson, UsesTheCurrencysMinorUnit) {
  Order order = example();
  order.data.currency = "JPY";
  EXPECT_EQ(json::parse(order_json(order))["total"], "2505");
  order.data.currency = "BHD";
  EXPECT_EQ(json::parse(order_json(order))["total"], "2.505");
}

TEST(OrderJson, APageHasACursorUnlessItIsTheLast) {
  const std::vector<Order> orders{example()};
  EXPECT_EQ(json::parse(order_page_json(orders, "abc"))["nextCursor"], "abc");
  EXPECT_TRUE(json::parse(order_page_json({}, ""))["nextCursor"].is_null());
}

TEST(OrderJson, ASimpleOrdersPriceIsANumberWithExactDigits) {
  Order order = example();
  order.data.lines = {{"a", 1, 9'007'199'254'740'993}};
  const std::string text = simple_order_json(order);
  EXPECT_NE(text.find("\"price\":90071992547409.93}"), std::string::npos) << text;
  EXPECT_TRUE(json::parse(text)["price"].is_number());
}

TEST(OrderEvents, CreatedTellsTheWholeOrder) {
  const Message message = order_created(example(), "00-trace");
  EXPECT_EQ(message.aggregate_type, "order");
  EXPECT_EQ(message.aggregate_id, "01890000-0000-7000-8000-000000000001");
  EXPECT_EQ(message.type, "OrderCreated");
  EXPECT_EQ(json::parse(message.payload), json::parse(R"({
    "orderId":"01890000-0000-7000-8000-000000000001","customerId":"c \"1\"","currency":"EUR",
    "status":"CREATED","items":[{"productId":"a","quantity":2,"unitPrice":"12.50"},
    {"productId":"b","quantity":1,"unitPrice":"0.05"}],"total":"25.05",
    "createdAt":"2026-01-31T12:00:00.000001Z"})"));
  ASSERT_EQ(message.headers.size(), 2U);
  EXPECT_EQ(message.headers[0].value, "application/json");
  EXPECT_EQ(message.headers[1].name, "traceparent");
  EXPECT_EQ(message.headers[1].value, "00-trace");
}

TEST(OrderEvents, CancelledTellsWhenAndWhy) {
  Order order = example();
  order.cancelled_at_us = 1'769'860'800'000'000;
  EXPECT_EQ(json::parse(order_cancelled(order, std::nullopt).payload), json::parse(R"({
    "orderId":"01890000-0000-7000-8000-000000000001",
    "cancelledAt":"2026-01-31T12:00:00.000000Z"})"));
  order.cancellation_reason = "late";
  const Message message = order_cancelled(order, std::nullopt);
  EXPECT_EQ(json::parse(message.payload)["reason"], "late");
  EXPECT_EQ(message.type, "OrderCancelled");
  EXPECT_EQ(message.headers.size(), 1U);
}

TEST(OrderJson, FormatsTimesBeforeTheEpoch) {
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace outbox::orders
