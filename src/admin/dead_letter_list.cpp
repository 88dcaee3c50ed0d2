#include "admin/dead_letter_list.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "admin/message_search_sql.hpp"
#include "admin/message_summary.hpp"

namespace outbox::admin {
namespace {

// Rows that one page looks at.
constexpr std::int64_t kMostLooked = 5'000;

// Parameters: up to which seq, rows to look at, limit, key, type, error, since, aggregate type, up
// to how many that wait are counted.
std::string list_query(const PayloadSql& payload) {
  return R"(
    with looked as materialized (
           select seq, shard, key, last_error, updated_at, holds_key from ${outbox_exception}
            where state = 'dead' and seq <= $1::bigint order by seq desc limit $2::bigint),
         candidate as materialized (
           select l.seq, l.shard, l.key as aggregateid, l.holds_key, o.id, o.xid, o.aggregatetype,
                  o.type, o.created_at
             from looked l
             left join lateral (select * from ${outbox_row} o where o.seq = l.seq limit 1) o on true
            where ($4::text = '' or l.key = $4::text)
              and ($5::text = '' or o.type = $5::text)
              and ($6::text = '' or strpos(l.last_error, $6::text) > 0)
              and ($7::text = '' or l.updated_at >= nullif($7::text, '')::timestamptz)
              and ($8::text = '' or o.aggregatetype = $8::text)
            order by l.seq desc limit $3::bigint), )" +
         position_cte() + R"(
    select (select count(*) from looked), (select min(seq) from looked),
           (select coalesce(json_agg(d.document::jsonb || d.more order by d.seq desc), '[]')
              from (select m.seq, )" +
         summary_document(payload) + R"( as document,
                           jsonb_build_object('failedAt', )" +
         utc_micros("e.failed_at") + R"(, 'holdsKey', m.holds_key,
                             'heldBehind', case when m.holds_key then (
                               select count(*) from (
                                 select 1 from ${outbox_exception} h cross join lateral (
                                   select 1 from ${outbox} o
                                    where (o.aggregateid, o.seq) >= (h.key, h.seq)
                                      and (o.aggregateid, o.seq) <= (h.key, h.until_seq)
                                    order by o.aggregateid, o.seq limit $9::bigint) o
                                  where h.key = m.aggregateid and h.state = 'held'
                                  limit $9::bigint) w) else 0 end) as more
                      from candidate m)" +
         status_joins() + ") d)";
}

// Ids and numbers differ from message to message; the rest of an error tells its cause.
std::string group_query() {
  return R"(
    with looked as materialized (
           select seq, coalesce(last_error, '') as error, failed_at from ${outbox_exception}
            where state = 'dead' order by seq desc limit $1::bigint),
         told as materialized (
           select *, regexp_replace(
                       error,
                       '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|[0-9]+',
                       '…', 'g') as kind
             from looked),
         grouped as (
           select kind, (array_agg(error order by seq desc))[1] as sample, count(*) as n,
                  min(failed_at) as first_at, max(failed_at) as last_at
             from told group by kind order by n desc, kind limit 100)
    select json_build_object(
      'groups', coalesce(json_agg(json_build_object('error', kind, 'sample', sample, 'count', n,
        'firstAt', )" +
         utc_micros("first_at") + ", 'lastAt', " + utc_micros("last_at") +
         R"() order by n desc, kind), '[]'),
      'total', (select count(*) from looked)) from grouped)";
}

// The longest piece without a placeholder.
std::string common_part(std::string_view kind) {
  constexpr std::string_view kPlaceholder = "…";
  std::string_view longest;
  while (!kind.empty()) {
    const std::size_t end = kind.find(kPlaceholder);
    const std::string_view piece = kind.substr(0, end);
    if (piece.size() > longest.size()) longest = piece;
    kind.remove_prefix(end == std::string_view::npos ? kind.size() : end + kPlaceholder.size());
  }
  return std::string{longest};
}

}  // namespace

Result<Page> list_dead_letters(PostgresOutbox& outbox, const DeadLetterFilter& filter,
                               const PageRequest& page) {
  if (auto fits = check_limit(page); !fits) return std::move(fits).error();
  const auto cursor = page.cursor.empty()
                          ? Result<std::int64_t>{std::numeric_limits<std::int64_t>::max()}
                          : cursor_number(page.cursor);
  if (!cursor) return cursor.error();
  const auto since = outbox.moment(filter.since, "since");
  if (!since) return since.error();
  auto type = outbox.payload_type();
  if (!type) return std::move(type).error();
  auto tx = pg::Tx::begin(outbox.connection(), kSearchBegin);
  if (!tx) return std::move(tx).error();
  pg::Params params;
  params.int8(page.cursor.empty() ? *cursor : *cursor - 1).int8(kMostLooked).int8(page.limit + 1);
  params.text(filter.key).text(filter.type).text(filter.error).text(*since);
  params.text(filter.aggregate_type).int8(kMostHeldBehind);
  const auto rows = outbox.query(list_query(PayloadSql{*std::move(type)}), params);
  if (!rows) return rows.error();
  Page found;
  found.items = Json::parse(rows->text(0, 2));
  if (static_cast<std::int64_t>(found.items.size()) > page.limit) {
    found.items.erase(found.items.size() - 1);
    found.next_cursor = found.items.back()["seq"].get<std::string>();
  } else if (rows->int8(0, 0) == kMostLooked) {
    found.next_cursor = std::to_string(rows->int8(0, 1));
  }
  return found;
}

Result<Json> group_dead_letters(PostgresOutbox& outbox) {
  pg::Params params;
  params.int8(kMostGrouped + 1);
  auto documents = outbox.documents(group_query(), params);
  if (!documents) return std::move(documents).error();
  Json groups = std::move(documents->front());
  for (Json& group : groups["groups"])
    group["filter"] = common_part(group["error"].get<std::string>());
  groups["complete"] = groups["total"].get<std::int64_t>() <= kMostGrouped;
  return groups;
}

}  // namespace outbox::admin
