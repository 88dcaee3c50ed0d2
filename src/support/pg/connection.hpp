// A connection to PostgreSQL and what runs on it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "support/pg/error.hpp"
#include "support/pg/params.hpp"
#include "support/pg/rows.hpp"

struct pg_conn;

namespace outbox::pg {

enum class Format { text, binary };

// What follows a statement on the server without another round trip. COMMIT does only where the
// statement succeeded; a failure of either is the call's, and the transaction is over if it was
// COMMIT's.
enum class Then { nothing, commit };

// Runs one statement on a connection that someone else owns. `sqlstate`, where given, tells the
// server's reason of a failure. source_unavailable also when the server has not answered within
// `answer_timeout` (0: wait for ever); the connection is then lost.
[[nodiscard]] Result<Rows> query(pg_conn* connection, const std::string& sql,
                                 const Params& params = {}, Format format = Format::binary,
                                 SqlState* sqlstate = nullptr,
                                 std::chrono::milliseconds answer_timeout = {},
                                 Then then = Then::nothing);

// Runs one or several statements without parameters; the last one's rows, in text form. Without an
// explicit BEGIN in them, several are one transaction.
[[nodiscard]] Result<Rows> exec(pg_conn* connection, const std::string& sql,
                                SqlState* sqlstate = nullptr,
                                std::chrono::milliseconds answer_timeout = {});

// An SQL identifier with its quotes. Precondition: no NUL in it.
[[nodiscard]] std::string quote_identifier(std::string_view name);

// How much longer than the statement_timeout a connection waits for a server that hangs.
inline constexpr std::chrono::milliseconds kAnswerGrace{10'000};

struct ConnectOptions {
  std::string application_name = "outbox";
  // For each host of the URL, in whole seconds, at least 2 s (libpq's rule).
  std::chrono::milliseconds connect_timeout{10'000};
  // 0: none. The server ends a longer statement with ErrorCode::timeout; when it does not, the
  // connection is given up kAnswerGrace later, with source_unavailable.
  std::chrono::milliseconds statement_timeout{0};
  // For START_REPLICATION and its like, of this database.
  bool replication = false;
};

// Move-only, one thread at a time. A dead peer is noticed within about 15 s (keepalives,
// tcp_user_timeout), unless the URL says otherwise. The client encoding is UTF-8 and the server's
// notices are dropped.
class Connection {
 public:
  // `url`: postgresql://user:password@host:port/database?… or libpq's key=value form. Its
  // password never shows in an error, also when the URL is malformed.
  [[nodiscard]] static Result<Connection> connect(const std::string& url,
                                                  const ConnectOptions& options = {});

  // One or several statements without parameters; the last one's rows in text form.
  Result<Rows> exec(const std::string& sql);
  Result<Rows> query(const std::string& sql, const Params& params = {},
                     Format format = Format::binary);
  // The parameters' types are inferred, so pass query_prepared what the statement casts them to.
  Result<void> prepare(const std::string& name, const std::string& sql);
  Result<Rows> query_prepared(const std::string& name, const Params& params = {},
                              Format format = Format::binary);

  // Of the statements from now on, as ConnectOptions has it; 0: none, and an answer is waited for
  // as long as the server is there.
  Result<void> set_statement_timeout(std::chrono::milliseconds timeout);

  // True as soon as a notification (LISTEN) has come; takes all that are there. False after the
  // timeout.
  Result<bool> wait_notification(std::chrono::milliseconds timeout);

  // Of the last failed call; empty when it did not come from the server.
  [[nodiscard]] const SqlState& sqlstate() const { return sqlstate_; }
  // How long to wait for an answer; 0: for ever. For libpq's asynchronous calls on raw().
  [[nodiscard]] std::chrono::milliseconds answer_timeout() const { return answer_timeout_; }
  // False once the connection was lost.
  [[nodiscard]] bool alive() const;
  // No transaction is open, nothing is under way.
  [[nodiscard]] bool idle() const;
  // For libpq's asynchronous calls and for liboutbox. Never null.
  [[nodiscard]] pg_conn* raw() const { return connection_.get(); }
  // The caller's own from now on, to end with PQfinish; this object is at its end.
  [[nodiscard]] pg_conn* release() { return connection_.release(); }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const noexcept;
  };
  explicit Connection(pg_conn* connection) : connection_(connection) {}
  std::unique_ptr<pg_conn, Finish> connection_;
  SqlState sqlstate_;
  std::chrono::milliseconds answer_timeout_{0};
};

// A transaction that is rolled back unless it has ended, by commit() or on the connection itself.
// The connection must outlive it.
class Tx {
 public:
  // `begin`: "BEGIN ISOLATION LEVEL …" where the default does not fit.
  [[nodiscard]] static Result<Tx> begin(Connection& connection, const std::string& begin = "BEGIN");
  Tx(Tx&& other) noexcept;
  Tx& operator=(Tx&&) = delete;
  ~Tx();

  // conflict: a statement failed before, so the server rolled back. source_unavailable: the
  // connection was lost; whether the commit happened is not known.
  Result<void> commit();

  [[nodiscard]] Connection& connection() const { return *connection_; }

 private:
  explicit Tx(Connection* connection) : connection_(connection) {}

  Connection* connection_;  // null: ended, or moved from
};

}  // namespace outbox::pg
