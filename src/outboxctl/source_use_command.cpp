#include <chrono>

#include "outboxctl/commands.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/postgres_outbox.hpp"
#include "sources/postgres_table/mode_switch.hpp"

namespace outbox::ctl {
namespace {

// A relay finishes what it has in flight first.
constexpr std::chrono::seconds kPatience{30};
// A slot is ready when the transactions have ended that were running.
constexpr std::chrono::minutes kLongestTransaction{10};

Result<void> use_table(PostgresOutbox& outbox, Format format, std::ostream& out) {
  if (auto switched = postgres_table::read_table(outbox.connection(), outbox.tables(),
                                                 outbox.actor(), kPatience);
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

Result<void> use_log(PostgresOutbox& outbox, const UseOptions& options, Format format,
                     std::ostream& out) {
  if (auto set = outbox.connection().set_statement_timeout(kLongestTransaction); !set) return set;
  const auto slot =
      postgres_table::read_log(outbox.connection(), outbox.tables(), options.slot, outbox.actor());
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
  auto outbox = PostgresOutbox::open(common, "source use");
  if (!outbox) return std::move(outbox).error();
  return options.mode == "wal" ? use_log(*outbox, options, common.format, out)
                               : use_table(*outbox, common.format, out);
}

}  // namespace outbox::ctl
