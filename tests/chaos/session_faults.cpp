#include "tests/chaos/session_faults.hpp"

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "support/pg/connection.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

// For a server that another fault has just taken away, and for relays that are not connected now.
constexpr milliseconds kPatience{4'000};
constexpr const char* kPostgres = "postgres";
constexpr const char* kRelays = "application_name like 'outbox-processor%'";
constexpr const char* kHeldTables = "outbox_shard, outbox_exception";

// A connection and what a fault saw through it.
struct Session {
  std::optional<pg::Connection> connection;
  bool seen = false;
  std::int64_t number = 0;
  std::vector<std::int64_t> pids;
};

Result<pg::Connection> connect(const World& world, milliseconds statement_timeout) {
  return pg::Connection::connect(world.database_url, {.application_name = "chaos-fault",
                                                      .connect_timeout = milliseconds{3'000},
                                                      .statement_timeout = statement_timeout});
}

pg::Connection open(const World& world) {
  std::optional<pg::Connection> connection;
  const bool opened = test::eventually(
      [&] {
        auto made = connect(world, milliseconds{10'000});
        if (made) connection = *std::move(made);
        return connection.has_value();
      },
      kPatience);
  if (!opened) throw NothingToBreak("PostgreSQL is away");
  return *std::move(connection);
}

pg::Rows run(pg::Connection& connection, const std::string& sql) {
  auto rows = connection.exec(sql);
  if (!rows) throw NothingToBreak(rows.error().message);
  return *std::move(rows);
}

// Nothing when the server is away, as another fault may have it.
std::optional<std::int64_t> ask(const World& world, const std::string& sql) {
  auto connection = connect(world, milliseconds{3'000});
  if (!connection) return std::nullopt;
  const auto rows = connection->exec(sql);
  if (!rows || rows->empty()) return std::nullopt;
  return rows->int8(0, 0);
}

Fault terminate_sessions(World& world) {
  Fault fault{"the relays' sessions", {kPostgres}, milliseconds{1'000}, {}, {}, {}};
  const auto session = std::make_shared<Session>();
  fault.inject = [&world, session] {
    pg::Connection connection = open(world);
    const auto terminate = [&] {
      session->number =
          run(connection, fmt::format("select count(*) from (select pg_terminate_backend(pid) as "
                                      "ended from pg_stat_activity where {}) s where ended",
                                      kRelays))
              .int8(0, 0);
      return session->number > 0;
    };
    if (!test::eventually(terminate, kPatience)) throw NothingToBreak("no relay is connected");
  };
  fault.observed = [session] { return session->number > 0; };
  fault.heal = [] {};
  return fault;
}

// The server's processes of one relay's sessions hang while their sockets stay open.
Fault halt_sessions(World& world, milliseconds hold) {
  Fault fault{"the relays' sessions", {kPostgres}, hold, {}, {}, {}};
  const auto session = std::make_shared<Session>();
  fault.inject = [&world, session] {
    pg::Connection connection = open(world);
    const auto halt = [&] {
      const pg::Rows rows =
          run(connection, fmt::format("select pid from pg_stat_activity where {}", kRelays));
      for (int row = 0; row < rows.size(); ++row) {
        session->pids.push_back(rows.int8(row, 0));
        ::kill(static_cast<pid_t>(session->pids.back()), SIGSTOP);
      }
      return !session->pids.empty();
    };
    if (!test::eventually(halt, kPatience)) throw NothingToBreak("no relay is connected");
  };
  fault.observed = [session] {
    return !session->pids.empty() &&
           process_state(static_cast<pid_t>(session->pids.front())) == 'T';
  };
  fault.heal = [session] {
    for (const std::int64_t pid : session->pids) {
      ::kill(static_cast<pid_t>(pid), SIGCONT);
    }
  };
  return fault;
}

Fault long_transaction(World& world, milliseconds hold) {
  Fault fault{"the xmin horizon", {"long-transaction"}, hold, {}, {}, {}};
  const auto session = std::make_shared<Session>();
  fault.inject = [&world, session] {
    session->connection = open(world);
    run(*session->connection, "begin isolation level repeatable read");
    session->number = run(*session->connection, "select pg_current_xact_id()").int8(0, 0);
  };
  // The oldest transaction that anybody's snapshot has to mind is this one, well behind the newest.
  fault.observed = [&world, session] {
    const auto behind = ask(
        world, fmt::format("select pg_snapshot_xmax(s)::text::bigint - {0} from "
                           "pg_current_snapshot() s where pg_snapshot_xmin(s)::text::bigint <= {0}",
                           session->number));
    return behind.value_or(0) > 200;
  };
  fault.heal = [session] { session->connection.reset(); };
  return fault;
}

Fault locked_tables(World& world, milliseconds hold) {
  Fault fault{kHeldTables, {kPostgres}, hold, {}, {}, {}};
  const auto session = std::make_shared<Session>();
  fault.inject = [&world, session] {
    session->connection = open(world);
    run(*session->connection, fmt::format("begin; lock table {}", kHeldTables));
  };
  // Somebody waits for it.
  fault.observed = [&world, session] {
    session->seen =
        session->seen || ask(world,
                             "select count(*) from pg_locks where not granted and relation in "
                             "('outbox_shard'::regclass, 'outbox_exception'::regclass)")
                                 .value_or(0) > 0;
    return session->seen;
  };
  fault.heal = [session] { session->connection.reset(); };
  return fault;
}

Fault vacuum_full(World& world) {
  Fault fault{kHeldTables, {kPostgres}, milliseconds{500}, {}, {}, {}};
  const auto session = std::make_shared<Session>();
  fault.inject = [&world, session] {
    pg::Connection connection = open(world);
    const auto file = [&] {
      return run(connection, "select pg_relation_filenode('outbox_shard')").int8(0, 0);
    };
    const std::int64_t before = file();
    for (const char* table : {"outbox_shard", "outbox_exception", "outbox_origin",
                              "outbox_progress_0", "outbox_progress_1"}) {
      run(connection, fmt::format("vacuum full {}", table));
    }
    session->seen = file() != before;
  };
  fault.observed = [session] { return session->seen; };
  fault.heal = [] {};
  return fault;
}

}  // namespace

std::vector<FaultClass> session_faults(World& world) {
  return {
      {"postgres-sessions-terminated", [&world](Random&) { return terminate_sessions(world); }},
      {"postgres-sessions-halted",
       [&world](Random& random) {
         return halt_sessions(world, between(random, milliseconds{1'000}, milliseconds{8'000}));
       }},
      {"postgres-long-transaction",
       [&world](Random& random) {
         return long_transaction(world, between(random, milliseconds{8'000}, milliseconds{25'000}));
       }},
      {"postgres-locked-tables",
       [&world](Random& random) {
         return locked_tables(world, between(random, milliseconds{1'000}, milliseconds{6'000}));
       }},
      {"postgres-vacuum-full", [&world](Random&) { return vacuum_full(world); }},
  };
}

}  // namespace outbox::chaos
