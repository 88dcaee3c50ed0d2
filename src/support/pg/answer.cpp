#include "support/pg/answer.hpp"

#include <cerrno>
#include <poll.h>
#include <string>
#include <sys/socket.h>

#include <libpq-fe.h>

namespace outbox::pg {
namespace {

using Clock = std::chrono::steady_clock;

// poll's timeout; the deadline has passed: 0.
int time_left(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left <= 0 ? 0 : static_cast<int>(left);
}

bool ends_the_answer(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

}  // namespace

void cut(PGconn* connection) {
  shutdown(PQsocket(connection), SHUT_RDWR);
}

bool await_answer(PGconn* connection, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  bool unsent = PQflush(connection) == 1;
  while (PQisBusy(connection) == 1) {
    pollfd socket{PQsocket(connection), static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN), 0};
    const int ready = poll(&socket, 1, timeout.count() == 0 ? -1 : time_left(deadline));
    if (ready < 0 && errno != EINTR) return true;  // PQgetResult waits in its own way
    if (ready == 0) {
      cut(connection);
      return false;
    }
    if (PQconsumeInput(connection) == 0) return true;
    unsent = unsent && PQflush(connection) == 1;
  }
  return true;
}

Answer last_answer(PGconn* connection, std::chrono::milliseconds timeout) {
  Answer answer;
  for (bool more = true; more;) {
    answer.late = !await_answer(connection, timeout) || answer.late;
    PGresult* const next = PQgetResult(connection);
    if (next == nullptr) break;
    PQclear(answer.result);
    answer.result = next;
    more = !ends_the_answer(next) && PQstatus(connection) == CONNECTION_OK;
  }
  return answer;
}

Error no_answer(std::chrono::milliseconds timeout) {
  return Error{ErrorCode::source_unavailable, "PostgreSQL has not answered within " +
                                                  std::to_string(timeout.count()) +
                                                  " ms; the connection was given up"};
}

}  // namespace outbox::pg
