#include "demo/audit.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "demo/readers.hpp"
#include "demo/topic_scan.hpp"

namespace outbox::demo {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool settled(const Progress& progress) {
  return progress.unprocessed == 0 && progress.invoices >= progress.orders;
}

std::string missing(const Progress& progress) {
  return std::to_string(progress.orders - progress.invoices) + " of " +
         std::to_string(progress.orders) + " orders have no invoice, and " +
         std::to_string(progress.unprocessed) + " messages are not marked as processed";
}

Result<Progress> look(OrdersReader& orders, InvoicesReader& invoices) {
  // The invoices first: then those that are not processed had their effect before they were marked.
  const auto made = invoices.count();
  if (!made) return made.error();
  const auto counts = orders.count();
  if (!counts) return counts.error();
  return Progress{counts->orders, *made, counts->processed, counts->unprocessed};
}

void count_orders(const WrittenOrders& written, AuditReport& report) {
  report.orders = static_cast<std::int64_t>(written.orders.size());
  report.outbox_rows = static_cast<std::int64_t>(written.written_at.size());
  report.created_rows = written.created_rows;
  report.processed = written.processed;
  report.cancelled = std::count_if(written.orders.begin(), written.orders.end(),
                                   [](const auto& order) { return order.second.cancelled; });
}

}  // namespace

Result<AuditReport> audit(const AuditTargets& targets) {
  const auto invoices_reader = open_invoices(targets);
  if (!invoices_reader) return invoices_reader.error();
  const auto written = open_orders(targets)->read();
  if (!written) return written.error();
  const auto invoices = (*invoices_reader)->read();
  if (!invoices) return invoices.error();
  const auto redelivered = (*invoices_reader)->redelivered();
  if (!redelivered) return redelivered.error();
  AuditReport report;
  count_orders(*written, report);
  report.redelivered = *redelivered;
  if (!targets.kafka_brokers.empty()) {
    const auto scan = scan_topic(targets.kafka_brokers, targets.topic, kPatience);
    if (!scan) return scan.error();
    report.records = scan->records;
    report.duplicate_records = scan->duplicates;
  }
  compare(written->orders, *invoices, written->written_at, report);
  return report;
}

Result<Progress> progress(const AuditTargets& targets) {
  const auto invoices = open_invoices(targets);
  if (!invoices) return invoices.error();
  return look(*open_orders(targets), **invoices);
}

Result<void> await_settled(const AuditTargets& targets, steady_clock::time_point deadline,
                           const std::function<void(const Progress&)>& report) {
  const auto invoices = open_invoices(targets);
  if (!invoices) return invoices.error();
  const auto orders = open_orders(targets);
  std::string last = "nothing was seen";
  for (;;) {
    const auto begun = steady_clock::now();
    const auto progress = look(*orders, **invoices);
    if (progress) {
      report(*progress);
      if (settled(*progress)) return {};
      last = missing(*progress);
    } else {
      last = progress.error().message;
    }
    // Looking is work for the very servers that are being waited for: a fifth of the time at most.
    const auto pause =
        std::max<steady_clock::duration>(milliseconds(200), 4 * (steady_clock::now() - begun));
    if (steady_clock::now() + pause >= deadline) break;
    std::this_thread::sleep_for(pause);
  }
  return Error{ErrorCode::timeout, "the time is up: " + last};
}

}  // namespace outbox::demo
