#include "admin/message_search_sql.hpp"

#include <utility>

#include "admin/message_summary.hpp"

namespace outbox::admin {
namespace {

// More held keys than this are not asked for one by one.
constexpr const char* kMostHeldKeys = "100";

constexpr const char* kColumns =
    "seq, id, xid, shard, aggregatetype, aggregateid, type, created_at";
constexpr const char* kKeptColumns =
    "seq, id, '3'::xid8 as xid, shard, aggregatetype, aggregateid, type, created_at";

// Numbers the parameters as they are used.
class Parameters {
 public:
  std::string text(const std::string& value) {
    params_.text(value);
    return next("text");
  }
  std::string number(std::int64_t value) {
    params_.int8(value);
    return next("bigint");
  }
  std::string moment(const std::string& value) {
    params_.text(value);
    return next("timestamptz");
  }
  pg::Params take() { return std::move(params_); }

 private:
  [[nodiscard]] std::string next(const std::string& type) const {
    return "$" + std::to_string(params_.size()) + "::" + type;
  }

  pg::Params params_;
};

// What every driver needs.
struct Scan {
  std::string low;
  std::string high;
  std::string look;
  std::string order;  // "asc" or "desc"

  [[nodiscard]] std::string range(const std::string& seq) const {
    return seq + " >= " + low + " and " + seq + " <= " + high;
  }
  [[nodiscard]] std::string first_of(const std::string& order_by) const {
    return " order by " + order_by + " " + order + " limit " + look;
  }
};

std::string table_rows(const Scan& scan) {
  const std::string rest = " where " + scan.range("seq") + scan.first_of("seq");
  return std::string{"select * from ((select "} + kColumns + " from ${outbox}" + rest +
         ") union all (select " + kKeptColumns + " from ${outbox_kept}" + rest + ")) m" +
         scan.first_of("seq");
}

// The comparison of rows leaves the planner no index but the one that has both columns.
std::string key_rows(const Scan& scan, const std::string& key) {
  const std::string rest = " where (aggregateid, seq) >= (" + key + ", " + scan.low +
                           ") and (aggregateid, seq) <= (" + key + ", " + scan.high + ") and " +
                           scan.range("seq") + " order by aggregateid " + scan.order + ", seq " +
                           scan.order + " limit " + scan.look;
  return std::string{"(select "} + kColumns + " from ${outbox}" + rest + ") union all (select " +
         kKeptColumns + " from ${outbox_kept}" + rest + ")";
}

std::string recent_rows(const Scan& scan, const std::string& xid) {
  return std::string{"select * from (select "} + kColumns + " from ${outbox} where xid >= " + xid +
         "::xid8 order by xid, seq limit " + std::to_string(kMostRecent) + ") m where " +
         scan.range("seq") + scan.first_of("seq");
}

// Of what retention or a TRUNCATE has removed, an exception may be all that is left. A range that
// is held may begin at the seq of another key's exception: it comes second, and is not shown.
std::string exception_rows(const Scan& scan, const std::string& condition) {
  return "select e.seq, o.id, o.xid, e.shard, o.aggregatetype, e.key as aggregateid, o.type, "
         "o.created_at, e.range from (select seq, shard, key, state = 'held' as range "
         "from ${outbox_exception} where " +
         condition + " and " + scan.range("seq") + " order by seq " + scan.order +
         ", state = 'held' limit " + scan.look + ") e left join lateral (select " + kColumns +
         " from ${outbox_row} o where o.seq = e.seq limit 1) o on true";
}

std::string held_rows(const Scan& scan) {
  const Scan inner{"greatest(h.low, " + scan.low + ")", "least(h.high, " + scan.high + ")",
                   scan.look, scan.order};
  return std::string{
             "select o.* from (select key, seq as low, until_seq as high "
             "from ${outbox_exception} where holds_key and state = 'held' limit "} +
         kMostHeldKeys + ") h cross join lateral (" + key_rows(inner, "h.key") + ") o";
}

// The condition by which an index of the exceptions finds those of a status, or as few more as
// there is an index for.
std::string exceptions_of(const std::string& status) {
  if (status == "dead") return "state = 'dead'";
  if (status == "retrying") return "holds_key";
  return "state <> 'held'";
}

std::string driver_rows(const SearchStep& step, const MessageFilter& filter, const Scan& scan,
                        Parameters& parameters) {
  switch (step.driver) {
    case Driver::table:
      break;
    case Driver::key:
      return key_rows(scan, parameters.text(filter.aggregate_id));
    case Driver::recent:
      return recent_rows(scan, parameters.text(step.low_xid));
    case Driver::exceptions:
      return exception_rows(scan, exceptions_of(filter.status));
    case Driver::held:
      return held_rows(scan);
  }
  return table_rows(scan);
}

std::string path_condition(const ParsedFilter& parsed, Parameters& parameters) {
  std::string elements;
  for (const JsonStep& step : parsed.path)
    elements += (elements.empty() ? "" : ", ") + parameters.text(step.name);
  // What json may have and text may not would end the search with an error: a NUL, and a half of a
  // surrogate pair. Pairs, and backslashes that are escaped themselves, are put out of the way
  // first.
  return R"sql((
    select case when strpos(o.payload::text, '\u') = 0
                  or (strpos(x.escapes, '\u0000') = 0
                      and regexp_replace(x.escapes, '\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}',
                                         ' ', 'gi') !~* '\\ud[89a-f]')
                then o.payload #>> array[)sql" +
         elements + R"sql(] end
      from ${outbox_row} o
      cross join lateral (select replace(o.payload::text, '\\', ' ') as escapes offset 0) x
     where o.seq = m.seq limit 1) = )sql" +
         parameters.text(parsed.filter.value);
}

