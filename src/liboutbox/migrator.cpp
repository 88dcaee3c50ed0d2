#include "liboutbox/migrator.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

#include "support/pg/connection.hpp"

namespace outbox {
namespace {

using namespace std::chrono_literals;

constexpr auto kMaxLockTimeout = std::chrono::milliseconds{1h};

Result<void> check_options(const MigrationOptions& options) {
  if (options.lock_timeout < 1ms || options.lock_timeout > kMaxLockTimeout) {
    return Error{ErrorCode::invalid_argument, "lock_timeout must be 1 ms to 1 h"};
  }
  return {};
}

Result<void> check_database(PGconn* connection) {
  if (PQtransactionStatus(connection) != PQTRANS_IDLE) {
    return Error{ErrorCode::invalid_argument,
                 "migrations need a connection without an open transaction, since each step is a "
                 "transaction of its own"};
  }
  const char* encoding = PQparameterStatus(connection, "server_encoding");
  if (encoding == nullptr || std::string_view{encoding} != "UTF8") {
    return Error{ErrorCode::conflict,
                 std::string{"the database's encoding is "} +
                     (encoding == nullptr ? "unknown" : encoding) +
                     ", but keys map to shards by their UTF-8; create the outbox in a database "
                     "with ENCODING 'UTF8'"};
  }
  return {};
}

Result<std::string> current_schema(PGconn* connection) {
  auto rows = pg::exec(connection, "select current_schema()");
  if (!rows) return std::move(rows).error();
  if (rows->is_null(0, 0)) {
    return Error{ErrorCode::not_found,
                 "no schema of the search_path exists; name one: SCHEMA.TABLE"};
  }
  return std::string{rows->text(0, 0)};
}

Error newer_database(int version, std::size_t known) {
  return {ErrorCode::conflict, "the outbox tables are at version " + std::to_string(version) +
                                   ", but this program knows only " + std::to_string(known) +
                                   "; use a newer outboxctl"};
}

}  // namespace

Migrator::Migrator(PGconn* connection, MigrationOptions options, TableName table,
                   std::span<const MigrationScript> scripts)
    : connection_(connection),
      options_(std::move(options)),
      table_(std::move(table)),
      record_(TableName{table_.schema, table_.table + "_migration"}.quoted()),
      scripts_(scripts) {}

Result<Migrator> Migrator::make(PGconn* connection, const MigrationOptions& options,
                                std::span<const MigrationScript> scripts) {
  if (auto checked = check_options(options); !checked) return std::move(checked).error();
  auto table = TableName::parse(options.table);
  if (!table) return std::move(table).error();
  if (auto checked = check_database(connection); !checked) return std::move(checked).error();
  if (table->schema.empty()) {
    auto schema = current_schema(connection);
    if (!schema) return std::move(schema).error();
    // The schema's own name has to be safe as well.
    table = TableName::parse(*schema + "." + table->table);
    if (!table) return std::move(table).error();
  }
  return Migrator{connection, options, *std::move(table), scripts};
}

Result<MigrationReport> Migrator::up() {
  MigrationReport report{-1, 0};
  // One round more than there are scripts: the last finds nothing left to do.
  for (std::size_t round = 0; round <= scripts_.size(); ++round) {
    auto more = apply_next(report);
    if (!more) {
      roll_back();
      return std::move(more).error();
    }
    if (!*more) break;
  }
  return report;
}

Result<bool> Migrator::apply_next(MigrationReport& report) {
  if (auto begun = begin(); !begun) return std::move(begun).error();
  const auto found = locked_version();
  if (!found) return found.error();
  if (report.from_version < 0) report.from_version = *found;
  report.to_version = *found;
  const auto version = static_cast<std::size_t>(*found);
  if (version > scripts_.size()) return newer_database(*found, scripts_.size());
  if (version == scripts_.size()) {
    if (auto ended = commit(); !ended) return std::move(ended).error();
    return false;
  }

  const MigrationScript& script = scripts_[version];
  auto sql = filled(script.up);
  if (!sql) return std::move(sql).error();
  if (auto applied = run(*sql); !applied) {
    return Error{applied.error().code, "migration " + std::string{script.name} +
                                           " was not applied: " + applied.error().message};
  }
  pg::Params row;
  row.int4(*found + 1).text(script.name);
  auto recorded =
      pg::query(connection_, "insert into " + record_ + " (version, name) values ($1, $2)", row);
  if (!recorded) return std::move(recorded).error();
  if (auto ended = commit(); !ended) return std::move(ended).error();
  report.to_version = *found + 1;
  return true;
}

Result<MigrationReport> Migrator::down() {
  MigrationReport report;
  if (auto removed = remove_all(report); !removed) {
    roll_back();
    return std::move(removed).error();
  }
  return report;
}

Result<void> Migrator::remove_all(MigrationReport& report) {
  if (auto begun = begin(); !begun) return begun;
  // Down needs no payload type to agree, so it asks for the version alone.
  auto exists = pg::exec(connection_, "select to_regclass('" + record_ + "') is not null");
  if (!exists) return std::move(exists).error();
  if (!exists->boolean(0, 0)) return commit();
  auto version = pg::exec(connection_, "select coalesce(max(version), 0) from " + record_);
  if (!version) return std::move(version).error();
  report.from_version = static_cast<int>(version->int8(0, 0));
  if (static_cast<std::size_t>(report.from_version) > scripts_.size()) {
    return newer_database(report.from_version, scripts_.size());
  }
  for (auto step = static_cast<std::size_t>(report.from_version); step-- > 0;) {
    auto sql = filled(scripts_[step].down);
    if (!sql) return std::move(sql).error();
    if (auto undone = run(*sql); !undone) {
      return Error{undone.error().code, "migration " + std::string{scripts_[step].name} +
                                            " was not undone: " + undone.error().message};
    }
  }
  if (auto dropped = run("drop table " + record_); !dropped) return dropped;
  return commit();
}

// The version in the database; makes the table that records it where it is missing.
Result<int> Migrator::locked_version() {
  const std::string type{to_sql(options_.payload_type)};
  auto exists = pg::exec(connection_, "select to_regclass('" + record_ + "') is not null");
  if (!exists) return std::move(exists).error();
  if (!exists->boolean(0, 0)) {
    auto made = run("create table " + record_ +
                    " (version integer primary key check (version > 0), name text not null, "
                    "payload_type text not null default '" +
                    type + "', applied_at timestamptz not null default clock_timestamp())");
    if (!made) return std::move(made).error();
    return 0;
  }
  auto rows = pg::exec(connection_, "select version, payload_type from " + record_ +
                                        " order by version desc limit 1");
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return 0;
  if (rows->text(0, 1) != type) {
    return Error{ErrorCode::conflict, "the outbox tables exist with the payload type " +
                                          std::string{rows->text(0, 1)} + ", not " + type +
                                          "; say --payload-type " + std::string{rows->text(0, 1)} +
                                          ", or use another table"};
  }
  return static_cast<int>(rows->int8(0, 0));
}

Result<void> Migrator::begin() {
  const std::string timeout = std::to_string(options_.lock_timeout.count());
  auto begun = run("begin; set local lock_timeout = " + timeout);
  if (!begun) return begun;
  pg::Params key;
  key.text("outbox migration of " + table_.quoted());
  auto locked =
      pg::query(connection_, "select pg_advisory_xact_lock(hashtextextended($1, 0))", key);
  if (locked) return {};
  if (locked.error().code == ErrorCode::timeout) {
    return Error{ErrorCode::timeout, "another migration of " + table_.quoted() +
                                         " has been running for " + timeout +
                                         " ms; try again when it has ended"};
  }
  return std::move(locked).error();
}

Result<void> Migrator::commit() {
  return run("commit");
}

void Migrator::roll_back() {
  if (PQtransactionStatus(connection_) != PQTRANS_IDLE) {
    [[maybe_unused]] auto rolled_back = pg::exec(connection_, "rollback");
  }
}

Result<void> Migrator::run(const std::string& sql) {
  auto done = pg::exec(connection_, sql);
  if (!done) return std::move(done).error();
  return {};
}

Result<std::string> Migrator::filled(std::string_view sql) const {
  return fill_placeholders(sql, table_, options_.payload_type);
}

}  // namespace outbox
