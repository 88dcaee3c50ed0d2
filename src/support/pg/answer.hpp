// Waiting for PostgreSQL's answer no longer than agreed. libpq itself waits for ever for a server
// that hangs while its kernel still acknowledges.
#pragma once

#include <chrono>

#include "outbox/result.hpp"

struct pg_conn;
struct pg_result;

namespace outbox::pg {

// Sends what libpq still holds and waits until PQgetResult has something to give. False: nothing
// came within `timeout` (0: wait for ever), and the connection was cut, so that PQgetResult reports
// its loss at once.
[[nodiscard]] bool await_answer(pg_conn* connection, std::chrono::milliseconds timeout);

// The connection is lost from now on, for libpq and for the server.
void cut(pg_conn* connection);

struct Answer {
  pg_result* result = nullptr;  // the last one, the caller's to clear; null: there was none
  bool late = false;            // the connection was cut, see await_answer
};

// All results of what a PQsend… call has sent. Ends early with COPY or a lost connection.
[[nodiscard]] Answer last_answer(pg_conn* connection, std::chrono::milliseconds timeout);

// What to report of an answer that came late: source_unavailable.
[[nodiscard]] Error no_answer(std::chrono::milliseconds timeout);

}  // namespace outbox::pg
