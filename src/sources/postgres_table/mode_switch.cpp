#include "sources/postgres_table/mode_switch.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <thread>
#include <utility>

#include "sources/postgres_table/mode.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "sources/postgres_wal/replication_stream.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

using postgres_wal::Lsn;

namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::chrono::milliseconds kLook{100};
// A slot is ready when the transactions have ended that were running.
constexpr std::chrono::minutes kLongestTransaction{10};

constexpr const char* kSettings =
    "select current_setting('wal_level'), current_database(), pg_is_in_recovery()";

// Parameter: the publication. Whether it is as ours is, and whether there is one.
constexpr const char* kPublication = R"(
  select p.pubinsert and p.pubviaroot and not (p.pubupdate or p.pubdelete or p.pubtruncate)
         and exists (select from pg_publication_rel r
                      where r.prpubid = p.oid and r.prrelid = '${outbox}'::regclass
                        and r.prqual is null and r.prattrs is null)
    from pg_publication p where p.pubname = $1::text)";

// Whoever reads the log has all shards.
constexpr const char* kPausedShards = R"(
  select string_agg(shard::text, ', ' order by shard) from ${outbox_shard} where paused)";

// Parameters: mode, slot, slot_lsn, slot_snapshot, actor, the gap's beginning and end.
constexpr const char* kSwitch = R"(
  with changed as (
         update ${outbox_control}
            set mode = $1::text, slot = $2::text, slot_lsn = $3::pg_lsn,
                slot_snapshot = $4::pg_snapshot, revision = revision + 1),
       wishes as (
         update ${outbox_shard} set released = false, preferred = ''
          where released or preferred <> '')
  insert into ${outbox_audit} (actor, action, details)
  values ($5::text, 'source-use-' || $1::text,
          jsonb_strip_nulls(jsonb_build_object('slot', $2::text, 'slot_lsn', $3::text,
                                               'gap_from', $6::text, 'gap_to', $7::text))))";

// Held by emitters, shared, until their transactions end (migrations/0001_outbox.up.sql). "oute".
constexpr const char* kLockOutEmitters = R"(
  select pg_advisory_xact_lock(1869968485,
                               ('${outbox}'::regclass::oid::bigint - 2147483648)::integer))";
// Parameter: whether it is.
constexpr const char* kSetEmitOpen = "select setval('${outbox_emit_open}', 1, $1::boolean)";

// Parameter: a place in the log. Whether everything that was committed before is done.
constexpr const char* kReadUpTo =
    "select coalesce(bool_and(coalesce(lsn >= $1::pg_lsn, false)), false) from ${outbox_position}";

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

// Of the log: what was committed in it will not be read.
struct Gap {
  Lsn from = 0;
  std::string to;
};

struct LogSlot {
  std::string name;
  postgres_wal::NewSlot place;
};

// Without a slot: the table.
Result<void> set_mode(pg::Connection& connection, const Tables& tables,
                      const std::optional<LogSlot>& slot, const std::optional<Gap>& gap,
                      const std::string& actor) {
  pg::Params params;
  if (slot) {
    params.text("wal").text(slot->name).text(slot->place.lsn).text(slot->place.snapshot);
  } else {
    params.text("table").text({}).text({}).text({});
  }
  params.text(actor);
  if (gap) {
    params.text(postgres_wal::to_text(gap->from)).text(gap->to);
  } else {
    params.text({}).text({});
  }
  const Result<pg::Rows> set = connection.query(tables.sql(kSwitch), params);
  return set ? Result<void>{} : Result<void>{set.error()};
}

Result<void> set_emit_open(pg::Connection& connection, const Tables& tables, bool open) {
  pg::Params params;
  params.boolean(open);
  const Result<pg::Rows> set = connection.query(tables.sql(kSetEmitOpen), params);
  return set ? Result<void>{} : Result<void>{set.error()};
}

// On return whoever emits is refused, and whoever has emitted has ended.
Result<void> close_emit(pg::Connection& connection, const Tables& tables,
                        std::chrono::milliseconds patience) {
  Result<pg::Tx> tx = pg::Tx::begin(connection);
  if (!tx) {
    return std::move(tx).error();
  }
  const Result<pg::Rows> limited =
      connection.exec("set local lock_timeout = " + std::to_string(patience.count()));
  if (!limited) {
    return limited.error();
  }
  const Result<pg::Rows> locked = connection.query(tables.sql(kLockOutEmitters));
  if (!locked) {
    return connection.sqlstate() == "55P03"  // lock_not_available
               ? Error{ErrorCode::conflict,
                       "transactions that have emitted messages are still open: nothing was "
                       "changed; end them and try again"}
               : locked.error();
  }
  if (Result<void> closed = set_emit_open(connection, tables, false); !closed) {
    return closed;
  }
  return tx->commit();
}

