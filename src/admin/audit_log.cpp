#include "admin/audit_log.hpp"

#include <limits>
#include <optional>
#include <utility>

#include "admin/message_names.hpp"

namespace outbox::admin {
namespace {

// Rows that one page looks at.
constexpr std::int64_t kMostLooked = 20'000;

// Parameters: before id, rows to look at, seq or null, actor, action, since, until, limit. A row
// about what was looked at comes first.
std::string query() {
  return R"(
    with looked as materialized (
           select id, at, actor, action, seq, key, details from ${outbox_audit}
            where id < $1::bigint and ($3::bigint is null or seq = $3::bigint)
            order by id desc limit $2::bigint),
         matched as (
           select * from looked
            where ($4::text = '' or strpos(actor, $4::text) > 0)
              and ($5::text = '' or action = $5::text)
              and ($6::text = '' or at >= nullif($6::text, '')::timestamptz)
              and ($7::text = '' or at < nullif($7::text, '')::timestamptz)
            order by id desc limit $8::bigint)
    select (select count(*) from looked), (select min(id) from looked),
           (select coalesce(json_agg(json_build_object(
              'id', id::text, 'at', )" +
         utc_micros("at") +
         R"(, 'actor', actor, 'action', action, 'seq', seq::text, 'key', key,
              'details', details - 'before' - 'after') order by id desc), '[]') from matched))";
}

Result<std::optional<std::int64_t>> seq_of(const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>{};
  const auto names = parse_names({text});
  if (!names || names->seqs.empty()) {
    return Error{ErrorCode::invalid_argument, "seq is a message's number"};
  }
  return std::optional{names->seqs.front()};
}

}  // namespace

Result<Page> list_audit(PostgresOutbox& outbox, const AuditFilter& filter,
                        const PageRequest& page) {
  if (auto fits = check_limit(page); !fits) return std::move(fits).error();
  const auto before = page.cursor.empty()
                          ? Result<std::int64_t>{std::numeric_limits<std::int64_t>::max()}
                          : cursor_number(page.cursor);
  if (!before) return before.error();
  const auto seq = seq_of(filter.seq);
  if (!seq) return seq.error();
  const auto since = outbox.moment(filter.since, "since");
  if (!since) return since.error();
  const auto until = outbox.moment(filter.until, "until");
  if (!until) return until.error();
  pg::Params params;
  params.int8(*before).int8(kMostLooked).int8(*seq).text(filter.actor).text(filter.action);
  params.text(*since).text(*until).int8(page.limit + 1);
  const auto rows = outbox.query(query(), params);
  if (!rows) return rows.error();
  Page found;
  found.items = Json::parse(rows->text(0, 2));
  if (static_cast<std::int64_t>(found.items.size()) > page.limit) {
    found.items.erase(found.items.size() - 1);
    found.next_cursor = found.items.back()["id"].get<std::string>();
  } else if (rows->int8(0, 0) == kMostLooked) {
    found.next_cursor = std::to_string(rows->int8(0, 1));
  }
  return found;
}

}  // namespace outbox::admin
