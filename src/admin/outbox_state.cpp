#include "admin/outbox_state.hpp"

#include <string_view>
#include <utility>

namespace outbox::admin {
namespace {

std::string query() {
  return "select c.paused, c.mode, t.at, t.actor, t.partition, t.unsent, "
         "to_json(c.paused_topics), (select coalesce(json_agg(s.shard order by s.shard), '[]') "
         "from ${outbox_shard} s where s.paused) from ${outbox_control} c "
         "left join lateral (select " +
         utc_micros("a.at") +
         " as at, a.actor, a.details ->> 'partition' as partition, "
         "(a.details ->> 'unsent')::bigint as unsent from ${outbox_audit} a "
         "where a.action = 'truncate' and a.at >= clock_timestamp() - interval '7 days' "
         "order by a.id desc limit 1) t on true";
}

}  // namespace

Result<OutboxState> read_state(PostgresOutbox& outbox) {
  const auto rows = outbox.query(query());
  if (!rows) return rows.error();
  OutboxState state;
  if (rows->empty()) return state;
  state.paused = rows->boolean(0, 0);
  state.mode = rows->text(0, 1);
  state.paused_topics = Json::parse(rows->text(0, 6)).get<std::vector<std::string>>();
  state.paused_shards = Json::parse(rows->text(0, 7)).get<std::vector<int>>();
  if (!rows->is_null(0, 2)) {
    state.truncated = Truncation{std::string{rows->text(0, 2)}, std::string{rows->text(0, 3)},
                                 std::string{rows->text(0, 4)}, rows->int8(0, 5)};
  }
  return state;
}

Result<std::optional<int>> schema_version(PostgresOutbox& outbox) {
  const auto allowed = outbox.query(
      "select coalesce(has_table_privilege(to_regclass('${outbox_migration}'), 'select'), false)");
  if (!allowed) return allowed.error();
  if (!allowed->boolean(0, 0)) return std::optional<int>{};
  const auto version = outbox.number("select max(version)::bigint from ${outbox_migration}");
  if (!version) return version.error();
  return std::optional{static_cast<int>(*version)};
}

}  // namespace outbox::admin
