#include "order-service/order.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace outbox::orders {
namespace {

http::JsonValue json(std::string_view text) {
  auto parsed = http::parse_json(text);
  EXPECT_TRUE(std::holds_alternative<http::JsonValue>(parsed)) << text;
  return std::get<http::JsonValue>(std::move(parsed));
}

OrderData accepted(const std::variant<OrderData, FieldErrors>& result) {
  if (const auto* errors = std::get_if<FieldErrors>(&result)) {
    for (const auto& error : *errors)
      ADD_FAILURE() << error.pointer << " " << error.detail;
    return {};
  }
  return std::get<OrderData>(result);
}

// The pointers of the errors, sorted.
std::vector<std::string> pointers(const std::variant<OrderData, FieldErrors>& result) {
  std::vector<std::string> pointers;
  if (const auto* errors = std::get_if<FieldErrors>(&result)) {
    for (const auto& error : *errors)
      pointers.push_back(error.pointer);
  }
  std::sort(pointers.begin(), pointers.end());
  return pointers;
}

using Pointers = std::vector<std::string>;

TEST(Order, ReadsOneLine) {
  const auto order = accepted(read_order(json(
      R"({"productId":"p-1","quantity":3,"price":"12.50","currency":"EUR","customerId":"c-1"})")));
  ASSERT_EQ(order.lines.size(), 1U);
  EXPECT_EQ(order.lines[0].product_id, "p-1");
  EXPECT_EQ(order.lines[0].quantity, 3);
  EXPECT_EQ(order.lines[0].unit_price_minor, 1250);
  EXPECT_EQ(order.total_minor, 3750);
  EXPECT_EQ(order.customer_id, "c-1");
  EXPECT_EQ(order.status, "CREATED");
}

TEST(Order, ReadsSeveralLinesAndSumsThem) {
  const auto order = accepted(read_order(json(
      R"({"currency":"JPY","items":[{"productId":"a","quantity":2,"price":"100"},
          {"productId":"b","quantity":1,"price":50}]})")));
  EXPECT_EQ(order.lines.size(), 2U);
  EXPECT_EQ(order.total_minor, 250);
  EXPECT_FALSE(order.customer_id);
}

TEST(Order, AnIntegerPriceIsInMinorUnits) {
  const auto order =
      accepted(read_order(json(R"({"productId":"p","quantity":1,"price":1250,"currency":"EUR"})")));
  EXPECT_EQ(order.total_minor, 1250);
}

TEST(Order, RefusesAPriceThatIsABinaryFraction) {
  for (const std::string price : {"12.5", "1e2", "true", "null", "[]", "-1", "\"-1\"", "\"1e2\""}) {
    const auto result = read_order(
        json(R"({"productId":"p","quantity":1,"currency":"EUR","price":)" + price + "}"));
    EXPECT_EQ(pointers(result), Pointers{"#/price"}) << price;
  }
}

TEST(Order, RefusesQuantitiesOutOfBounds) {
  for (const std::string quantity :
       {"0", "-1", "1000001", "1.0", "1e0", "\"1\"", "null", "99999999999999999999"}) {
    const auto result = read_order(
        json(R"({"productId":"p","price":"1","currency":"EUR","quantity":)" + quantity + "}"));
    EXPECT_EQ(pointers(result), Pointers{"#/quantity"}) << quantity;
  }
}

TEST(Order, RefusesTextsThatAreEmptyTooLongOrHaveControlCharacters) {
  const auto with_id = [](const std::string& id) {
    return read_order(
        json(R"({"quantity":1,"price":"1","currency":"EUR","productId":")" + id + "\"}"));
  };
  std::string longest;
  for (int i = 0; i < 128; ++i)
    longest += "é";
  accepted(with_id(longest));
  for (const std::string& id :
       {std::string(), longest + "x", std::string("a\\u0000b"), std::string("\\n"),
        std::string("\\u007f"), std::string("\\u0085")}) {
    EXPECT_EQ(pointers(with_id(id)), Pointers{"#/productId"}) << id;
  }
  EXPECT_EQ(pointers(read_order(json(
                R"({"productId":7,"quantity":1,"price":"1","currency":"EUR","customerId":""})"))),
            (Pointers{"#/customerId", "#/productId"}));
}

TEST(Order, NamesEveryMissingAndUnknownMember) {
  EXPECT_EQ(pointers(read_order(json("{}"))),
            (Pointers{"#/currency", "#/price", "#/productId", "#/quantity"}));
  EXPECT_EQ(
      pointers(read_order(json(
          R"({"currency":"EUR","status":"X","items":[{"productId":"a","quantity":1,"price":"1","colour":1}]})"))),
      (Pointers{"#/items/0/colour", "#/status"}));
}

