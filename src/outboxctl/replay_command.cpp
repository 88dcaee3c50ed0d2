#include <utility>

#include "admin/replay.hpp"
#include "outboxctl/change_report.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/confirm.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "support/text/utf8.hpp"

namespace outbox::ctl {
namespace {

Result<void> check(const ReplayOptions& options) {
  const admin::ReplayFilter& filter = options.filter;
  if (filter.since.empty() && filter.until.empty() && filter.key.empty() && filter.type.empty() &&
      filter.id.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "choose messages by --since, --until, --key, --type or --id"};
  }
  if (!text::is_utf8(options.topic) || text::has_control_character(options.topic)) {
    return Error{ErrorCode::invalid_argument, "--topic holds a character that no topic has"};
  }
  return {};
}

}  // namespace

Result<void> replay_messages(const CommonOptions& common, const ReplayOptions& options,
                             Console& console) {
  if (auto fine = check(options); !fine) return fine;
  if (!common.server.empty()) return server::replay_messages(common, options, console);
  auto outbox = open_postgres_outbox(common, "replay");
  if (!outbox) return std::move(outbox).error();
  admin::Replay replay{*outbox};
  const auto seqs = replay.select(options.filter);
  if (!seqs) return seqs.error();
  const auto now = outbox->now_us();
  if (!now) return now.error();
  const admin::Schedule schedule{*now, options.rate};
  ChangeReport report{.done = "replayed",
                      .planned = "would replay",
                      .selected = static_cast<std::int64_t>(seqs->size()),
                      .dry_run = options.dry_run};
  report.schedule(schedule);
  if (!options.dry_run && report.selected > 0) {
    auto meant = confirm(console, common.yes,
                         "this sends " + count_of(report.selected, "delivered message") + " of " +
                             common.table + " in " + outbox->where() + " again",
                         std::to_string(report.selected));
    if (!meant) return meant;
    auto changed = replay.start(*seqs, schedule, options.topic);
    if (!changed) return std::move(changed).error();
    report.changed = *changed;
  }
  report.print(common, console.out);
  return {};
}

}  // namespace outbox::ctl
