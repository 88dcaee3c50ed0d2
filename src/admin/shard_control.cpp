#include "admin/shard_control.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "outbox/shard.hpp"
#include "outbox/source.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"
#include "support/text/printable.hpp"

namespace outbox::admin {
namespace {

// Every relay reads them again and again.
constexpr std::int64_t kMostTopics = 1'000;
constexpr std::size_t kLongestTopic = 249;

// Parameters: paused, topic, actor, the most topics. Whether it changed; whether the topic is
// paused.
constexpr const char* kPauseTopic = R"(
  with changed as (
         update ${outbox_control}
            set paused_topics = case when $1::boolean then array_append(paused_topics, $2::text)
                                     else array_remove(paused_topics, $2::text) end
          where ($2::text = any (paused_topics)) <> $1::boolean
            and (not $1::boolean or cardinality(paused_topics) < $4::bigint)
         returning id),
       audited as (
         insert into ${outbox_audit} (actor, action, details)
         select $3::text, case when $1::boolean then 'pause-topic' else 'resume-topic' end,
                jsonb_build_object('topic', $2::text) from changed)
  select (select count(*) from changed), $2::text = any (c.paused_topics) from ${outbox_control} c)";

// However many wait, a statement looks at so few, by the index of their seqs.
constexpr std::int64_t kLook = 2'000;
constexpr const char* kByIndex =
    "begin; set local enable_seqscan = off; set local enable_bitmapscan = off";

// Parameters: after, rows to look at, the error of delayed messages of paused topics. Those are
// looked at again, those of other topics in vain: in a second, when the relays have learnt that the
// topic goes on. One that a relay is just settling is passed over, and looked at a little later
// anyway. How many rows it looked at; the highest seq of them.
constexpr const char* kHurry = R"(
  with looked as materialized (
         select e.seq, e.state, e.last_error, e.due_at from ${outbox_exception} e
          where e.state <> 'held' and e.seq > $1::bigint order by e.seq limit $2::bigint),
       due as (
         update ${outbox_exception} e set due_at = clock_timestamp() + interval '1 second'
          where e.seq in (select x.seq from ${outbox_exception} x
                           where x.seq = any (array(
                                   select l.seq from looked l
                                    where l.state = 'delayed' and l.last_error = $3::text
                                      and l.due_at > clock_timestamp() + interval '1 second'))
                             and x.state = 'delayed' and x.last_error = $3::text
                           for update skip locked)
            and e.state = 'delayed')
  select count(*), coalesce(max(seq), 0) from looked)";

// In all of these the mode stays as it is until they are done.

// Parameters: paused, shard, actor. Whether it changed; whether the log is read.
constexpr const char* kPauseShard = R"(
  with c as materialized (select mode from ${outbox_control} for share),
       changed as (
         update ${outbox_shard} s set paused = $1::boolean from c
          where s.shard = $2::integer and s.paused <> $1::boolean
            and (c.mode = 'table' or not $1::boolean)
         returning s.shard),
       audited as (
         insert into ${outbox_audit} (actor, action, details)
         select $3::text, case when $1::boolean then 'pause-shard' else 'resume-shard' end,
                jsonb_build_object('shard', shard) from changed)
  select (select count(*) from changed), c.mode = 'wal' from c)";

// Parameters: shard, actor.
constexpr const char* kReleaseShard = R"(
  with c as materialized (select mode from ${outbox_control} for share),
       changed as (
         update ${outbox_shard} s set released = s.owner <> '', preferred = '' from c
          where (s.shard = $1::integer or c.mode = 'wal')
            and ((s.owner <> '' and not s.released) or s.preferred <> '')
         returning s.shard, s.owner),
       audited as (
         insert into ${outbox_audit} (actor, action, details)
         select $2::text, 'release-shard',
                jsonb_build_object('shard', $1::integer, 'shards', count(*), 'relay', nullif(max(owner), ''))
           from changed having count(*) > 0)
  select count(*) from changed)";

// Parameters: shard, relay, actor. Whether it changed; whether there is such a relay.
constexpr const char* kMoveShard = R"(
  with c as materialized (select mode from ${outbox_control} for share),
       relay as materialized (select owner from ${outbox_relay} where owner = $2::text),
       changed as (
         update ${outbox_shard} s set preferred = relay.owner, released = false from c, relay
          where (s.shard = $1::integer or c.mode = 'wal') and s.preferred <> relay.owner
         returning s.shard, s.owner),
       audited as (
         insert into ${outbox_audit} (actor, action, details)
         select $3::text, 'move-shard',
                jsonb_build_object('shard', $1::integer, 'shards', count(*), 'from', nullif(max(owner), ''),
                                   'relay', $2::text)
           from changed having count(*) > 0)
  select (select count(*) from changed), exists (select from relay))";