TEST(Order, RefusesOtherShapes) {
  for (const std::string_view text : {"[]", "1", "null", "\"x\""}) {
    EXPECT_EQ(pointers(read_order(json(text))), Pointers{"#"}) << text;
    EXPECT_EQ(pointers(read_simple_order(json(text))), Pointers{"#"}) << text;
  }
  EXPECT_EQ(pointers(read_order(json(R"({"currency":"EUR","items":[]})"))), Pointers{"#/items"});
  EXPECT_EQ(pointers(read_order(json(R"({"currency":"EUR","items":[1]})"))), Pointers{"#/items/0"});
  EXPECT_EQ(
      pointers(read_order(json(
          R"({"currency":"EUR","productId":"p","items":[{"productId":"a","quantity":1,"price":"1"}]})"))),
      Pointers{"#/productId"});
}

TEST(Order, TakesAThousandLinesAndNoMore) {
  const auto with_lines = [](int count) {
    std::string text = R"({"currency":"EUR","items":[)";
    for (int i = 0; i < count; ++i) {
      text += std::string(i > 0 ? "," : "") + R"({"productId":"a","quantity":1,"price":"0.01"})";
    }
    return read_order(json(text + "]}"));
  };
  EXPECT_EQ(accepted(with_lines(1'000)).total_minor, 1'000);
  EXPECT_EQ(pointers(with_lines(1'001)), Pointers{"#/items"});
}

TEST(Order, ListsABoundedNumberOfErrors) {
  std::string text = R"({"currency":"EUR","items":[{})";
  for (int i = 0; i < 500; ++i)
    text += ",{}";
  EXPECT_EQ(pointers(read_order(json(text + "]}"))).size(), 50U);
}

TEST(Order, RefusesATotalThatOverflows) {
  EXPECT_EQ(pointers(read_order(json(
                R"({"productId":"p","quantity":2,"price":9223372036854775807,"currency":"EUR"})"))),
            Pointers{"#"});
  EXPECT_EQ(
      pointers(read_order(json(
          R"({"currency":"EUR","items":[{"productId":"p","quantity":1,"price":9223372036854775807},
                    {"productId":"p","quantity":1,"price":1}]})"))),
      Pointers{"#"});
}

TEST(Order, RefusesUnknownCurrencies) {
  for (const std::string currency : {"\"eur\"", "\"XYZ\"", "null", "1", "\"\""}) {
    EXPECT_EQ(pointers(read_order(json(R"({"productId":"p","quantity":1,"price":"1","currency":)" +
                                       currency + "}"))),
              Pointers{"#/currency"})
        << currency;
  }
}

TEST(Order, AnUnknownCurrencyIsTheOnlyThingSaidOfItsPrices) {
  EXPECT_EQ(pointers(read_order(
                json(R"({"productId":"p","quantity":1,"price":"1.234","currency":"XYZ"})"))),
            Pointers{"#/currency"});
  EXPECT_EQ(
      pointers(read_order(json(R"({"productId":"p","quantity":1,"price":"x","currency":"XYZ"})"))),
      (Pointers{"#/currency", "#/price"}));
}

TEST(SimpleOrder, ReadsTheNumbersDigits) {
  const auto order = accepted(read_simple_order(json(
      R"({"productId":"p-1","quantity":3,"price":0.29,"status":"PENDING","note":"ignored"})")));
  EXPECT_EQ(order.currency, "EUR");
  EXPECT_EQ(order.total_minor, 87);
  EXPECT_EQ(order.status, "PENDING");
  EXPECT_FALSE(order.customer_id);
  EXPECT_EQ(accepted(read_simple_order(json(R"({"productId":7,"quantity":1,"price":100})")))
                .lines[0]
                .product_id,
            "7");
  EXPECT_EQ(
      accepted(read_simple_order(json(R"({"productId":7,"quantity":1,"price":100})"))).total_minor,
      10'000);
}

TEST(SimpleOrder, NamesWhatIsWrong) {
  EXPECT_EQ(pointers(read_simple_order(
                json(R"({"productId":"","quantity":0,"price":0.125,"status":""})"))),
            (Pointers{"#/price", "#/productId", "#/quantity", "#/status"}));
  EXPECT_EQ(pointers(read_simple_order(
                json(R"({"productId":"p","quantity":1,"price":1,"status":"Cancelled"})"))),
            Pointers{"#/status"});
}

TEST(CancellationBody, ReadsAnOptionalReason) {
  using Reason = std::optional<std::string>;
  EXPECT_EQ(std::get<Reason>(read_cancellation(json("{}"))), std::nullopt);
  EXPECT_EQ(std::get<Reason>(read_cancellation(json(R"({"reason":null})"))), std::nullopt);
  EXPECT_EQ(std::get<Reason>(read_cancellation(json(R"({"reason":"late"})"))), "late");
  for (const std::string_view text :
       {"[]", R"({"reason":""})", R"({"reason":1})", R"({"why":""})"}) {
    EXPECT_TRUE(std::holds_alternative<FieldErrors>(read_cancellation(json(text)))) << text;
  }
}

}  // namespace
}  // namespace outbox::orders
