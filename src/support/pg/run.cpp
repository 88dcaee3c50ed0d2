#include "support/pg/run.hpp"

#include <utility>

namespace outbox::pg {
namespace {

bool succeeded(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return true;
    default:
      return false;
  }
}

// COPY belongs to raw(): here it would leave the connection in the middle of the protocol.
bool is_copy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

}  // namespace

Result<Rows> take(PGconn* connection, PGresult* result, SqlState* sqlstate) {
  Rows rows{result};
  if (sqlstate != nullptr) *sqlstate = {};
  if (succeeded(result)) return rows;
  if (is_copy(result)) {
    return Error{ErrorCode::invalid_argument, "COPY cannot run through this call"};
  }
  Failure failure = failure_of(connection, result);
  if (sqlstate != nullptr) *sqlstate = failure.sqlstate;
  return std::move(failure.error);
}

}  // namespace outbox::pg
