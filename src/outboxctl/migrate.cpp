#include "outboxctl/commands.hpp"
#include "outboxctl/confirm.hpp"
#include "outboxctl/outbox_admin.hpp"
#include "outboxctl/output.hpp"

namespace outbox::ctl {
namespace {

void print_text(std::ostream& out, const std::string& name, const std::string& where,
                const Migration& migration) {
  const MigrationReport& report = migration.report;
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
  if (migration.partitions_made > 0) out << "made " << migration.partitions_made << " partitions\n";
}

}  // namespace

Result<void> migrate_tables(const CommonOptions& common, const MigrateOptions& options,
                            Console& console) {
  if (options.down) {
    auto meant = confirm(console, common.yes,
                         "--down removes " + common.table + " with all its messages", common.table);
    if (!meant) return meant;
  }
  auto outbox = open_outbox(common);
  if (!outbox) return std::move(outbox).error();
  const auto migration = (*outbox)->migrate(options);
  if (!migration) return migration.error();
  if (common.format == Format::json) {
    print_line(console.out, {{"table", common.table},
                             {"from_version", migration->report.from_version},
                             {"to_version", migration->report.to_version},
                             {"partitions_made", migration->partitions_made}});
  } else {
    print_text(console.out, common.table, (*outbox)->where(), *migration);
  }
  return {};
}

}  // namespace outbox::ctl
