#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/confirm.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/source_reset.hpp"

namespace outbox::ctl {

Result<void> reset_source(const CommonOptions& common, Console& console) {
  auto outbox = PostgresOutbox::open(common, "source reset");
  if (!outbox) return std::move(outbox).error();
  SourceReset reset{*outbox};
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
