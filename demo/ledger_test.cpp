#include "demo/ledger.hpp"

#include <gtest/gtest.h>

namespace outbox::demo {
namespace {

EffectFacts effect(const std::string& message, std::int64_t amount, std::int64_t at_ms = 1'010,
                   const std::string& name = "created") {
  return {message, name, amount, at_ms};
}

InvoiceFacts invoice(const std::string& order, std::vector<EffectFacts> effects) {
  return {order, true, 100, "EUR", false, std::move(effects)};
}

// Two orders of 1.00 EUR, written at second 1 by the messages m1 and m2.
class LedgerTest : public ::testing::Test {
 protected:
  AuditReport compared(const std::vector<InvoiceFacts>& invoices) {
    AuditReport report;
    compare(orders_, invoices, written_at_, report);
    return report;
  }
  Orders orders_{{"o1", {100, "EUR", false}}, {"o2", {100, "EUR", false}}};
  WrittenAt written_at_{{"m1", 1'000'000}, {"m2", 1'000'000}};
};

TEST_F(LedgerTest, OneRightInvoiceEachIsClean) {
  const auto report =
      compared({invoice("o1", {effect("m1", 100)}), invoice("o2", {effect("m2", 100, 1'030)})});
  EXPECT_EQ(report.invoices, 2);
  EXPECT_EQ(report.lost, 0);
  EXPECT_EQ(report.duplicate_effects, 0);
  EXPECT_EQ(report.p50_ms, 10);
  EXPECT_EQ(report.p99_ms, 30);
  EXPECT_EQ(report.last_effect_us, 1'030'000);
  EXPECT_TRUE(report.findings.empty());
}

TEST_F(LedgerTest, AMissingInvoiceIsLost) {
  const auto report = compared({invoice("o1", {effect("m1", 100)})});
  EXPECT_EQ(report.lost, 1);
  EXPECT_EQ(report.duplicate_effects, 0);
}

TEST_F(LedgerTest, AWrongAmountIsLostAndADuplicateEffect) {
  auto wrong = invoice("o1", {effect("m1", 200)});
  wrong.total_minor = 200;
  const auto report = compared({wrong, invoice("o2", {effect("m2", 100)})});
  EXPECT_EQ(report.lost, 1);
  EXPECT_EQ(report.duplicate_effects, 1);
}

TEST_F(LedgerTest, AnotherCurrencyIsLost) {
  auto wrong = invoice("o1", {effect("m1", 100)});
  wrong.currency = "USD";
  EXPECT_EQ(compared({wrong, invoice("o2", {effect("m2", 100)})}).lost, 1);
}

TEST_F(LedgerTest, ASecondEffectShowsThoughTheDocumentIsOne) {
  const auto report = compared(
      {invoice("o1", {effect("m1", 100), effect("m1", 100)}), invoice("o2", {effect("m2", 100)})});
  EXPECT_EQ(report.lost, 0);
  EXPECT_EQ(report.duplicate_effects, 1);
}

TEST_F(LedgerTest, ASecondDocumentOfAnOrderIsASecondEffect) {
  const auto report =
      compared({invoice("o1", {effect("m1", 100)}), invoice("o1", {effect("m1", 100)}),
                invoice("o2", {effect("m2", 100)})});
  EXPECT_EQ(report.invoices, 3);
  EXPECT_EQ(report.duplicate_effects, 1);
}

TEST_F(LedgerTest, ACancelledOrderNeedsAVoidedInvoice) {
  orders_["o1"].cancelled = true;
  written_at_["m3"] = 1'000'000;
  auto voided = invoice("o1", {effect("m1", 100), effect("m3", 0, 1'020, "voided")});
  voided.voided = true;
  const auto other = invoice("o2", {effect("m2", 100)});
  EXPECT_EQ(compared({voided, other}).lost, 0);
  EXPECT_EQ(compared({voided, other}).duplicate_effects, 0);
  EXPECT_EQ(compared({invoice("o1", {effect("m1", 100)}), other}).lost, 1);
  voided.effects.push_back(effect("m3", 0, 1'021, "voided"));
  EXPECT_EQ(compared({voided, other}).duplicate_effects, 1);
}

TEST_F(LedgerTest, AnInvoiceOfAnUnknownOrderIsCounted) {
  const auto report = compared(
      {invoice("o1", {effect("m1", 100)}), invoice("o2", {effect("m2", 100)}), invoice("o3", {})});
  EXPECT_EQ(report.invoices, 3);
  EXPECT_EQ(report.findings.size(), 1U);
}

TEST(AuditReport, IsCleanOnlyWhenEveryCountAgrees) {
  AuditReport report;
  report.orders = report.created_rows = report.outbox_rows = report.processed = report.invoices = 5;
  EXPECT_TRUE(report.clean());
  for (auto count : {&AuditReport::orders, &AuditReport::created_rows, &AuditReport::outbox_rows,
                     &AuditReport::processed, &AuditReport::invoices, &AuditReport::lost,
                     &AuditReport::duplicate_effects}) {
    AuditReport wrong = report;
    ++(wrong.*count);
    EXPECT_FALSE(wrong.clean());
  }
}

}  // namespace
}  // namespace outbox::demo
