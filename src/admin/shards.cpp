#include "admin/shards.hpp"

#include <utility>

namespace outbox::admin {
namespace {

std::string query() {
  return "select json_build_object("
         "'paused', (select bool_or(paused) from ${outbox_control}), "
         "'paused_topics', (select coalesce(json_agg(t order by t), '[]') "
         "from ${outbox_control}, unnest(paused_topics) t), "
         "'paused_shards', (select coalesce(json_agg(shard order by shard), '[]') "
         "from ${outbox_shard} where paused), "
         "'preferred', (select coalesce(json_agg(json_build_object('relay', w.preferred, "
         "'shards', w.shards) order by w.preferred), '[]') "
         "from (select s.preferred, json_agg(s.shard order by s.shard) as shards "
         "from ${outbox_shard} s join ${outbox_relay} r on r.owner = s.preferred "
         "group by s.preferred) w), "
         "'revision', (select max(revision) from ${outbox_control}), "
         "'mode', (select max(mode) from ${outbox_control}), "
         "'slot', (select max(slot) from ${outbox_control}), "
         "'owners', (select coalesce(json_agg(json_build_object('owner', s.owner, "
         "'epoch', s.epoch, 'shards', s.shards) order by s.owner, s.epoch), '[]') "
         "from (select owner, epoch, json_agg(shard order by shard) as shards "
         "from ${outbox_shard} group by owner, epoch) s), "
         "'positions', (select coalesce(json_agg(json_build_object('shards', p.shards, "
         "'epoch', p.epoch, 'n', p.n, 'from_snapshot', p.f, 'to_snapshot', p.t, "
         "'last_seq', p.last_seq, 'written_at', " +
         utc("p.written_at") +
         ") order by p.epoch, p.n), '[]') from (select json_agg(shard order by shard) as shards, "
         "epoch, n, from_snapshot::text as f, to_snapshot::text as t, last_seq, "
         "max(written_at) as written_at from ${outbox_position} "
         "group by epoch, n, from_snapshot::text, to_snapshot::text, last_seq) p), "
         "'relays', (select coalesce(json_agg(json_build_object('owner', r.owner, "
         "'renewals', r.renewals, 'joined_at', " +
         utc("r.joined_at") +
         ", 'shards', (select count(*) from ${outbox_shard} s where s.owner = r.owner)) "
         "order by r.owner), '[]') from ${outbox_relay} r), "
         "'moves', (select coalesce(json_agg(json_build_object('at', " +
         utc("m.at") +
         ", 'shards', m.shards, 'from', nullif(m.from_owner, ''), 'to', nullif(m.to_owner, ''), "
         "'epoch', m.epoch, 'reason', m.reason) order by m.id desc), '[]') "
         "from (select max(id) as id, max(at) as at, json_agg(shard order by shard) as shards, "
         "from_owner, to_owner, epoch, reason from ${outbox_move} "
         "group by epoch, from_owner, to_owner, reason order by 1 desc limit 20) m))";
}

}  // namespace

Result<Json> shards(PostgresOutbox& outbox) {
  auto state = outbox.documents(query());
  if (!state) return std::move(state).error();
  return std::move(state->front());
}

}  // namespace outbox::admin
