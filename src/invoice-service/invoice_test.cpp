#include "invoice-service/invoice.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::invoices {
namespace {

constexpr const char* kOrder = "0190aaaa-0000-7000-8000-000000000001";

TEST(Invoice, ShowsAmountsAsDecimals) {
  Invoice invoice;
  invoice.order_id = kOrder;
  invoice.status = kIssued;
  invoice.customer_id = "c1";
  invoice.currency = "EUR";
  invoice.items = {{"p1", 2, 1250, 2500}, {"p2", 1, 7, 7}};
  invoice.total_minor = 2507;
  invoice.issued_at_ms = 1'700'000'000'123;
  const auto json = nlohmann::json::parse(invoice_json(invoice));
  EXPECT_EQ(json["id"], std::string("inv-") + kOrder);
  EXPECT_EQ(json["orderId"], kOrder);
  EXPECT_EQ(json["customerId"], "c1");
  EXPECT_EQ(json["status"], "issued");
  EXPECT_EQ(json["total"], "25.07");
  EXPECT_EQ(json["totalMinor"], 2507);
  EXPECT_EQ(json["items"][0]["unitPrice"], "12.50");
  EXPECT_EQ(json["items"][0]["amount"], "25.00");
  EXPECT_EQ(json["items"].size(), 2U);
  EXPECT_EQ(json["issuedAt"], "2023-11-14T22:13:20.123Z");
}

TEST(Invoice, NumbersAreTheOrdersIdInAnotherBase) {
  EXPECT_EQ(invoice_number("00000000-0000-0000-0000-000000000000"),
            "INV-00000000000000000000000000");
  EXPECT_EQ(invoice_number("00000000-0000-0000-0000-000000000021"),
            "INV-00000000000000000000000011");
  EXPECT_EQ(invoice_number("ffffffff-ffff-ffff-ffff-ffffffffffff"),
            "INV-7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

TEST(Invoice, IdsLeadBackToTheOrder) {
  EXPECT_EQ(order_of_invoice(invoice_id(kOrder)), kOrder);
  EXPECT_EQ(order_of_invoice(kOrder), std::nullopt);
  EXPECT_EQ(order_of_invoice("inv-17"), std::nullopt);
  EXPECT_EQ(order_of_invoice(""), std::nullopt);
}

}  // namespace
}  // namespace outbox::invoices
