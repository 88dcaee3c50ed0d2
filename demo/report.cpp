#include "demo/report.hpp"

#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace outbox::demo {

namespace {

double rounded(double value) {
  return std::round(value * 1'000) / 1'000;
}

// 1234567 is "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string line(std::string_view label, std::string_view value) {
  return fmt::format("  {:<44}{:>14}\n", label, value);
}

}  // namespace

std::string report_json(const AuditReport& report, double elapsed_s) {
  const nlohmann::ordered_json json{
      {"orders", report.orders},
      {"outbox_rows", report.outbox_rows},
      {"processed", report.processed},
      {"invoices", report.invoices},
      {"lost", report.lost},
      {"duplicate_effects", report.duplicate_effects},
      {"redelivered", report.redelivered},
      {"duplicate_records", report.duplicate_records},
      {"cancelled", report.cancelled},
      {"records", report.records},
      {"elapsed_s", rounded(elapsed_s)},
      {"commit_to_invoice_ms", {{"p50", rounded(report.p50_ms)}, {"p99", rounded(report.p99_ms)}}},
      {"clean", report.clean()}};
  return json.dump();
}

std::string report_table(const AuditReport& report, double elapsed_s) {
  std::string table = "\n";
  table += line("orders", grouped(report.orders));
  if (report.cancelled > 0) table += line("  of them cancelled", grouped(report.cancelled));
  table += line("messages in the outbox", grouped(report.outbox_rows));
  table += line("  of them processed", grouped(report.processed));
  if (report.records > 0) {
    table += line("records on the Kafka topic", grouped(report.records));
    table += line("  of them written again (legal)", grouped(report.duplicate_records));
  }
  table += line("redeliveries that the inbox swallowed", grouped(report.redelivered));
  table += line("invoices", grouped(report.invoices));
  table += line("orders without a right invoice", grouped(report.lost));
  table += line("effects that happened twice", grouped(report.duplicate_effects));
  table += line("order written to invoice made, p50",
                fmt::format("{} ms", grouped(std::llround(report.p50_ms))));
  table += line("order written to invoice made, p99",
                fmt::format("{} ms", grouped(std::llround(report.p99_ms))));
  if (elapsed_s > 0)
    table += line("time from first order to last invoice", fmt::format("{:.1f} s", elapsed_s));
  table += report.clean()
               ? "\n  Every order has exactly one invoice; nothing was lost or doubled.\n"
               : "\n  Something is wrong:\n";
  for (const std::string& finding : report.findings)
    table += "    " + finding + "\n";
  if (!report.clean() && report.findings.empty()) table += "    the counts do not agree\n";
  return table + "\n";
}

}  // namespace outbox::demo
