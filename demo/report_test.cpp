#include "demo/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::demo {
namespace {

using ::testing::HasSubstr;

AuditReport clean_report() {
  AuditReport report;
  report.orders = report.created_rows = report.outbox_rows = report.processed = report.invoices =
      1'234'567;
  report.p50_ms = 12.3456;
  report.p99_ms = 99;
  return report;
}

TEST(Report, TheJsonIsOneLineWithEveryCount) {
  const std::string text = report_json(clean_report(), 4.5);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(text);
  for (const auto* count : {"orders", "outbox_rows", "processed", "invoices"}) {
    EXPECT_EQ(json[count], 1'234'567) << count;
  }
  for (const auto* count : {"lost", "duplicate_effects", "duplicate_records"}) {
    EXPECT_EQ(json[count], 0) << count;
  }
  EXPECT_EQ(json["elapsed_s"], 4.5);
  EXPECT_EQ(json["commit_to_invoice_ms"]["p50"], 12.346);
  EXPECT_EQ(json["commit_to_invoice_ms"]["p99"], 99);
}

TEST(Report, TheTableGroupsDigitsAndSaysThatAllIsWell) {
  const std::string table = report_table(clean_report(), 4.5);
  EXPECT_THAT(table, HasSubstr("1,234,567"));
  EXPECT_THAT(table, HasSubstr("exactly one invoice"));
}

TEST(Report, TheTableSaysWhatIsWrong) {
  AuditReport report = clean_report();
  report.lost = 1;
  report.findings = {"order o1 has no right invoice"};
  const std::string table = report_table(report, 0);
  EXPECT_THAT(table, HasSubstr("Something is wrong"));
  EXPECT_THAT(table, HasSubstr("order o1 has no right invoice"));
  EXPECT_THAT(table, ::testing::Not(HasSubstr("exactly one invoice")));
}

}  // namespace
}  // namespace outbox::demo
