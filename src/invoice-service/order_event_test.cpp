#include "invoice-service/order_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::invoices {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOrder = "0190aaaa-0000-7000-8000-000000000001";
constexpr const char* kMessage = "0190bbbb-0000-7000-8000-000000000002";

EventRecord record(std::string payload, const std::string& type = "OrderCreated") {
  return {"order-events", 3, 42, kOrder, std::move(payload), {{"id", kMessage}, {"ce_type", type}}};
}

std::string created(const std::string& items, const std::string& total,
                    const std::string& currency = "EUR") {
  return std::string(R"({"orderId":")") + kOrder + R"(","customerId":null,"currency":")" +
         currency + R"(","status":"created","items":)" + items + R"(,"total":")" + total +
         R"(","createdAt":"2026-01-01T00:00:00Z"})";
}

std::string item(const std::string& quantity, const std::string& price) {
  return R"({"productId":"p1","quantity":)" + quantity + R"(,"unitPrice":")" + price + "\"}";
}

// What the parser says is wrong; empty when it takes the record.
std::string refusal(const EventRecord& event) {
  const auto parsed = parse_order_event(event);
  if (parsed) return "";
  EXPECT_EQ(parsed.error().code, ErrorCode::message_rejected);
  return parsed.error().message;
}

TEST(OrderEvent, ReadsAnOrderWithExactAmounts) {
  const auto event = parse_order_event(
      record(created("[" + item("2", "12.50") + "," + item("3", "0.1") + "]", "25.30")));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->message_id.to_string(), kMessage);
  const auto& order = std::get<OrderCreated>(event->body);
  EXPECT_EQ(order.order_id, kOrder);
  EXPECT_EQ(order.customer_id, std::nullopt);
  EXPECT_EQ(order.total_minor, 2530);
  ASSERT_EQ(order.items.size(), 2U);
  EXPECT_EQ(order.items[0].amount_minor, 2500);
  EXPECT_EQ(order.items[1].unit_price_minor, 10);
}

TEST(OrderEvent, UsesTheDecimalsOfTheCurrency) {
  const auto yen = parse_order_event(record(created("[" + item("2", "500") + "]", "1000", "JPY")));
  ASSERT_TRUE(yen) << yen.error().message;
  EXPECT_EQ(std::get<OrderCreated>(yen->body).total_minor, 1000);
  EXPECT_THAT(refusal(record(created("[" + item("2", "5.5") + "]", "11", "JPY"))),
              HasSubstr("#/items/0/unitPrice"));
}

TEST(OrderEvent, ReadsACancellation) {
  const auto event = parse_order_event(record(
      std::string(R"({"orderId":")") + kOrder + R"(","reason":"too late"})", "OrderCancelled"));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(std::get<OrderCancelled>(event->body).order_id, kOrder);
  EXPECT_EQ(std::get<OrderCancelled>(event->body).reason, "too late");
}

TEST(OrderEvent, LeavesOtherTypesAloneWhateverTheyCarry) {
  const auto event = parse_order_event(record("\xff not JSON", "OrderPainted"));
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<UnknownEvent>(event->body).type, "OrderPainted");
}

TEST(OrderEvent, RefusesATotalThatIsNotTheSum) {
  EXPECT_THAT(refusal(record(created("[" + item("2", "12.50") + "]", "25.01"))),
              HasSubstr("total is 25.01, but its items sum up to 25.00"));
}

TEST(OrderEvent, RefusesWhatItCannotRead) {
  const std::string good = created("[" + item("1", "1.00") + "]", "1.00");
  ASSERT_EQ(refusal(record(good)), "");
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_NE(refusal(record(good.substr(0, length))), "") << length;
  }
  for (const std::string& payload :
       {std::string("null"), std::string("[]"), std::string("42"), std::string("\"text\""),
        std::string("{}"), good + "x", std::string("\xff\xfe"),
        std::string("{\"orderId\":\"\xc3\"}"), std::string("{\"orderId\":\"a\0b\"}", 16),
        std::string(100'000, '['),
        "{\"a\":" + std::string(50'000, '[') + std::string(50'000, ']') + "}"}) {
    EXPECT_NE(refusal(record(payload)), "") << payload.substr(0, 40);
  }
}

TEST(OrderEvent, NamesTheFieldOfAWrongType) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {created("{}", "1.00"), "#/items"},
      {created("[]", "1.00"), "#/items"},
      {created("[42]", "1.00"), "#/items/0/productId"},
      {created("[" + item("0", "1.00") + "]", "0.00"), "#/items/0/quantity"},
      {created("[" + item("-1", "1.00") + "]", "1.00"), "#/items/0/quantity"},
      {created("[" + item("1.5", "1.00") + "]", "1.50"), "#/items/0/quantity"},
      {created("[" + item("1e3", "1.00") + "]", "1000.00"), "#/items/0/quantity"},
      {created("[" + item("\"1\"", "1.00") + "]", "1.00"), "#/items/0/quantity"},
      {created("[" + item("99999999999999999999", "1.00") + "]", "1.00"), "#/items/0/quantity"},
      {created("[" + item("1", "-1.00") + "]", "1.00"), "#/items/0/unitPrice"},
      {created("[" + item("1", "1e2") + "]", "100.00"), "#/items/0/unitPrice"},
      {created("[" + item("1", "99999999999999999999") + "]", "1.00"), "#/items/0/unitPrice"},
      {created("[" + item("9223372036854775807", "1.00") + "]", "1.00"), "#/items/0"},
      {created("[" + item("1", "1.00") + "]", "1"), ""},
      {created("[" + item("1", "1.00") + "]", "one"), "#/total"},
      {created("[" + item("1", "1.00") + "]", "1.00", "eur"), "#/currency"},
  };
  for (const auto& [payload, place] : cases) {
    if (place.empty()) {
      EXPECT_EQ(refusal(record(payload)), "") << payload;
    } else {
      EXPECT_THAT(refusal(record(payload)), HasSubstr(place)) << payload;
    }
  }
}

TEST(OrderEvent, RefusesASumThatOverflows) {
  const std::string huge = item("1", "92233720368547758.07");
  EXPECT_THAT(refusal(record(created("[" + huge + "," + item("1", "0.01") + "]", "0.00"))),
              HasSubstr("#/items"));
}

TEST(OrderEvent, RefusesARecordWithoutWhatNamesIt) {
  const std::string payload = created("[" + item("1", "1.00") + "]", "1.00");
  EventRecord event = record(payload);
  event.headers = {{"ce_type", "OrderCreated"}};
  EXPECT_THAT(refusal(event), HasSubstr("`id`"));
  event.headers = {{"id", "17"}, {"ce_type", "OrderCreated"}};
  EXPECT_THAT(refusal(event), HasSubstr("`id`"));
  event.headers = {{"id", kMessage}};
  EXPECT_THAT(refusal(event), HasSubstr("`ce_type`"));
  event = record(payload);
  event.payload.reset();
  EXPECT_THAT(refusal(event), HasSubstr("no payload"));
  event = record(payload);
  event.key = "another order";
  EXPECT_THAT(refusal(event), HasSubstr("key"));
  event.key.reset();
  EXPECT_THAT(refusal(event), HasSubstr("key"));
  event = record(R"({"orderId":"17"})", "OrderCancelled");
  EXPECT_THAT(refusal(event), HasSubstr("#/orderId"));
}

}  // namespace
}  // namespace outbox::invoices
