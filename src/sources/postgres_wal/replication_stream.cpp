#include "sources/postgres_wal/replication_stream.hpp"

#include <chrono>
#include <poll.h>
#include <utility>

#include <libpq-fe.h>

#include "support/pg/answer.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/error.hpp"

namespace outbox::postgres_wal {
namespace {

constexpr std::chrono::milliseconds kAnswerTimeout{30'000};
constexpr int kLeastReads = 2;
constexpr int kHasFailoverSlots = 170'000;

std::string quoted_literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted.append(c == '\'' ? 2 : 1, c);
  }
  return quoted + "'";
}

std::string start_sql(const StreamOptions& options, Lsn from) {
  return "START_REPLICATION SLOT " + pg::quote_identifier(options.slot) + " LOGICAL " +
         to_text(from) + " (proto_version '1', publication_names " +
         quoted_literal(pg::quote_identifier(options.publication)) +
         ", binary 'true', messages 'true')";
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string create_slot_sql(const std::string& slot, int server_version) {
  return "CREATE_REPLICATION_SLOT " + pg::quote_identifier(slot) +
         " LOGICAL pgoutput (SNAPSHOT 'use'" +
         (server_version >= kHasFailoverSlots ? ", FAILOVER" : "") + ")";
}

Result<NewSlot> create_slot(const std::string& url, const std::string& slot,
                            std::chrono::milliseconds patience) {
  pg::ConnectOptions options;
  options.application_name = "outboxctl slot";
  options.statement_timeout = patience;
  options.replication = true;
  Result<pg::Connection> connection = pg::Connection::connect(url, options);
  if (!connection) {
    return std::move(connection).error();
  }
  Result<pg::Tx> tx = pg::Tx::begin(*connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!tx) {
    return std::move(tx).error();
  }
  const Result<pg::Rows> made =
      connection->exec(create_slot_sql(slot, PQserverVersion(connection->raw())));
  if (!made) {
    if (connection->sqlstate() == "42710") {  // duplicate_object
      return Error{ErrorCode::conflict, "there is a replication slot " + slot +
                                            " already: name another one, or drop it with select "
                                            "pg_drop_replication_slot('" +
                                            slot + "')"};
    }
    return made.error();
  }
  const Result<pg::Rows> snapshot = connection->exec("select pg_current_snapshot()::text");
  if (!snapshot) {
    return snapshot.error();
  }
  return NewSlot{std::string{made->text(0, 1)}, std::string{snapshot->text(0, 0)}};
}

Result<ReplicationStream> ReplicationStream::start(const StreamOptions& options, Lsn from) {
  pg::ConnectOptions connect;
  connect.application_name = options.application_name;
  connect.replication = true;
  Result<pg::Connection> connection = pg::Connection::connect(options.url, connect);
  if (!connection) {
    return std::move(connection).error();
  }
  ReplicationStream stream{connection->release()};
  PGconn* const raw = stream.connection_.get();
  if (PQsendQuery(raw, start_sql(options, from).c_str()) == 0) {
    return pg::failure_of(raw, nullptr).error;
  }
  const pg::Answer answer = pg::last_answer(raw, kAnswerTimeout);
  const pg::Rows result{answer.result};
  if (answer.late) {
    return pg::no_answer(kAnswerTimeout);
  }
  if (PQresultStatus(answer.result) != PGRES_COPY_BOTH) {
    const pg::Failure failure = pg::failure_of(raw, answer.result);
    if (failure.sqlstate == "55006") {  // object_in_use
      return Error{ErrorCode::conflict, "another connection still streams from the slot " +
                                            options.slot + ": " + failure.error.message};
    }
    return failure.error;
  }
  PQsetnonblocking(raw, 1);
  return stream;
}

Result<std::optional<std::string_view>> ReplicationStream::read() {
  PGconn* const raw = connection_.get();
  for (int reads = 0;; ++reads) {
    char* frame = nullptr;
    const int size = PQgetCopyData(raw, &frame, /*async=*/1);
    if (size > 0) {
      frame_.reset(frame);
      return std::optional{std::string_view{frame, static_cast<std::size_t>(size)}};
    }
    if (size < 0) {
      return ended();
    }
    // libpq takes about 16 kB at once, and what TLS has decrypted does not show at the socket.
    pollfd readable{PQsocket(raw), POLLIN, 0};
    if (reads >= kLeastReads && poll(&readable, 1, 0) <= 0) {
      return std::optional<std::string_view>{};
    }
    if (PQconsumeInput(raw) == 0) {
      return pg::failure_of(raw, nullptr).error;
    }
  }
}

Result<void> ReplicationStream::report(Lsn received, Lsn flushed) {
  const std::string status = standby_status(received, flushed, now_us());
  PGconn* const raw = connection_.get();
  // 0: its buffer is full, which can only be when the server reads nothing; the next one will do.
  if (PQputCopyData(raw, status.data(), static_cast<int>(status.size())) < 0 || PQflush(raw) < 0) {
    return pg::failure_of(raw, nullptr).error;
  }
  return {};
}

int ReplicationStream::socket() const {
  return PQsocket(connection_.get());
}

Error ReplicationStream::ended() {
  PGconn* const raw = connection_.get();
  const pg::Answer answer = pg::last_answer(raw, kAnswerTimeout);
  const pg::Rows result{answer.result};
  if (PQresultStatus(answer.result) == PGRES_FATAL_ERROR) {
    Error error = pg::failure_of(raw, answer.result).error;
    error.code = ErrorCode::source_unavailable;
    return error;
  }
  return Error{ErrorCode::source_unavailable, "PostgreSQL ended the replication stream"};
}

void ReplicationStream::Finish::operator()(pg_conn* connection) const noexcept {
  PQfinish(connection);
}

void ReplicationStream::Free::operator()(char* memory) const noexcept {
  PQfreemem(memory);
}

}  // namespace outbox::postgres_wal
