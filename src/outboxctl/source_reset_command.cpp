#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/confirm.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/source_reset.hpp"

namespace outbox::ctl {

namespace {

Result<void> begin_other_history(const CommonOptions& common, const PostgresOutbox& outbox,
                                 SourceReset& reset, Console& console) {
  auto meant = confirm(console, common.yes,
                       "the relays of " + common.table + " in " + outbox.where() +
                           " will not know of transactions that Kafka has committed, and may send "
                           "their messages again",
                       common.table);
  if (!meant) return meant;
  if (auto begun = reset.begin_other_history(); !begun) return begun;
  if (common.format == Format::json) {
    print_line(console.out, {{"table", common.table}, {"otherHistory", true}});
  } else {
    console.out << common.table << " in " << outbox.where()
                << " begins another history of transactions. The relays may be started.\n";
  }
  return {};
}

}  // namespace

Result<void> reset_source(const CommonOptions& common, const ResetOptions& options,
                          Console& console) {
  auto outbox = open_postgres_outbox(common, "source reset");
  if (!outbox) return std::move(outbox).error();
  SourceReset reset{*outbox};
  if (options.other_history) return begin_other_history(common, *outbox, reset, console);
  if (auto possible = reset.check(); !possible) return possible;
  auto meant = confirm(console, common.yes,
                       "this gives " + common.table + " in " + outbox->where() +
                           " a new position and sends again whatever is not known to be settled",
                       common.table);
  if (!meant) return meant;
  const auto report = reset.run();
  if (!report) return report.error();
  if (common.format == Format::json) {
    print_line(console.out, {{"table", common.table},
                             {"pending", report->pending},
                             {"rewritten", report->rewritten},
                             {"exceptions", report->exceptions},
                             {"position", report->position}});
    return {};
  }
  console.out << common.table << " in " << outbox->where()
              << " is reset: " << count_of(report->pending, "message") << " will be sent, "
              << count_of(report->exceptions, "exception")
              << " stay as they were. The relays may be started.\n";
  return {};
}

}  // namespace outbox::ctl
