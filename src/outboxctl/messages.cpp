#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "outboxctl/commands.hpp"
#include "outboxctl/session.hpp"
#include "outboxctl/text_table.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl {
namespace {

// Each status has a cheap way to the few messages that can have it; the view alone would look at
// all that are retained.
std::string candidates_of(const std::string& status) {
  if (status == "pending") {
    return " and seq in (select o.seq from ${outbox} o where o.xid >= "
           "(select min(pg_snapshot_xmin(from_snapshot)) from ${outbox_position}))";
  }
  if (status == "held") {
    return " and aggregateid in (select key from ${outbox_exception} where state = 'held')";
  }
  if (status == "delayed" || status == "retrying" || status == "dead") {
    return " and seq in (select seq from ${outbox_exception} where state = '" + status + "')";
  }
  return "";
}

std::string make_query(const MessagesOptions& options) {
  const std::string sql =
      "select seq, id, status, aggregatetype, aggregateid, type, "
      "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), attempts, "
      "to_char(due_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), last_error, "
      "topic, \"partition\", \"offset\" "
      "from ${outbox_message} where ($2 = '' or status = $2) and ($3 = '' or aggregateid = $3)";
  return sql + candidates_of(options.status) + " order by seq desc limit $1";
}

nlohmann::ordered_json nullable(const pg::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return rows.text(row, column);
}

nlohmann::ordered_json nullable_number(const pg::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return rows.int8(row, column);
}

nlohmann::ordered_json as_json(const pg::Rows& rows, int row) {
  return {{"seq", rows.int8(row, 0)},
          {"id", rows.text(row, 1)},
          {"status", rows.text(row, 2)},
          {"aggregate_type", rows.text(row, 3)},
          {"key", rows.text(row, 4)},
          {"type", rows.text(row, 5)},
          {"created_at", rows.text(row, 6)},
          {"attempts", rows.int8(row, 7)},
          {"due_at", nullable(rows, row, 8)},
          {"last_error", nullable(rows, row, 9)},
          {"topic", nullable(rows, row, 10)},
          {"partition", nullable_number(rows, row, 11)},
          {"offset", nullable_number(rows, row, 12)}};
}

// Where it went, or why it did not.
std::string outcome(const pg::Rows& rows, int row) {
  if (!rows.is_null(row, 9)) {
    return std::to_string(rows.int8(row, 7)) + " attempts: " + text::printable(rows.text(row, 9));
  }
  if (rows.is_null(row, 10)) return "";
  return text::printable(rows.text(row, 10)) + "[" + std::string{rows.text(row, 11)} + "]@" +
         std::string{rows.text(row, 12)};
}

void print_text(std::ostream& out, const pg::Rows& rows) {
  TextTable table{{"SEQ", "STATUS", "KEY", "TYPE", "CREATED", "OUTCOME"}};
  for (int row = 0; row < rows.size(); ++row) {
    table.add({std::string{rows.text(row, 0)}, std::string{rows.text(row, 2)},
               text::printable(rows.text(row, 4)), text::printable(rows.text(row, 5)),
               std::string{rows.text(row, 6)}, outcome(rows, row)});
  }
  table.print(out);
}

}  // namespace

Result<void> list_messages(const CommonOptions& common, const MessagesOptions& options,
                           std::ostream& out) {
  auto connection = connect(common);
  if (!connection) return std::move(connection).error();
  auto tables = postgres_table::Tables::find(*connection, common.table);
  if (!tables) return std::move(tables).error();
  pg::Params params;
  params.int8(options.limit).text(options.status).text(options.key);
  auto rows = connection->query(tables->sql(make_query(options)), params, pg::Format::text);
  if (!rows) return std::move(rows).error();
  if (common.format == Format::json) {
    auto messages = nlohmann::ordered_json::array();
    for (int row = 0; row < rows->size(); ++row)
      messages.push_back(as_json(*rows, row));
    out << messages << '\n';
  } else {
    print_text(out, *rows);
  }
  return {};
}

}  // namespace outbox::ctl
