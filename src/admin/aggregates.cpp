#include "admin/aggregates.hpp"

#include <chrono>
#include <utility>

#include "admin/message_search_sql.hpp"

namespace outbox::admin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kMostTime{50};
constexpr std::int64_t kSteps = 200;
// Ids that begin alike lie together, but for a few that a language's order puts between them.
constexpr std::int64_t kMostMisses = 1'000;

// Steps from id to id. Parameters: where to begin, steps.
std::string step_query(bool beyond) {
  return std::string{
             "with recursive step (id, n) as ("
             "  (select aggregateid, 1 from ${outbox} where aggregateid "} +
         (beyond ? ">" : ">=") +
         " $1::text order by aggregateid limit 1)"
         "  union all"
         "  (select o.id, s.n + 1 from step s cross join lateral ("
         "     select aggregateid as id from ${outbox} where aggregateid > s.id"
         "      order by aggregateid limit 1) o"
         "    where s.n < $2::bigint))"
         "select id from step order by n";
}

// Parameters: key, up to how many are counted. What holds the key comes first.
std::string blocked_by() {
  return "select json_build_object('blockedBy', (select json_build_object('seq', e.seq::text, "
         "'state', e.state, 'lastError', e.last_error, 'attempts', e.attempts, 'dueAt', " +
         utc_micros("e.due_at") +
         ") from ${outbox_exception} e where e.key = $1::text and e.holds_key "
         "and e.state in ('retrying', 'dead') order by e.seq limit 1), "
         "'held', (select count(*) from (select 1 from ${outbox_exception} h "
         "cross join lateral (select 1 from ${outbox} o "
         "where (o.aggregateid, o.seq) >= (h.key, h.seq) "
         "and (o.aggregateid, o.seq) <= (h.key, h.until_seq) "
         "order by o.aggregateid, o.seq limit $2::bigint) o "
         "where h.key = $1::text and h.state = 'held' limit $2::bigint) held))";
}

}  // namespace

Result<Page> list_aggregates(PostgresOutbox& outbox, const std::string& prefix,
                             const PageRequest& page) {
  if (auto fits = check_limit(page); !fits) return std::move(fits).error();
  auto tx = pg::Tx::begin(outbox.connection(), kSearchBegin);
  if (!tx) return std::move(tx).error();
  const auto deadline = Clock::now() + kMostTime;
  Page found;
  std::string last = page.cursor.empty() ? prefix : page.cursor;
  bool beyond = !page.cursor.empty();
  for (std::int64_t misses = 0; misses < kMostMisses;) {
    pg::Params params;
    params.text(last).int8(kSteps);
    const auto rows = outbox.query(step_query(beyond), params);
    if (!rows) return rows.error();
    for (int row = 0; row < rows->size(); ++row) {
      const std::string_view id = rows->text(row, 0);
      if (!id.starts_with(prefix)) {
        ++misses;
      } else if (static_cast<std::int64_t>(found.items.size()) == page.limit) {
        found.next_cursor = found.items.back()["aggregateId"].get<std::string>();
        return found;
      } else {
        misses = 0;
        found.items.push_back({{"aggregateId", id}});
      }
      last = id;
    }
    if (rows->size() < kSteps) return found;
    beyond = true;
    if (Clock::now() >= deadline) {
      found.next_cursor = last;
      return found;
    }
  }
  // There may be more of them behind so many others.
  found.next_cursor = last;
  return found;
}

Result<AggregateMessages> aggregate_messages(PostgresOutbox& outbox,
                                             const std::string& aggregate_type,
                                             const std::string& aggregate_id,
                                             const PageRequest& page) {
  MessageFilter filter;
  filter.aggregate_type = aggregate_type;
  filter.aggregate_id = aggregate_id;
  filter.ascending = true;
  auto messages = search_messages(outbox, filter, page);
  if (!messages) return std::move(messages).error();
  pg::Params params;
  params.text(aggregate_id).int8(kMostHeldCounted);
  auto blocked = outbox.documents(blocked_by(), params);
  if (!blocked) return std::move(blocked).error();
  AggregateMessages found;
  found.blocked_by = std::move(blocked->front()["blockedBy"]);
  found.held = blocked->front()["held"].get<std::int64_t>();
  found.page = *std::move(messages);
  return found;
}

}  // namespace outbox::admin
