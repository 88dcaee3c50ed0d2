// For the calls of connection.hpp and statement.hpp: sends, and waits no longer than agreed.
#pragma once

#include <chrono>

#include <libpq-fe.h>

#include "support/pg/answer.hpp"
#include "support/pg/connection.hpp"

namespace outbox::pg {

// The result as rows, or why there are none. Takes the result; null: nothing was sent.
[[nodiscard]] Result<Rows> take(PGconn* connection, PGresult* result, SqlState* sqlstate);

// libpq would wait in the call, for ever, while the server takes no more bytes.
class NonBlocking {
 public:
  explicit NonBlocking(PGconn* connection)
      : connection_(connection), was_(PQisnonblocking(connection)) {
    PQsetnonblocking(connection_, 1);
  }
  NonBlocking(const NonBlocking&) = delete;
  NonBlocking& operator=(const NonBlocking&) = delete;
  ~NonBlocking() { PQsetnonblocking(connection_, was_); }

 private:
  PGconn* connection_;
  int was_;
};

// `send` is the PQsend… call.
template <class Send>
Result<Rows> run(PGconn* connection, std::chrono::milliseconds answer_timeout, SqlState* sqlstate,
                 Send send) {
  const NonBlocking non_blocking{connection};
  if (send() == 0) return take(connection, nullptr, sqlstate);
  const Answer answer = last_answer(connection, answer_timeout);
  if (!answer.late) return take(connection, answer.result, sqlstate);
  PQclear(answer.result);
  if (sqlstate != nullptr) *sqlstate = {};
  return no_answer(answer_timeout);
}

inline int format_number(Format format) {
  return format == Format::binary ? 1 : 0;
}

}  // namespace outbox::pg
