#include "support/pg/statement.hpp"

#include <cstddef>
#include <map>
#include <memory>

#include <libpq-events.h>

#include "support/pg/run.hpp"

namespace outbox::pg {
namespace {

struct Names {
  std::map<std::string, std::string> by_sql;
  std::size_t given = 0;  // none is given twice
};

// libpq tells of the connection's end and of its resets; an address alone would not do, since the
// next connection may have it.
int keep_names(PGEventId event, void* info, void* /*pass_through*/) {
  if (event == PGEVT_CONNRESET) {
    PGconn* const connection = static_cast<PGEventConnReset*>(info)->conn;
    auto* const names = static_cast<Names*>(PQinstanceData(connection, keep_names));
    if (names != nullptr) names->by_sql.clear();
  } else if (event == PGEVT_CONNDESTROY) {
    const std::unique_ptr<Names> names{static_cast<Names*>(
        PQinstanceData(static_cast<PGEventConnDestroy*>(info)->conn, keep_names))};
  }
  return 1;
}

// Null: out of memory.
Names* names_of(PGconn* connection) {
  if (void* known = PQinstanceData(connection, keep_names)) return static_cast<Names*>(known);
  if (PQregisterEventProc(connection, keep_names, "outbox statements", nullptr) == 0) {
    return nullptr;
  }
  auto names = std::make_unique<Names>();
  if (PQsetInstanceData(connection, keep_names, names.get()) == 0) return nullptr;
  return names.release();
}

}  // namespace

Result<Rows> query_remembered(PGconn* connection, const std::string& sql, const Params& params,
                              Format format, SqlState* sqlstate,
                              std::chrono::milliseconds answer_timeout, Then then) {
  auto arguments = params.arguments();
  if (!arguments) return std::move(arguments).error();
  const Params::Arguments& given = **arguments;
  Names* const names = names_of(connection);
  if (names == nullptr) return Error{ErrorCode::internal, "out of memory"};
  auto known = names->by_sql.find(sql);
  if (known == names->by_sql.end()) {
    const std::string name = "outbox_" + std::to_string(++names->given);
    auto prepared = run(connection, answer_timeout, sqlstate, [&] {
      return PQsendPrepare(connection, name.c_str(), sql.c_str(), params.size(),
                           given.types.data());
    });
    if (!prepared) return prepared;
    known = names->by_sql.emplace(sql, name).first;
  }
  SqlState state;
  const auto send = [&] {
    return PQsendQueryPrepared(connection, known->second.c_str(), params.size(),
                               given.values.data(), given.lengths.data(), given.formats.data(),
                               format_number(format));
  };
  auto done = run(connection, answer_timeout, &state, send, then);
  if (!done && state.view() == "26000") names->by_sql.erase(known);  // someone has removed it
  if (sqlstate != nullptr) *sqlstate = state;
  return done;
}

}  // namespace outbox::pg
