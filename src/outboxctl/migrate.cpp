#include <utility>

#include <nlohmann/json.hpp>

#include "outbox/migrations.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/session.hpp"
#include "sources/postgres_table/sql.hpp"

namespace outbox::ctl {
namespace {

constexpr int kPartitionsAhead = 8;

// The relay makes partitions too; this is for a database whose relay has been away for long.
Result<std::int64_t> add_partitions(pg::Connection& connection, const std::string& table) {
  auto tables = postgres_table::Tables::find(connection, table);
  if (!tables) return std::move(tables).error();
  pg::Params ahead;
  ahead.int4(kPartitionsAhead);
  auto made = connection.query(tables->sql("select ${outbox_add_partitions}($1)"), ahead);
  if (!made) return std::move(made).error();
  return made->int8(0, 0);
}

void print_text(std::ostream& out, const std::string& name, const std::string& where,
                const MigrationReport& report, std::int64_t partitions) {
  out << name << " in " << where << ": ";
  if (report.from_version == report.to_version) {
    out << (report.to_version == 0
                ? "there is nothing to remove\n"
                : "at version " + std::to_string(report.to_version) + " already\n");
  } else if (report.to_version == 0) {
    out << "removed, with all messages\n";
  } else {
    out << "migrated from version " << report.from_version << " to " << report.to_version << '\n';
  }
  if (partitions > 0) out << "made " << partitions << " partitions\n";
}

}  // namespace

Result<void> migrate_tables(const CommonOptions& common, const MigrateOptions& options,
                            std::ostream& out) {
  auto connection = connect(common);
  if (!connection) return std::move(connection).error();
  MigrationOptions migration;
  migration.table = common.table;
  migration.payload_type = options.payload_type;
  const auto report = options.down ? migrate_down(connection->raw(), migration)
                                   : migrate(connection->raw(), migration);
  if (!report) return report.error();
  std::int64_t partitions = 0;
  if (!options.down) {
    auto made = add_partitions(*connection, common.table);
    if (!made) return std::move(made).error();
    partitions = *made;
  }
  if (common.format == Format::json) {
    out << nlohmann::ordered_json{{"table", common.table},
                                  {"from_version", report->from_version},
                                  {"to_version", report->to_version},
                                  {"partitions_made", partitions}}
        << '\n';
  } else {
    print_text(out, common.table, describe(*connection), *report, partitions);
  }
  return {};
}

}  // namespace outbox::ctl
