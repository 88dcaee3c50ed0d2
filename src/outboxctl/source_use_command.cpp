#include <chrono>

#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/outbox_admin.hpp"
#include "outboxctl/output.hpp"
#include "sources/postgres_table/mode_switch.hpp"

namespace outbox::ctl {
namespace {

// A relay reads the log to its end first, and finishes what it has in flight.
constexpr std::chrono::seconds kPatience{30};

Result<void> use_table(PostgresOutbox& outbox, const postgres_table::SwitchOptions& options,
                       Format format, std::ostream& out) {
  if (auto switched = postgres_table::read_table(outbox.connection(), outbox.tables(), options);
      !switched) {
    return switched;
  }
  if (format == Format::json) {
    print_line(out, {{"table", outbox.table()}, {"mode", "table"}});
    return {};
  }
  out << outbox.table() << " in " << outbox.where() << " is read in the table\n";
  return {};
}

Result<void> use_log(PostgresOutbox& outbox, const std::string& url, const std::string& name,
                     const postgres_table::SwitchOptions& options, Format format,
                     std::ostream& out) {
  const auto slot =
      postgres_table::read_log(outbox.connection(), url, outbox.tables(), name, options);
  if (!slot) return slot.error();
  const auto keep = outbox.number(
      "select setting::bigint from pg_settings where name = "
      "'max_slot_wal_keep_size'");
  if (!keep) return keep.error();
  if (format == Format::json) {
    print_line(out, {{"table", outbox.table()}, {"mode", "wal"}, {"slot", *slot}});
    return {};
  }
  out << outbox.table() << " in " << outbox.where()
      << " is read in the write-ahead log, from the slot " << *slot << ", by one relay at a time\n";
  if (*keep < 0) {
    out << "The server keeps its log for the slot until its disk is full, should no relay run: set "
           "max_slot_wal_keep_size, and watch outbox_source_lag_bytes\n";
  }
  return {};
}

}  // namespace

Result<void> use_source(const CommonOptions& common, const UseOptions& options, std::ostream& out) {
  auto outbox = open_postgres_outbox(common, "source use");
  if (!outbox) return std::move(outbox).error();
  const auto url = address_of(common);
  if (!url) return url.error();
  postgres_table::SwitchOptions how;
  how.actor = outbox->actor();
  how.accept_gap = options.accept_gap;
  how.patience = kPatience;
  if (auto set = outbox->connection().set_statement_timeout(2 * kPatience); !set) return set;
  if (options.mode == "table") return use_table(*outbox, how, common.format, out);
  return use_log(*outbox, *url, options.slot, how, common.format, out);
}

}  // namespace outbox::ctl
