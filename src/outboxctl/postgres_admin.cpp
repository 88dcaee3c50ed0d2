#include <utility>

#include "admin/postgres_outbox.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/outbox_admin.hpp"
#include "sources/postgres_table/mode.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "support/pg/connection.hpp"

namespace outbox::ctl {
namespace {

using admin::utc;

constexpr int kPartitionsAhead = 8;

constexpr const char* kProcessed =
    "select count(*) from (select 1 from ${outbox_receipt} limit $1) r";

constexpr const char* kDelayed =
    "select count(*) from (select 1 from ${outbox_exception} where state = 'delayed' limit $1) e";

constexpr const char* kVersion = "select coalesce(max(version), 0) from ${outbox_migration}";

constexpr const char* kPaused =
    "select bool_or(paused), coalesce(max(array_to_string(paused_topics, ', ')), '') "
    "from ${outbox_control}";

constexpr const char* kPositions =
    "select array_to_string(array_agg(shard order by shard), ','), count(*), "
    "from_snapshot::text, coalesce(to_snapshot::text, ''), last_seq, "
    "to_char(max(written_at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
    "from ${outbox_position} group by epoch, n, from_snapshot::text, to_snapshot::text, last_seq "
    "order by min(shard)";

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
  if (status == "delayed" || status == "retrying" || status == "dead" || status == "discarded") {
    return " and seq in (select seq from ${outbox_exception} where state = '" + status + "')";
  }
  return "";
}

std::string messages_query(const MessagesOptions& options) {
  const std::string sql =
      "select seq, id, status, aggregatetype, aggregateid, type, " + utc("created_at") +
      ", attempts, " + utc("due_at") +
      ", last_error, "
      "topic, \"partition\", \"offset\" "
      "from ${outbox_message} where ($2 = '' or status = $2) and ($3 = '' or aggregateid = $3)";
  return sql + candidates_of(options.status) + " order by seq desc limit $1";
}

std::optional<std::string> text_or_null(const pg::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return std::string{rows.text(row, column)};
}

std::optional<std::int64_t> number_or_null(const pg::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.int8(row, column);
}

MessageRow to_message(const pg::Rows& rows, int row) {
  const auto text = [&](int column) { return std::string{rows.text(row, column)}; };
  return {rows.int8(row, 0),
          text(1),
          text(2),
          text(3),
          text(4),
          text(5),
          text(6),
          rows.int8(row, 7),
          text_or_null(rows, row, 8),
          text_or_null(rows, row, 9),
          text_or_null(rows, row, 10),
          number_or_null(rows, row, 11),
          number_or_null(rows, row, 12)};
}

class PostgresAdmin final : public OutboxAdmin {
 public:
  PostgresAdmin(std::string url, std::string table, pg::Connection connection)
      : url_(std::move(url)), table_(std::move(table)), connection_(std::move(connection)) {}

  [[nodiscard]] std::string where() const override { return admin::where_is(connection_); }

  Result<Migration> migrate(const MigrateOptions& options) override {
    MigrationOptions migration;
    migration.table = table_;
    migration.payload_type = options.payload_type;
    const auto report = options.down ? migrate_down(connection_.raw(), migration)
                                     : outbox::migrate(connection_.raw(), migration);
    if (!report) return report.error();
    if (options.down) return Migration{*report, 0};
    auto made = add_partitions();
    if (!made) return std::move(made).error();
    return Migration{*report, *made};
  }

  Result<Overview> overview() override {
    auto tables = postgres_table::Tables::find(connection_, table_);
    if (!tables) return std::move(tables).error();
    auto relay = postgres_table::StatusReader{url_, table_}.read();
    if (!relay) return std::move(relay).error();
    pg::Params limit;
    limit.int8(kProcessedLimit + 1);
    auto version = number(tables->sql(kVersion), {});
    if (!version) return std::move(version).error();
    auto processed = number(tables->sql(kProcessed), limit);
    if (!processed) return std::move(processed).error();
    auto delayed = number(tables->sql(kDelayed), limit);
    if (!delayed) return std::move(delayed).error();
    auto positions = read_positions(tables->sql(kPositions));
    if (!positions) return std::move(positions).error();
    const auto paused = connection_.query(tables->sql(kPaused));
    if (!paused) return paused.error();
    auto log = read_log_state(*tables);
    if (!log) return std::move(log).error();
    return Overview{*std::move(relay),
                    *version,
                    newest_migration(),
                    *processed,
                    *delayed,
                    *std::move(positions),
                    paused->boolean(0, 0),
                    std::string{paused->text(0, 1)},
                    *std::move(log)};
  }

  Result<std::vector<MessageRow>> messages(const MessagesOptions& options) override {
    auto tables = postgres_table::Tables::find(connection_, table_);
    if (!tables) return std::move(tables).error();
    pg::Params params;
    params.int8(options.limit).text(options.status).text(options.key);
    auto rows = connection_.query(tables->sql(messages_query(options)), params, pg::Format::text);
    if (!rows) return std::move(rows).error();
    std::vector<MessageRow> messages;
    for (int row = 0; row < rows->size(); ++row)
      messages.push_back(to_message(*rows, row));
    return messages;
  }

 private:
  // The relay makes partitions too; this is for a database whose relay has been away for long.
  Result<std::int64_t> add_partitions() {
    auto tables = postgres_table::Tables::find(connection_, table_);
    if (!tables) return std::move(tables).error();
    pg::Params ahead;
    ahead.int4(kPartitionsAhead);
    return number(tables->sql("select ${outbox_add_partitions}($1)"), ahead);
  }

  Result<std::int64_t> number(const std::string& sql, const pg::Params& params) {
    auto rows = connection_.query(sql, params);
    if (!rows) return std::move(rows).error();
    return rows->int8(0, 0);
  }

  Result<std::optional<LogState>> read_log_state(const postgres_table::Tables& tables) {
    const auto mode = postgres_table::read_mode(connection_, tables);
    if (!mode) return mode.error();
    if (!mode->wal) return std::optional<LogState>{};
    const auto read = postgres_table::read_so_far(connection_, tables, *mode);
    if (!read) return read.error();
    const auto slot = postgres_table::look_at_slot(connection_, *mode, *read);
    if (!slot) return slot.error();
    return std::optional{LogState{
        mode->slot, postgres_wal::to_text(*read),
        slot->problem ? postgres_table::describe_gap(mode->slot, *slot->problem, *read) : ""}};
  }

  Result<std::vector<ShardPosition>> read_positions(const std::string& sql) {
    auto rows = connection_.query(sql);
    if (!rows) return std::move(rows).error();
    std::vector<ShardPosition> positions;
    for (int row = 0; row < rows->size(); ++row) {
      positions.push_back({std::string{rows->text(row, 0)}, rows->int8(row, 1),
                           std::string{rows->text(row, 2)}, std::string{rows->text(row, 3)},
                           rows->int8(row, 4), std::string{rows->text(row, 5)}});
    }
    return positions;
  }

  std::string url_;
  std::string table_;
  pg::Connection connection_;
};

}  // namespace

Result<std::unique_ptr<OutboxAdmin>> open_postgres(const std::string& url,
                                                   const std::string& table) {
  auto connection = connect_postgres(url);
  if (!connection) return std::move(connection).error();
  return std::unique_ptr<OutboxAdmin>{
      std::make_unique<PostgresAdmin>(url, table, *std::move(connection))};
}

}  // namespace outbox::ctl
