#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "outbox/migrations.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/session.hpp"
#include "outboxctl/text_table.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl {
namespace {

constexpr std::int64_t kCountLimit = 100'000;

// Receipts that are still there, one for each acknowledged delivery; looked at up to a limit.
constexpr const char* kProcessed =
    "select count(*) from (select 1 from ${outbox_receipt} limit $1) r";

constexpr const char* kDelayed =
    "select count(*) from (select 1 from ${outbox_exception} where state = 'delayed' limit $1) e";

constexpr const char* kVersion = "select coalesce(max(version), 0) from ${outbox_migration}";

// Shards that stand at the same place, as one row.
constexpr const char* kPositions =
    "select array_to_string(array_agg(shard order by shard), ','), count(*), "
    "from_snapshot::text, coalesce(to_snapshot::text, ''), last_seq, "
    "to_char(max(written_at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
    "from ${outbox_position} group by epoch, n, from_snapshot::text, to_snapshot::text, last_seq "
    "order by min(shard)";

struct Position {
  std::string shards;
  std::int64_t shard_count = 0;
  std::string from_snapshot;
  std::string to_snapshot;  // empty: between two batches
  std::int64_t last_seq = 0;
  std::string written_at;
};

struct Overview {
  postgres_table::Status relay;
  std::int64_t version = 0;
  std::int64_t processed = 0;
  std::int64_t delayed = 0;
  std::vector<Position> positions;
};

Result<std::int64_t> number(pg::Connection& connection, const std::string& sql,
                            const pg::Params& params = {}) {
  auto rows = connection.query(sql, params);
  if (!rows) return std::move(rows).error();
  return rows->int8(0, 0);
}

Result<std::vector<Position>> read_positions(pg::Connection& connection, const std::string& sql) {
  auto rows = connection.query(sql);
  if (!rows) return std::move(rows).error();
  std::vector<Position> positions;
  for (int row = 0; row < rows->size(); ++row) {
    positions.push_back({std::string{rows->text(row, 0)}, rows->int8(row, 1),
                         std::string{rows->text(row, 2)}, std::string{rows->text(row, 3)},
                         rows->int8(row, 4), std::string{rows->text(row, 5)}});
  }
  return positions;
}

Result<Overview> read_overview(const CommonOptions& common, pg::Connection& connection) {
  auto tables = postgres_table::Tables::find(connection, common.table);
  if (!tables) return std::move(tables).error();
  auto url = database_url(common);
  if (!url) return std::move(url).error();
  auto relay = postgres_table::StatusReader{*url, common.table}.read();
  if (!relay) return std::move(relay).error();
  pg::Params limit;
  limit.int8(kCountLimit + 1);
  auto version = number(connection, tables->sql(kVersion));
  if (!version) return std::move(version).error();
  auto processed = number(connection, tables->sql(kProcessed), limit);
  if (!processed) return std::move(processed).error();
  auto delayed = number(connection, tables->sql(kDelayed), limit);
  if (!delayed) return std::move(delayed).error();
  auto positions = read_positions(connection, tables->sql(kPositions));
  if (!positions) return std::move(positions).error();
  return Overview{*std::move(relay), *version, *processed, *delayed, *std::move(positions)};
}

nlohmann::ordered_json as_json(const Overview& overview, const std::string& table) {
  auto positions = nlohmann::ordered_json::array();
  for (const Position& position : overview.positions) {
    positions.push_back({{"shards", position.shards},
                         {"from_snapshot", position.from_snapshot},
                         {"to_snapshot", position.to_snapshot},
                         {"last_seq", position.last_seq},
                         {"written_at", position.written_at}});
  }
  const postgres_table::Status& relay = overview.relay;
  return {{"table", table},
          {"version", overview.version},
          {"pending", relay.pending},
          {"pending_is_estimate", relay.pending_is_estimate},
          {"oldest_pending_age_ms", relay.oldest_pending_age_ms},
          {"delayed", overview.delayed},
          {"retrying", relay.retrying},
          {"held_keys", relay.held_keys},
          {"dead", relay.dead},
          {"processed", std::min(overview.processed, kCountLimit)},
          {"processed_is_lower_bound", overview.processed > kCountLimit},
          {"relay", {{"owner", relay.owner}, {"epoch", relay.epoch}, {"shards", relay.shards}}},
          {"positions", positions}};
}

void print_text(std::ostream& out, const Overview& overview, const std::string& name,
                const std::string& where) {
  const postgres_table::Status& relay = overview.relay;
  out << name << " in " << where << ", version " << overview.version
      << (overview.version < newest_migration() ? " (outboxctl migrate brings it up to date)" : "")
      << "\n\n";
  TextTable counts{{"MESSAGES", "COUNT", ""}};
  counts.add({"pending", (relay.pending_is_estimate ? "~" : "") + std::to_string(relay.pending),
              relay.pending == 0
                  ? ""
                  : "the oldest for " + std::to_string(relay.oldest_pending_age_ms) + " ms"});
  counts.add({"delayed", std::to_string(overview.delayed), ""});
  counts.add({"retrying", std::to_string(relay.retrying),
              relay.held_keys == 0
                  ? ""
                  : "messages wait behind " + std::to_string(relay.held_keys) + " keys"});
  counts.add({"dead", std::to_string(relay.dead), relay.dead == 0 ? "" : "an operator decides"});
  counts.add({"processed",
              std::to_string(std::min(overview.processed, kCountLimit)) +
                  (overview.processed > kCountLimit ? "+" : ""),
              "receipts kept"});
  counts.print(out);
  out << "\nrelay: "
      << (relay.owner.empty() ? "none has connected yet"
                              : text::printable(relay.owner) + ", " + std::to_string(relay.shards) +
                                    " shards, epoch " + std::to_string(relay.epoch))
      << "\n\n";
  TextTable positions{{"SHARDS", "DONE UP TO SNAPSHOT", "READING TO", "LAST SEQ", "WRITTEN"}};
  for (const Position& position : overview.positions) {
    positions.add({position.shard_count == 64 ? "all" : position.shards, position.from_snapshot,
                   position.to_snapshot.empty() ? "-" : position.to_snapshot,
                   std::to_string(position.last_seq), position.written_at});
  }
  positions.print(out);
}

}  // namespace

Result<void> show_status(const CommonOptions& common, std::ostream& out) {
  auto connection = connect(common);
  if (!connection) return std::move(connection).error();
  const auto overview = read_overview(common, *connection);
  if (!overview) return overview.error();
  if (common.format == Format::json) {
    out << as_json(*overview, common.table) << '\n';
  } else {
    print_text(out, *overview, common.table, describe(*connection));
  }
  return {};
}

}  // namespace outbox::ctl
