#include "sources/postgres_table/mode_switch.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <thread>
#include <utility>

#include "sources/postgres_table/mode.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::chrono::milliseconds kLook{100};

constexpr const char* kSettings =
    "select current_setting('wal_level'), current_database(), pg_is_in_recovery()";

// Parameter: the publication. Whether it is as ours is, and whether there is one.
constexpr const char* kPublication = R"(
  select p.pubinsert and p.pubviaroot and not (p.pubupdate or p.pubdelete or p.pubtruncate)
         and exists (select from pg_publication_rel r
                      where r.prpubid = p.oid and r.prrelid = '${outbox}'::regclass
                        and r.prqual is null and r.prattrs is null)
    from pg_publication p where p.pubname = $1::text)";

// Parameters: mode, slot, slot_lsn, actor.
constexpr const char* kSwitch = R"(
  with changed as (
         update ${outbox_control}
            set mode = $1::text, slot = $2::text, slot_lsn = $3::pg_lsn, revision = revision + 1)
  insert into ${outbox_audit} (actor, action, details)
  values ($4::text, 'source-use-' || $1::text,
          jsonb_strip_nulls(jsonb_build_object('slot', $2::text, 'slot_lsn', $3::text))))";

// Parameter: the slot. True: it is gone; false: someone streams from it.
constexpr const char* kDropIdle = R"(
  select coalesce((select active_pid is null from pg_replication_slots where slot_name = $1::text),
                  true))";

std::string usual_slot(std::string_view table, std::string_view database) {
  std::string name;
  for (const char c : std::string{table} + "_" + std::string{database}) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 && byte < 128 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  name.resize(std::min(name.size(), kLongestName));
  return name;
}

Result<void> make_publication(pg::Connection& connection, const Tables& tables) {
  const std::string name = publication_of(tables);
  pg::Params params;
  params.text(name);
  const Result<pg::Rows> found = connection.query(tables.sql(kPublication), params);
  if (!found) {
    return found.error();
  }
  if (!found->empty() && found->boolean(0, 0)) {
    return {};
  }
  const std::string quoted = pg::quote_identifier(name);
  const Result<pg::Rows> made = connection.exec(tables.sql(
      "begin; set local lock_timeout = '2s'; drop publication if exists " + quoted +
      "; create publication " + quoted + " for table ${outbox} with (publish = 'insert', " +
      "publish_via_partition_root = true); commit"));
  if (made) {
    return {};
  }
  static_cast<void>(connection.exec("rollback"));
  return made.error();
}

Result<std::string> make_slot(pg::Connection& connection, const std::string& slot) {
  pg::Params params;
  params.text(slot);
  const Result<pg::Rows> made = connection.query(
      "select lsn::text from pg_create_logical_replication_slot($1::text, 'pgoutput')", params);
  if (!made) {
    if (connection.sqlstate() == "42710") {  // duplicate_object
      return Error{ErrorCode::conflict, "there is a replication slot " + slot +
                                            " already: name another one, or drop it with select "
                                            "pg_drop_replication_slot('" +
                                            slot + "')"};
    }
    return made.error();
  }
  return std::string{made->text(0, 0)};
}

Result<void> set_mode(pg::Connection& connection, const Tables& tables, const char* mode,
                      const std::optional<std::string>& slot,
                      const std::optional<std::string>& slot_lsn, const std::string& actor) {
  pg::Params params;
  params.text(mode).text(slot).text(slot_lsn).text(actor);
  const Result<pg::Rows> set = connection.query(tables.sql(kSwitch), params);
  return set ? Result<void>{} : Result<void>{set.error()};
}

// The relay that streams from it has been told to stop.
Result<void> drop_slot(pg::Connection& connection, const std::string& slot,
                       std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  pg::Params params;
  params.text(slot);
  while (true) {
    const Result<pg::Rows> idle = connection.query(kDropIdle, params);
    if (!idle) {
      return idle.error();
    }
    if (idle->boolean(0, 0)) {
      const Result<pg::Rows> dropped = connection.query(
          "select pg_drop_replication_slot(slot_name) from pg_replication_slots "
          "where slot_name = $1::text",
          params);
      if (dropped || connection.sqlstate() != "55006") {  // object_in_use
        return dropped ? Result<void>{} : Result<void>{dropped.error()};
      }
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorCode::conflict,
                   "a relay still streams from the replication slot " + slot +
                       ", which keeps the server from removing its log: once it has stopped, drop "
                       "the slot with select pg_drop_replication_slot('" +
                       slot + "')"};
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

Result<std::string> read_log(pg::Connection& connection, const Tables& tables, std::string slot,
                             const std::string& actor) {
  const Result<pg::Rows> settings = connection.query(kSettings);
  if (!settings) {
    return settings.error();
  }
  if (settings->boolean(0, 2)) {
    return Error{ErrorCode::conflict, "the database is a standby: connect to the primary"};
  }
  if (settings->text(0, 0) != "logical") {
    return Error{ErrorCode::invalid_argument,
                 "the server's wal_level is " + std::string{settings->text(0, 0)} +
                     ": set it to logical in postgresql.conf and restart the server"};
  }
  Result<Mode> before = read_mode(connection, tables);
  if (!before) {
    return std::move(before).error();
  }
  if (slot.empty()) {
    slot = usual_slot(tables.table(), settings->text(0, 1));
    if (before->wal && before->slot == slot) {
      slot.resize(std::min(slot.size(), kLongestName - 2));
      slot += "_2";
    }
  }
  if (Result<void> published = make_publication(connection, tables); !published) {
    return std::move(published).error();
  }
  const Result<std::string> lsn = make_slot(connection, slot);
  if (!lsn) {
    return lsn.error();
  }
  if (Result<void> set = set_mode(connection, tables, "wal", slot, *lsn, actor); !set) {
    static_cast<void>(drop_slot(connection, slot, {}));  // it would keep the log for nobody
    return std::move(set).error();
  }
  if (before->wal) {
    if (Result<void> dropped = drop_slot(connection, before->slot, std::chrono::seconds{15});
        !dropped) {
      return std::move(dropped).error();
    }
  }
  return slot;
}

Result<void> read_table(pg::Connection& connection, const Tables& tables, const std::string& actor,
                        std::chrono::milliseconds patience) {
  const Result<Mode> before = read_mode(connection, tables);
  if (!before) {
    return before.error();
  }
  if (!before->wal) {
    return {};
  }
  if (Result<void> set = set_mode(connection, tables, "table", {}, {}, actor); !set) {
    return set;
  }
  return drop_slot(connection, before->slot, patience);
}

}  // namespace outbox::postgres_table
