#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/postgres_outbox.hpp"

namespace outbox::ctl {
namespace {

// Parameters: paused, actor. One row; whether it changed.
constexpr const char* kSwitch = R"(
  with changed as (
         update ${outbox_control} set paused = $1::boolean, revision = revision + 1
          where paused <> $1::boolean returning revision),
       audited as (
         insert into ${outbox_audit} (actor, action)
         select $2::text, case when $1::boolean then 'pause' else 'resume' end from changed)
  select count(*) from changed)";

}  // namespace

Result<void> pause_relays(const CommonOptions& common, bool paused, std::ostream& out) {
  auto outbox = PostgresOutbox::open(common, paused ? "pause" : "resume");
  if (!outbox) return std::move(outbox).error();
  pg::Params params;
  params.boolean(paused).text(outbox->actor());
  const auto changed = outbox->number(kSwitch, params);
  if (!changed) return changed.error();
  if (common.format == Format::json) {
    print_line(out, {{"table", common.table}, {"paused", paused}, {"changed", *changed == 1}});
    return {};
  }
  out << common.table << " in " << outbox->where() << (*changed == 1 ? " is now " : " was already ")
      << (paused ? "paused: its relays stop within about a second, and nothing is lost\n"
                 : "going: its relays send\n");
  return {};
}

}  // namespace outbox::ctl
