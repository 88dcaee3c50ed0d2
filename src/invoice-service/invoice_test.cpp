#include "invoice-service/invoice.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::invoices {
namespace {

constexpr const char* kOrder = "0190aaaa-0000-7000-8000-000000000001";

OrderCreated order() {
  return {kOrder, "c1", "EUR", {{"p1", 2, 1250, 2500}, {"p2", 1, 7, 7}}, 2507};
}

TEST(Invoice, ShowsAmountsAsDecimals) {
  const auto effect = effect_of(order());
  mongo::Bson document;
  document.text("_id", effect.document_id).append(*effect.initial.get());
  ASSERT_TRUE(is_invoice(document));
  const auto json = nlohmann::json::parse(invoice_json(document));
  EXPECT_EQ(json["id"], std::string("inv-") + kOrder);
  EXPECT_EQ(json["orderId"], kOrder);
  EXPECT_EQ(json["customerId"], "c1");
  EXPECT_EQ(json["status"], "issued");
  EXPECT_EQ(json["total"], "25.07");
  EXPECT_EQ(json["totalMinor"], 2507);
  EXPECT_EQ(json["items"][0]["unitPrice"], "12.50");
  EXPECT_EQ(json["items"][0]["amount"], "25.00");
  EXPECT_EQ(effect.amount_minor, 2507);
}

TEST(Invoice, ATombstoneIsNone) {
  mongo::Bson document;
  document.text("_id", kOrder).append(*effect_of(OrderCancelled{kOrder, {}}).initial.get());
  EXPECT_FALSE(is_invoice(document));
}

TEST(Invoice, AnOrderIsInvoicedAndVoidedOnce) {
  mongo::Bson issued;
  issued.text("_id", kOrder).append(*effect_of(order()).initial.get());
  EXPECT_FALSE(effect_of(order()).change(issued));
  EXPECT_TRUE(effect_of(OrderCancelled{kOrder, {}}).change(issued));

  mongo::Bson tombstone;
  tombstone.text("_id", kOrder).append(*effect_of(OrderCancelled{kOrder, {}}).initial.get());
  EXPECT_FALSE(effect_of(OrderCancelled{kOrder, {}}).change(tombstone));
  const auto filled = effect_of(order()).change(tombstone);
  ASSERT_TRUE(filled);
  EXPECT_EQ(mongo::find_text(*filled, "$set.status"), std::nullopt) << "it stays voided";
  EXPECT_EQ(mongo::find_integer(*filled, "$set.totalMinor"), 2507);
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
