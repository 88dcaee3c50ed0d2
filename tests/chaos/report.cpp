#include "tests/chaos/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace outbox::chaos {
namespace {

constexpr double kLongestDrain_s = 30;

std::int64_t sum(const std::map<std::string, std::int64_t>& counts) {
  std::int64_t total = 0;
  for (const auto& [name, count] : counts) {
    total += count;
  }
  return total;
}

void list(std::string& text, const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  text += fmt::format("{}\n", title);
  for (const std::string& line : lines) {
    text += fmt::format("    {}\n", line);
  }
}

}  // namespace

std::vector<std::string> Report::broken() const {
  std::vector<std::string> broken;
  const auto demand = [&](bool kept, std::string promise) {
    if (!kept) broken.push_back(std::move(promise));
  };
  demand(verdict.lost == 0, fmt::format("P1: {} messages are lost", verdict.lost));
  demand(verdict.phantom == 0, fmt::format("P1: {} records were never committed", verdict.phantom));
  demand(verdict.inversions == 0, fmt::format("P2: {} inversions", verdict.inversions));
  demand(verdict.moved == 0,
         fmt::format("P2: {} messages came in another partition", verdict.moved));
  demand(epoch_regressions == 0,
         fmt::format("P3: {} times an epoch or a position moved back", epoch_regressions));
  demand(duplicate_effects == 0, fmt::format("P4: {} duplicate effects", duplicate_effects));
  demand(orders_without_invoice == 0,
         fmt::format("P4: {} orders have no right invoice", orders_without_invoice));
  demand(verdict.duplicates <= duplicates_bound(),
         fmt::format("{} duplicates, more than {}", verdict.duplicates, duplicates_bound()));
  demand(drained, "what was committed did not drain");
  demand(!drained || drain_s <= kLongestDrain_s,
         fmt::format("draining took {:.1f} s after the last healing, more than {:.0f}", drain_s,
                     kLongestDrain_s));
  if (!findings.empty()) broken.push_back(fmt::format("{} findings", findings.size()));
  return broken;
}

std::string to_json(const Report& report) {
  const Verdict& verdict = report.verdict;
  nlohmann::ordered_json json{{"seed", report.seed},
                              {"minutes", report.minutes},
                              {"source", report.source},
                              {"exactly_once", report.exactly_once},
                              {"ok", report.broken().empty()},
                              {"committed", verdict.committed},
                              {"delivered", verdict.delivered},
                              {"given_up", verdict.given_up},
                              {"faults", sum(report.faults_by_class)},
                              {"fault_classes", report.faults_by_class.size()},
                              {"faults_by_class", report.faults_by_class},
                              {"faults_unseen", report.faults_unseen},
                              {"lost", verdict.lost},
                              {"phantom", verdict.phantom},
                              {"inversions", verdict.inversions},
                              {"moved", verdict.moved},
                              {"epoch_regressions", report.epoch_regressions},
                              {"position_samples", report.position_samples},
                              {"orders", report.orders},
                              {"orders_without_invoice", report.orders_without_invoice},
                              {"duplicate_effects", report.duplicate_effects},
                              {"duplicates", verdict.duplicates},
                              {"duplicates_bound", report.duplicates_bound()},
                              {"in_flight_bound", report.in_flight_bound},
                              {"kills", report.kills},
                              {"reconnects", report.reconnects},
                              {"new_producers", report.new_producers},
                              {"drained", report.drained},
                              {"drain_s", report.drain_s},
                              {"effects_s", report.effects_s},
                              {"broken", report.broken()},
                              {"offending", verdict.findings},
                              {"findings", report.findings},
                              {"notes", report.notes}};
  return json.dump(2) + "\n";
}

std::string to_text(const Report& report) {
  const Verdict& verdict = report.verdict;
  std::string text = fmt::format(
      "seed {}, {} minutes\n"
      "committed {}, delivered {}, given up {}, lost {}, phantom {}\n"
      "inversions {}, moved {}, epoch regressions {} in {} samples\n"
      "orders {}, without a right invoice {}, duplicate effects {}\n"
      "duplicates {}, at most {} = ({} kills + {} reconnects + {} new producers) x {} in flight\n"
      "drained {:.1f} s after the last healing, the invoices {:.1f} s\n",
      report.seed, report.minutes, verdict.committed, verdict.delivered, verdict.given_up,
      verdict.lost, verdict.phantom, verdict.inversions, verdict.moved, report.epoch_regressions,
      report.position_samples, report.orders, report.orders_without_invoice,
      report.duplicate_effects, verdict.duplicates, report.duplicates_bound(), report.kills,
      report.reconnects, report.new_producers, report.in_flight_bound, report.drain_s,
      report.effects_s);
  text += fmt::format("faults {} of {} classes\n", sum(report.faults_by_class),
                      report.faults_by_class.size());
  for (const auto& [name, count] : report.faults_by_class) {
    text += fmt::format("{:>12}  {}\n", count, name);
  }
  for (const auto& [name, count] : report.faults_unseen) {
    text += fmt::format("{:>12}  {}, of which nothing was seen: not counted\n", count, name);
  }
  list(text, "notes", report.notes);
  list(text, "offending messages", verdict.findings);
  if (report.exactly_once) list(text, "duplicates", verdict.repeats);
  list(text, "findings", report.findings);
  const std::vector<std::string> broken = report.broken();
  list(text, "BROKEN", broken);
  text += broken.empty() ? "every promise was kept\n"
                         : fmt::format("again: ./dev chaos --seed {} --minutes {} --source {}{}\n",
                                       report.seed, report.minutes, report.source,
                                       report.exactly_once ? " --exactly-once" : "");
  return text;
}

}  // namespace outbox::chaos
