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

Pipeline::Pipeline(PGconn* connection) : connection_(connection) {
  PQenterPipelineMode(connection);
}

Pipeline::~Pipeline() {
  if (PQexitPipelineMode(connection_) == 0) cut(connection_);
}

bool Pipeline::commit() {
  return PQpipelineStatus(connection_) != PQ_PIPELINE_OFF &&
         PQsendQueryParams(connection_, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1 &&
         PQpipelineSync(connection_) == 1;
}

Result<Rows> take_answer(PGconn* connection, std::chrono::milliseconds answer_timeout,
                         SqlState* sqlstate) {
  const Answer answer = last_answer(connection, answer_timeout);
  if (!answer.late) return take(connection, answer.result, sqlstate);
  PQclear(answer.result);
  if (sqlstate != nullptr) *sqlstate = {};
  return no_answer(answer_timeout);
}

Result<Rows> take_committed(PGconn* connection, std::chrono::milliseconds answer_timeout,
                            SqlState* sqlstate) {
  SqlState of_commit;
  auto rows = take_answer(connection, answer_timeout, sqlstate);
  auto committed = take_answer(connection, answer_timeout, &of_commit);
  const Answer end = last_answer(connection, answer_timeout);
  PQclear(end.result);
  if (!rows || committed) return rows;
  if (sqlstate != nullptr) *sqlstate = of_commit;
  return std::move(committed).error();
}

}  // namespace outbox::pg
