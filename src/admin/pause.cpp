#include "admin/pause.hpp"

namespace outbox::admin {
namespace {

// Parameters: paused, actor. One row; whether it changed.
constexpr const char* kSwitch = R"(
  with changed as (
         update ${outbox_control} set paused = $1::boolean
          where paused <> $1::boolean returning paused),
       audited as (
         insert into ${outbox_audit} (actor, action)
         select $2::text, case when $1::boolean then 'pause' else 'resume' end from changed)
  select count(*) from changed)";

}  // namespace

Result<bool> set_paused(PostgresOutbox& outbox, bool paused) {
  pg::Params params;
  params.boolean(paused).text(outbox.actor());
  const auto changed = outbox.number(kSwitch, params);
  if (!changed) return changed.error();
  return *changed == 1;
}

}  // namespace outbox::admin
