#include <algorithm>
#include <utility>

#include "admin/dead_letters.hpp"
#include "outboxctl/change_report.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/confirm.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/payload_file.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"

namespace outbox::ctl {
namespace {

using admin::DeadLetterFilter;
using admin::DeadLetters;
using admin::DeadLetterSelection;
using admin::Purpose;
using admin::Schedule;

bool filters(const DeadLetterFilter& filter) {
  return !filter.key.empty() || !filter.type.empty() || !filter.error.empty() ||
         !filter.since.empty() || filter.replays;
}

// What is to be changed has to be said in one way.
Result<void> check_choice(const DeadLetterOptions& options) {
  const int ways = (options.filter.names.empty() ? 0 : 1) + (filters(options.filter) ? 1 : 0) +
                   (options.all ? 1 : 0);
  if (ways == 1) return {};
  return Error{ErrorCode::invalid_argument,
               ways == 0 ? "name messages, or choose by --key, --type, --error and --since, or "
                           "say --all"
                         : "names, filters and --all exclude each other"};
}

Result<void> retry_selection(DeadLetters& letters, const DeadLetterSelection& selection,
                             const DeadLetterOptions& options, const Schedule& schedule,
                             ChangeReport& report) {
  std::string payload;
  if (!options.payload_file.empty()) {
    if (selection.seqs.size() != 1) {
      return Error{ErrorCode::invalid_argument,
                   "--payload is for exactly one message, and these are " +
                       std::to_string(selection.seqs.size())};
    }
    auto read = read_payload(options.payload_file);
    if (!read) return std::move(read).error();
    payload = *std::move(read);
    if (auto fits = letters.check_payload(payload); !fits) return fits;
  }
  if (options.dry_run) return {};
  auto changed = options.payload_file.empty() ? letters.retry(selection, schedule)
                                              : letters.retry_edited(selection, payload, schedule);
  if (!changed) return std::move(changed).error();
  report.changed = *changed;
  return {};
}

}  // namespace

Result<void> list_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                               std::ostream& out) {
  if (!common.server.empty()) return server::list_dead_letters(common, options, out);
  auto outbox = open_postgres_outbox(common, "dead-letters");
  if (!outbox) return std::move(outbox).error();
  const auto found = DeadLetters{*outbox}.list(options.filter, options.limit);
  if (!found) return found.error();
  if (common.format == Format::json) {
    Json array = Json::array();
    for (const Json& letter : *found)
      array.push_back(letter);
    print_line(out, array);
    return {};
  }
  TextTable table{{"SEQ", "KEY", "TYPE", "DEAD SINCE", "ATTEMPTS", "ITS KEY", "LAST ERROR"}};
  for (const Json& letter : *found) {
    table.add({shown(letter["seq"]), shown(letter["key"]), shown(letter["type"]),
               shown(letter["dead_since"]), shown(letter["attempts"]),
               letter["holds_key"].get<bool>() ? "waits" : "goes on", shown(letter["last_error"])});
  }
  table.print(out);
  if (std::cmp_equal(found->size(), options.limit)) {
    out << "there may be more: --limit shows up to 1000, 'dead-letters export' all\n";
  }
  return {};
}

Result<void> retry_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                                Console& console) {
  if (auto chosen = check_choice(options); !chosen) return chosen;
  if (!common.server.empty()) return server::retry_dead_letters(common, options, console);
  auto outbox = open_postgres_outbox(common, "dead-letters");
  if (!outbox) return std::move(outbox).error();
  DeadLetters letters{*outbox};
  const auto selection = letters.select(options.filter, Purpose::retry);
  if (!selection) return selection.error();
  const auto now = outbox->now_us();
  if (!now) return now.error();
  const Schedule schedule{*now, options.rate};
  ChangeReport report{.done = "retried",
                      .planned = "would retry",
                      .selected = static_cast<std::int64_t>(selection->seqs.size()),
                      .dry_run = options.dry_run};
  report.schedule(schedule);
  if (auto done = retry_selection(letters, *selection, options, schedule, report); !done) {
    return done;
  }
  report.print(common, console.out);
  return {};
}

Result<void> discard_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                                  Console& console) {
  if (auto chosen = check_choice(options); !chosen) return chosen;
  if (!common.server.empty()) return server::discard_dead_letters(common, options, console);
  auto outbox = open_postgres_outbox(common, "dead-letters");
  if (!outbox) return std::move(outbox).error();
  DeadLetters letters{*outbox};
  const auto selection = letters.select(options.filter, Purpose::discard);
  if (!selection) return selection.error();
  ChangeReport report{.done = "discarded",
                      .planned = "would discard",
                      .selected = static_cast<std::int64_t>(selection->seqs.size()),
                      .dry_run = options.dry_run};
  if (!options.dry_run && report.selected > 0) {
    auto meant = confirm(console, common.yes,
                         "this discards " + count_of(report.selected, "message") + " of " +
                             common.table + " in " + outbox->where(),
                         std::to_string(report.selected));
    if (!meant) return meant;
    auto changed = letters.discard(*selection);
    if (!changed) return std::move(changed).error();
    report.changed = *changed;
  }
  report.print(common, console.out);
  return {};
}

Result<void> export_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                                 std::ostream& out) {
  if (!options.filter.names.empty() && filters(options.filter)) {
    return Error{ErrorCode::invalid_argument, "names and filters exclude each other"};
  }
  auto outbox = open_postgres_outbox(common, "dead-letters");
  if (!outbox) return std::move(outbox).error();
  DeadLetters letters{*outbox};
  const auto selection = letters.select(options.filter, Purpose::look);
  if (!selection) return selection.error();
  std::span<const std::int64_t> rest{selection->seqs};
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.size(), DeadLetters::kWholePage);
    const auto page = letters.whole(rest.first(size));
    if (!page) return page.error();
    for (const Json& letter : *page)
      print_line(out, letter);
    if (!out.flush()) {
      return Error{ErrorCode::conflict, "the output cannot be written (is the disk full?)"};
    }
    rest = rest.subspan(size);
  }
  return {};
}

}  // namespace outbox::ctl
