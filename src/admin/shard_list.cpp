#include "admin/shard_list.hpp"

#include <utility>

namespace outbox::admin {
namespace {

std::string query() {
  return "select json_build_object("
         "'mode', c.mode, 'slot', c.slot, 'revision', c.revision::text, "
         "'shards', (select coalesce(json_agg(json_build_object('shard', s.shard, "
         "'owner', nullif(s.owner, ''), 'epoch', s.epoch::text, 'paused', s.paused, "
         "'preferred', nullif(s.preferred, ''), 'lastSeq', p.last_seq::text, "
         "'positionWrittenAt', " +
         utc_micros("p.written_at") +
         ") order by s.shard), '[]') from ${outbox_shard} s "
         "left join ${outbox_position} p on p.shard = s.shard), "
         "'relays', (select coalesce(json_agg(json_build_object('name', r.owner, 'joinedAt', " +
         utc_micros("r.joined_at") +
         ", 'shards', (select count(*) from ${outbox_shard} s where s.owner = r.owner)) "
         "order by r.owner), '[]') from ${outbox_relay} r), "
         "'moves', (select coalesce(json_agg(json_build_object('at', " +
         utc_micros("m.at") +
         ", 'shard', m.shard, 'from', nullif(m.from_owner, ''), 'to', nullif(m.to_owner, ''), "
         "'reason', m.reason, 'epoch', m.epoch::text) order by m.id desc), '[]') "
         "from (select * from ${outbox_move} order by id desc limit 200) m)) "
         "from ${outbox_control} c";
}

}  // namespace

Result<Json> list_shards(PostgresOutbox& outbox) {
  auto state = outbox.documents(query());
  if (!state) return std::move(state).error();
  if (state->empty()) return Error{ErrorCode::conflict, "the outbox's control row is missing"};
  return std::move(state->front());
}

Result<std::map<std::string, std::int64_t, std::less<>>> relay_renewals(PostgresOutbox& outbox) {
  const auto rows = outbox.query("select owner, renewals from ${outbox_relay}");
  if (!rows) return rows.error();
  std::map<std::string, std::int64_t, std::less<>> renewals;
  for (int row = 0; row < rows->size(); ++row)
    renewals.emplace(rows->text(row, 0), rows->int8(row, 1));
  return renewals;
}

Result<Json> shard_owner(PostgresOutbox& outbox, int shard) {
  pg::Params params;
  params.int4(shard);
  auto owner = outbox.documents(
      "select json_build_object('relay', owner, 'epoch', epoch::text) from ${outbox_shard} "
      "where shard = $1::integer and owner <> ''",
      params);
  if (!owner) return std::move(owner).error();
  return owner->empty() ? Json(nullptr) : std::move(owner->front());
}

}  // namespace outbox::admin
