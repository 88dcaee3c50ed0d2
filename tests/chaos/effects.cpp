#include "tests/chaos/effects.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace outbox::chaos {

Effects::Effects(const std::string& mongo_uri) {
  demo::AuditTargets targets;
  targets.invoices_database = mongo_uri;
  auto opened = demo::open_invoices(targets);
  if (!opened) throw std::runtime_error(opened.error().message);
  invoices_ = *std::move(opened);
}

std::int64_t Effects::count() const {
  const auto counted = invoices_->count();
  return counted ? *counted : -1;
}

void Effects::judge(const Truth& truth, Report& report) const {
  const auto invoices = invoices_->read();
  if (!invoices) throw std::runtime_error(invoices.error().message);
  demo::AuditReport audit;
  demo::compare(truth.orders, *invoices, truth.written_at, audit);
  report.orders = static_cast<std::int64_t>(truth.orders.size());
  report.orders_without_invoice = audit.lost;
  report.duplicate_effects = audit.duplicate_effects;
  std::ranges::copy(audit.findings, std::back_inserter(report.findings));
}

}  // namespace outbox::chaos
