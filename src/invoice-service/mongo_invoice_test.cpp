#include "invoice-service/mongo_invoice.hpp"

#include <gtest/gtest.h>

namespace outbox::invoices {
namespace {

constexpr const char* kOrder = "0190aaaa-0000-7000-8000-000000000001";

OrderCreated order() {
  return {kOrder, "c1", "EUR", {{"p1", 2, 1250, 2500}, {"p2", 1, 7, 7}}, 2507};
}

TEST(MongoInvoice, IsReadAsItWasWritten) {
  const auto effect = effect_of(order());
  EXPECT_EQ(effect.amount_minor, 2507);
  mongo::Bson document;
  document.text("_id", effect.document_id).append(*effect.initial.get());
  ASSERT_TRUE(is_invoice(document));
  const Invoice invoice = invoice_of(document);
  EXPECT_EQ(invoice.order_id, kOrder);
  EXPECT_EQ(invoice.number, invoice_number(kOrder));
  EXPECT_EQ(invoice.status, kIssued);
  EXPECT_EQ(invoice.customer_id, "c1");
  EXPECT_EQ(invoice.currency, "EUR");
  EXPECT_EQ(invoice.total_minor, 2507);
  ASSERT_EQ(invoice.items.size(), 2U);
  EXPECT_EQ(invoice.items[0].product_id, "p1");
  EXPECT_EQ(invoice.items[0].unit_price_minor, 1250);
  EXPECT_EQ(invoice.items[1].amount_minor, 7);
}

TEST(MongoInvoice, ATombstoneIsNone) {
  mongo::Bson document;
  document.text("_id", kOrder).append(*effect_of(OrderCancelled{kOrder, {}}).initial.get());
  EXPECT_FALSE(is_invoice(document));
}

TEST(MongoInvoice, AnOrderIsInvoicedAndVoidedOnce) {
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

}  // namespace
}  // namespace outbox::invoices
