// Whatever order-service accepts becomes an event that this service can read.
#include <gtest/gtest.h>

#include "invoice-service/order_event.hpp"
#include "order-service/order.hpp"
#include "order-service/order_json.hpp"

namespace outbox::invoices {
namespace {

// Of the widest characters that UTF-8 has.
std::string wide_text(std::size_t characters) {
  std::string text;
  for (std::size_t i = 0; i < characters; ++i)
    text += "\U0001F600";
  return text;
}

orders::Order order_of(std::string currency, std::size_t lines, const orders::OrderLine& line) {
  orders::Order order;
  order.id = Uuid::v7();
  order.data.customer_id = wide_text(orders::kMaxIdCharacters);
  order.data.currency = std::move(currency);
  order.data.status = orders::kCreated;
  order.data.total_minor = static_cast<std::int64_t>(lines) * line.quantity * line.unit_price_minor;
  order.data.lines.assign(lines, line);
  return order;
}

// As the outbox sends it.
EventRecord record_of(const Message& message) {
  EventRecord record;
  record.topic = "order-events";
  record.key = message.aggregate_id;
  record.payload = message.payload;
  record.headers = {{"id", Uuid::v7().to_string()}, {"ce_type", message.type}};
  return record;
}

TEST(OrderContract, TheLargestOrderCanBeRead) {
  const orders::OrderLine line{wide_text(orders::kMaxIdCharacters), orders::kMaxQuantity,
                               9'000'000'000};
  const orders::Order order = order_of("EUR", orders::kMaxLines, line);
  const auto event = parse_order_event(record_of(orders::order_created(order, {})));
  ASSERT_TRUE(event) << event.error().message;
  const auto& created = std::get<OrderCreated>(event->body);
  EXPECT_EQ(created.order_id, order.id.to_string());
  EXPECT_EQ(created.customer_id, order.data.customer_id);
  EXPECT_EQ(created.total_minor, order.data.total_minor);
  ASSERT_EQ(created.items.size(), orders::kMaxLines);
  EXPECT_EQ(created.items.back().product_id, line.product_id);
}

TEST(OrderContract, TheSmallestOrderCanBeReadInEachKindOfCurrency) {
  for (const char* currency : {"EUR", "JPY", "KWD", "CLF"}) {
    for (const std::int64_t price : {0, 1}) {
      orders::Order order = order_of(currency, 1, {"p", 1, price});
      order.data.customer_id.reset();
      const auto event = parse_order_event(record_of(orders::order_created(order, {})));
      ASSERT_TRUE(event) << currency << ": " << event.error().message;
      EXPECT_EQ(std::get<OrderCreated>(event->body).total_minor, price) << currency;
    }
  }
}

TEST(OrderContract, TheLongestReasonOfACancellationCanBeRead) {
  orders::Order order = order_of("EUR", 1, {"p", 1, 1});
  order.cancelled_at_us = 1;
  for (const std::optional<std::string>& reason :
       {std::optional<std::string>(), std::optional(wide_text(orders::kMaxReasonCharacters))}) {
    order.cancellation_reason = reason;
    const auto event = parse_order_event(record_of(orders::order_cancelled(order, {})));
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(std::get<OrderCancelled>(event->body).reason, reason);
  }
}

}  // namespace
}  // namespace outbox::invoices