Result<void> check_shard(int shard) {
  if (shard >= 0 && shard < kShardCount) return {};
  return Error{ErrorCode::invalid_argument, "there is no shard " + std::to_string(shard) +
                                                "; they are numbered 0 to " +
                                                std::to_string(kShardCount - 1)};
}

Result<void> check_topic(const std::string& topic) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!topic.empty() && topic.size() <= kLongestTopic &&
      std::none_of(topic.begin(), topic.end(), is_control)) {
    return {};
  }
  return Error{ErrorCode::invalid_argument,
               "\"" + text::printable(topic.substr(0, 100)) +
                   "\" is no topic name: it takes 1 to 249 bytes without control characters"};
}

// What waits for the topic need not wait out its time. A transaction for each step.
Result<void> hurry_delayed(PostgresOutbox& outbox) {
  std::int64_t after = -1;
  while (true) {
    auto tx = pg::Tx::begin(outbox.connection(), kByIndex);
    if (!tx) return std::move(tx).error();
    pg::Params params;
    params.int8(after).int8(kLook).text(kPausedByOperator);
    const auto rows = outbox.query(kHurry, params);
    if (!rows) return rows.error();
    if (auto committed = tx->commit(); !committed) return committed;
    if (rows->int8(0, 0) < kLook) return {};
    after = rows->int8(0, 1);
  }
}

}  // namespace

Result<bool> pause_topic(PostgresOutbox& outbox, const std::string& topic, bool paused) {
  if (auto checked = check_topic(topic); !checked) return std::move(checked).error();
  pg::Params params;
  params.boolean(paused).text(topic).text(outbox.actor()).int8(kMostTopics);
  const auto rows = outbox.query(kPauseTopic, params);
  if (!rows) return rows.error();
  const bool changed = !rows->empty() && rows->int8(0, 0) > 0;
  if (paused && !changed && (rows->empty() || !rows->boolean(0, 1))) {
    return Error{ErrorCode::conflict, std::to_string(kMostTopics) +
                                          " topics are paused already: resume some, or pause "
                                          "the relays altogether"};
  }
  if (paused) return changed;
  if (auto hurried = hurry_delayed(outbox); !hurried) {
    Error error = std::move(hurried).error();
    error.message += "; the topic goes on, and what has waited for it follows a little later";
    return error;
  }
  return changed;
}

Result<bool> pause_shard(PostgresOutbox& outbox, int shard, bool paused) {
  if (auto checked = check_shard(shard); !checked) return std::move(checked).error();
  pg::Params params;
  params.boolean(paused).int4(shard).text(outbox.actor());
  const auto rows = outbox.query(kPauseShard, params);
  if (!rows) return rows.error();
  if (paused && !rows->empty() && rows->boolean(0, 1)) {
    return Error{ErrorCode::conflict,
                 "the relays read the write-ahead log, which one of them reads for all shards, so "
                 "none can be paused by itself: pause a topic, or everything"};
  }
  return !rows->empty() && rows->int8(0, 0) > 0;
}

Result<bool> release_shard(PostgresOutbox& outbox, int shard) {
  if (auto checked = check_shard(shard); !checked) return std::move(checked).error();
  pg::Params params;
  params.int4(shard).text(outbox.actor());
  const auto changed = outbox.number(kReleaseShard, params);
  if (!changed) return changed.error();
  return *changed > 0;
}

Result<bool> move_shard(PostgresOutbox& outbox, int shard, const std::string& relay) {
  if (auto checked = check_shard(shard); !checked) return std::move(checked).error();
  pg::Params params;
  params.int4(shard).text(relay).text(outbox.actor());
  const auto rows = outbox.query(kMoveShard, params);
  if (!rows) return rows.error();
  if (rows->empty() || !rows->boolean(0, 1)) {
    return Error{ErrorCode::not_found, "no relay named \"" + text::printable(relay.substr(0, 200)) +
                                           "\" shares this outbox: 'outboxctl shards' names "
                                           "those that do"};
  }
  return rows->int8(0, 0) > 0;
}

}  // namespace outbox::admin
