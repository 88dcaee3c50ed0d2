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

// Statements that libpq sends without waiting for the answer of the one before.
class Pipeline {
 public:
  explicit Pipeline(PGconn* connection);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();  // cuts the connection where answers are left

  // Sends COMMIT behind what was sent. False: the last call on the connection failed.
  [[nodiscard]] bool commit();

 private:
  PGconn* connection_;
};

// The answer to the one statement that was sent, as rows or as why there are none.
[[nodiscard]] Result<Rows> take_answer(PGconn* connection, std::chrono::milliseconds answer_timeout,
                                       SqlState* sqlstate);

// The same with Pipeline::commit behind it: the rows only if COMMIT succeeded too.
[[nodiscard]] Result<Rows> take_committed(PGconn* connection,
                                          std::chrono::milliseconds answer_timeout,
                                          SqlState* sqlstate);

// `send` is the PQsend… call; not PQsendQuery where a COMMIT follows.
template <class Send>
Result<Rows> run(PGconn* connection, std::chrono::milliseconds answer_timeout, SqlState* sqlstate,
                 Send send, Then then = Then::nothing) {
  const NonBlocking non_blocking{connection};
  if (then == Then::nothing) {
    if (send() == 0) return take(connection, nullptr, sqlstate);
    return take_answer(connection, answer_timeout, sqlstate);
  }
  Pipeline pipeline{connection};
  if (send() == 0 || !pipeline.commit()) return take(connection, nullptr, sqlstate);
  return take_committed(connection, answer_timeout, sqlstate);
}

inline int format_number(Format format) {
  return format == Format::binary ? 1 : 0;
}

}  // namespace outbox::pg