// The conditions on a candidate's own columns come first, so that few are joined.
std::string conditions(Driver driver, const ParsedFilter& parsed, Parameters& parameters) {
  const MessageFilter& filter = parsed.filter;
  std::string all = driver == Driver::exceptions ? "not m.range" : "true";
  const auto add = [&all](const std::string& condition) { all += " and " + condition; };
  if (!filter.aggregate_type.empty()) {
    add("m.aggregatetype = " + parameters.text(filter.aggregate_type));
  }
  if (!filter.aggregate_id.empty()) add("m.aggregateid = " + parameters.text(filter.aggregate_id));
  if (!filter.type.empty()) add("m.type = " + parameters.text(filter.type));
  if (!parsed.since.empty()) add("m.created_at >= " + parameters.moment(parsed.since));
  if (!parsed.until.empty()) add("m.created_at < " + parameters.moment(parsed.until));
  if (!parsed.path.empty()) add(path_condition(parsed, parameters));
  if (!filter.error.empty()) {
    add("strpos(e.last_error, " + parameters.text(filter.error) + ") > 0");
  }
  if (!filter.topic.empty()) add("r.topic = " + parameters.text(filter.topic));
  if (!filter.status.empty()) add(status_expression() + " = " + parameters.text(filter.status));
  return all;
}

bool needs_joins(const MessageFilter& filter) {
  return !filter.status.empty() || !filter.topic.empty() || !filter.error.empty();
}

}  // namespace

bool filters_rows(Driver driver, const MessageFilter& filter) {
  return !filter.topic.empty() || !filter.aggregate_type.empty() || !filter.type.empty() ||
         !filter.since.empty() || !filter.until.empty() || !filter.error.empty() ||
         !filter.path.empty() || (!filter.status.empty() && driver != Driver::held) ||
         (!filter.aggregate_id.empty() && driver != Driver::key);
}

Statement search_statement(const SearchStep& step, const ParsedFilter& parsed,
                           const PayloadSql& payload) {
  Parameters parameters;
  const std::string order = parsed.filter.ascending ? "asc" : "desc";
  const Scan scan{parameters.number(step.range.low), parameters.number(step.range.high),
                  parameters.number(step.look), order};
  const std::string rows = driver_rows(step, parsed.filter, scan, parameters);
  const std::string where = conditions(step.driver, parsed, parameters);
  std::string sql = "with candidate as materialized (select * from (" + rows + ") m" +
                    scan.first_of("seq") + "), " + position_cte() +
                    ", matched as materialized (select m.* from candidate m" +
                    (needs_joins(parsed.filter) ? status_joins() : "") + " where " + where +
                    " order by m.seq " + order + " limit " + parameters.number(step.take) +
                    ") select (select count(*) from candidate), (select min(seq) from candidate), "
                    "(select max(seq) from candidate), "
                    "(select coalesce(json_agg(d.document order by d.seq " +
                    order + "), '[]') from (select m.seq, " + summary_document(payload) +
                    " as document from matched m" + status_joins() + ") d)";
  return {std::move(sql), parameters.take()};
}

Statement first_seq_statement(const std::string& moment) {
  Parameters parameters;
  const std::string when = parameters.moment(moment);
  // What was only emitted is in the second table alone, and may be all that there is.
  const auto first = [](const std::string& columns, const std::string& rest) {
    const std::string from_each = rest + " limit 1";
    return "select " + columns + " from ((select " + columns + " from ${outbox}" + from_each +
           ") union all (select " + columns + " from ${outbox_kept}" + from_each + ")) b" +
           rest.substr(rest.find(" order by")) + " limit 1";
  };
  return {
      "with recursive search (low, high) as ("
      "  select coalesce((" +
          first("seq", " order by seq") + "), 0), coalesce((" + first("seq", " order by seq desc") +
          "), 0) + 1"
          "  union all"
          "  select case when p.created_at < " +
          when +
          " then p.seq + 1 else s.low end,"
          "         case when p.created_at < " +
          when +
          " then s.high else m.middle end"
          "    from search s"
          "    cross join lateral (select (s.low + s.high) / 2 as middle) m"
          "    left join lateral (" +
          first("seq, created_at", " where seq >= m.middle and seq < s.high order by seq") +
          ") p on true"
          "   where s.low < s.high)"
          "select max(low) from search",
      parameters.take()};
}

Result<std::int64_t> first_seq(PostgresOutbox& outbox, const std::string& moment, Margin margin) {
  pg::Params params;
  params.text(moment);
  const auto wider =
      outbox.query(std::string{"select ($1::timestamptz "} +
                       (margin == Margin::earlier ? "-" : "+") + " interval '1 second')::text",
                   params);
  if (!wider) return wider.error();
  const Statement statement = first_seq_statement(std::string{wider->text(0, 0)});
  return outbox.number(statement.sql, statement.params);
}

}  // namespace outbox::admin
