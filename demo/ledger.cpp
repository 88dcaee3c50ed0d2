#include "demo/ledger.hpp"

#include <algorithm>
#include <cmath>

namespace outbox::demo {

namespace {

constexpr std::size_t kMaxFindings = 20;

void find(AuditReport& report, std::string finding) {
  if (report.findings.size() < kMaxFindings) report.findings.push_back(std::move(finding));
}

// Nearest rank.
double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

struct Seen {
  std::int64_t created = 0;
  std::int64_t voided = 0;
  bool right = false;  // a document that is what the order asks for
};

void count_effects(const InvoiceFacts& invoice, const OrderFacts& order, Seen& seen,
                   AuditReport& report) {
  for (const EffectFacts& effect : invoice.effects) {
    report.last_effect_us = std::max(report.last_effect_us, effect.at_ms * 1'000);
    if (effect.name == "voided") {
      ++seen.voided;
      continue;
    }
    ++seen.created;
    if (effect.amount_minor != order.total_minor) {
      ++report.duplicate_effects;
      find(report, "order " + invoice.order_id + ": an effect over " +
                       std::to_string(effect.amount_minor) + " instead of " +
                       std::to_string(order.total_minor));
    }
  }
}

void judge(const std::string& id, const OrderFacts& order, const Seen& seen, AuditReport& report) {
  const std::int64_t beyond = std::max<std::int64_t>(seen.created - 1, 0) +
                              std::max<std::int64_t>(seen.voided - (order.cancelled ? 1 : 0), 0);
  if (beyond > 0) {
    report.duplicate_effects += beyond;
    find(report, "order " + id + ": " + std::to_string(seen.created) + " times created, " +
                     std::to_string(seen.voided) + " times voided");
  }
  if (!seen.right || seen.created == 0 || (order.cancelled && seen.voided == 0)) {
    ++report.lost;
    find(report, "order " + id + " has no right invoice");
  }
}

}  // namespace

void compare(const Orders& orders, const std::vector<InvoiceFacts>& invoices,
             const WrittenAt& written_at, AuditReport& report) {
  std::unordered_map<std::string, Seen> seen;
  std::vector<double> waits_ms;
  for (const InvoiceFacts& invoice : invoices) {
    if (invoice.is_invoice) ++report.invoices;
    const auto order = orders.find(invoice.order_id);
    if (order == orders.end()) {
      find(report, "an invoice of the unknown order " + invoice.order_id);
      continue;
    }
    Seen& known = seen[invoice.order_id];
    count_effects(invoice, order->second, known, report);
    known.right = invoice.is_invoice && invoice.total_minor == order->second.total_minor &&
                  invoice.currency == order->second.currency &&
                  invoice.voided == order->second.cancelled;
    for (const EffectFacts& effect : invoice.effects) {
      const auto written = written_at.find(effect.message_id);
      if (written == written_at.end()) {
        find(report, "an effect of the unknown message " + effect.message_id);
      } else if (effect.name == "created") {
        waits_ms.push_back(static_cast<double>(effect.at_ms * 1'000 - written->second) / 1'000.0);
      }
    }
  }
  for (const auto& [id, order] : orders) {
    const auto known = seen.find(id);
    judge(id, order, known == seen.end() ? Seen{} : known->second, report);
  }
  std::sort(waits_ms.begin(), waits_ms.end());
  report.p50_ms = percentile(waits_ms, 0.50);
  report.p99_ms = percentile(waits_ms, 0.99);
}

}  // namespace outbox::demo