// Whether a relay reads the log up to `lsn` in time.
Result<bool> await_read(pg::Connection& connection, const Tables& tables, const std::string& lsn,
                        std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  pg::Params params;
  params.text(lsn);
  while (true) {
    const Result<pg::Rows> read = connection.query(tables.sql(kReadUpTo), params);
    if (!read) {
      return read.error();
    }
    if (read->boolean(0, 0) || std::chrono::steady_clock::now() >= deadline) {
      return read->boolean(0, 0);
    }
    std::this_thread::sleep_for(kLook);
  }
}

// What of the log up to `lsn` no relay has read, and none will.
Result<std::optional<Gap>> find_gap(pg::Connection& connection, const Tables& tables,
                                    const Mode& mode, const std::string& lsn,
                                    const SwitchOptions& options) {
  const Result<Lsn> read = read_so_far(connection, tables, mode);
  if (!read) {
    return read.error();
  }
  const Result<SlotState> slot = look_at_slot(connection, mode, *read);
  if (!slot) {
    return slot.error();
  }
  if (slot->problem) {
    return options.accept_gap
               ? Result<std::optional<Gap>>{Gap{*read, lsn}}
               : Error{ErrorCode::conflict, describe_gap(mode.slot, *slot->problem, *read)};
  }
  const Result<bool> up_to_it = await_read(connection, tables, lsn, options.patience);
  if (!up_to_it) {
    return up_to_it.error();
  }
  if (*up_to_it) {
    return std::optional<Gap>{};
  }
  if (options.accept_gap) {
    return std::optional{Gap{*read, lsn}};
  }
  return Error{ErrorCode::conflict,
               "no relay has read the write-ahead log up to " + lsn +
                   ", so messages that only it has would be lost: nothing was changed. Start a "
                   "relay and try again, or accept the loss with --accept-gap"};
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

// The current database's name.
Result<std::string> check_server(pg::Connection& connection) {
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
  return std::string{settings->text(0, 1)};
}

Result<void> refuse_paused_shards(pg::Connection& connection, const Tables& tables) {
  const Result<pg::Rows> paused = connection.query(tables.sql(kPausedShards));
  if (!paused) {
    return paused.error();
  }
  if (paused->is_null(0, 0)) {
    return {};
  }
  return Error{ErrorCode::conflict,
               "these shards are paused, and whoever reads the write-ahead log "
               "reads all: " +
                   std::string{paused->text(0, 0)} +
                   "; resume them first (outboxctl resume --shard)"};
}

}  // namespace

Result<std::string> read_log(pg::Connection& connection, const std::string& url,
                             const Tables& tables, std::string slot, const SwitchOptions& options) {
  const Result<std::string> database = check_server(connection);
  if (!database) {
    return database.error();
  }
  const Result<Mode> before = read_mode(connection, tables);
  if (!before) {
    return before.error();
  }
  if (Result<void> none = refuse_paused_shards(connection, tables); !none) {
    return std::move(none).error();
  }
  if (slot.empty()) {
    slot = usual_slot(tables.table(), *database);
    if (before->wal && before->slot == slot) {
      slot.resize(std::min(slot.size(), kLongestName - 2));
      slot += "_2";
    }
  }
  if (Result<void> published = make_publication(connection, tables); !published) {
    return std::move(published).error();
  }
  Result<postgres_wal::NewSlot> place = postgres_wal::create_slot(url, slot, kLongestTransaction);
  if (!place) {
    return std::move(place).error();
  }
  const LogSlot made{slot, *std::move(place)};
  Result<std::optional<Gap>> gap{std::nullopt};
  if (before->wal) {
    gap = find_gap(connection, tables, *before, made.place.lsn, options);
  }
  Result<void> set = gap ? set_mode(connection, tables, made, *gap, options.actor)
                         : Result<void>{std::move(gap).error()};
  if (!set) {
    static_cast<void>(drop_slot(connection, slot, {}));  // it would keep the log for nobody
    return std::move(set).error();
  }
  if (Result<void> open = set_emit_open(connection, tables, true); !open) {
    return std::move(open).error();
  }
  if (before->wal) {
    if (Result<void> dropped = drop_slot(connection, before->slot, options.patience); !dropped) {
      return std::move(dropped).error();
    }
  }
  return slot;
}

Result<void> read_table(pg::Connection& connection, const Tables& tables,
                        const SwitchOptions& options) {
  const Result<Mode> before = read_mode(connection, tables);
  if (!before) {
    return before.error();
  }
  if (!before->wal) {
    return {};
  }
  if (Result<void> closed = close_emit(connection, tables, options.patience); !closed) {
    return closed;
  }
  const Result<pg::Rows> end = connection.query("select pg_current_wal_insert_lsn()::text");
  Result<std::optional<Gap>> gap =
      end ? find_gap(connection, tables, *before, std::string{end->text(0, 0)}, options)
          : Result<std::optional<Gap>>{end.error()};
  Result<void> set = gap ? set_mode(connection, tables, {}, *gap, options.actor)
                         : Result<void>{std::move(gap).error()};
  if (!set) {
    static_cast<void>(set_emit_open(connection, tables, true));
    return set;
  }
  return drop_slot(connection, before->slot, options.patience);
}

}  // namespace outbox::postgres_table
