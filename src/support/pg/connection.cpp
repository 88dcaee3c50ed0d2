#include "support/pg/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <utility>

#include <libpq-fe.h>

#include "support/pg/run.hpp"
#include "support/pg/url.hpp"

namespace outbox::pg {
namespace {

struct FreeMemory {
  void operator()(char* memory) const noexcept { PQfreemem(memory); }
};

// libpq's defaults would wait hours for a peer that is gone.
constexpr std::array<std::pair<const char*, const char*>, 5> kDefaults{{
    {"keepalives", "1"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "3"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "15000"},
}};

void drop_notice(void* /*arg*/, const PGresult* /*notice*/) {}

}  // namespace

Result<Rows> query(PGconn* connection, const std::string& sql, const Params& params, Format format,
                   SqlState* sqlstate, std::chrono::milliseconds answer_timeout, Then then) {
  auto arguments = params.arguments();
  if (!arguments) return std::move(arguments).error();
  const Params::Arguments& given = **arguments;
  const auto send = [&] {
    return PQsendQueryParams(connection, sql.c_str(), params.size(), given.types.data(),
                             given.values.data(), given.lengths.data(), given.formats.data(),
                             format_number(format));
  };
  return run(connection, answer_timeout, sqlstate, send, then);
}

Result<Rows> exec(PGconn* connection, const std::string& sql, SqlState* sqlstate,
                  std::chrono::milliseconds answer_timeout) {
  return run(connection, answer_timeout, sqlstate,
             [&] { return PQsendQuery(connection, sql.c_str()); });
}

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

void Connection::Finish::operator()(PGconn* connection) const noexcept {
  PQfinish(connection);
}

Result<Connection> Connection::connect(const std::string& url, const ConnectOptions& options) {
  if (auto checked = check_url(url); !checked) return std::move(checked).error();
  const auto timeout = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout);
  const std::string timeout_text = std::to_string(std::max<std::int64_t>(timeout.count(), 2));

  // What stands before `dbname` is a default that the URL may override.
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  const auto add = [&](const char* keyword, const char* value) {
    keywords.push_back(keyword);
    values.push_back(value);
  };
  for (const auto& [keyword, value] : kDefaults)
    add(keyword, value);
  add("connect_timeout", timeout_text.c_str());
  add("fallback_application_name", options.application_name.c_str());
  add("dbname", url.c_str());
  add("client_encoding", "UTF8");
  if (options.replication) add("replication", "database");
  add(nullptr, nullptr);

  Connection connection{PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/1)};
  if (!connection.connection_) {
    return Error{ErrorCode::internal, "cannot connect to PostgreSQL: out of memory"};
  }
  if (!connection.alive()) {
    std::string text{PQerrorMessage(connection.raw())};
    std::replace(text.begin(), text.end(), '\n', ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    return Error{ErrorCode::source_unavailable, "cannot connect to PostgreSQL: " + text};
  }
  PQsetNoticeReceiver(connection.raw(), drop_notice, nullptr);
  if (options.statement_timeout.count() > 0) {
    if (auto set = connection.set_statement_timeout(options.statement_timeout); !set) {
      return std::move(set).error();
    }
  }
  return connection;
}

Result<void> Connection::set_statement_timeout(std::chrono::milliseconds timeout) {
  const bool none = timeout.count() == 0;
  answer_timeout_ = none ? std::chrono::milliseconds{0} : timeout + kAnswerGrace;
  auto set = exec("SET statement_timeout = " + std::to_string(timeout.count()));
  if (!set) return std::move(set).error();
  return {};
}

Result<Rows> Connection::exec(const std::string& sql) {
  return pg::exec(raw(), sql, &sqlstate_, answer_timeout_);
}

Result<Rows> Connection::query(const std::string& sql, const Params& params, Format format) {
  return pg::query(raw(), sql, params, format, &sqlstate_, answer_timeout_);
}

Result<void> Connection::prepare(const std::string& name, const std::string& sql) {
  auto prepared = run(raw(), answer_timeout_, &sqlstate_,
                      [&] { return PQsendPrepare(raw(), name.c_str(), sql.c_str(), 0, nullptr); });
  if (!prepared) return std::move(prepared).error();
  return {};
}

Result<Rows> Connection::query_prepared(const std::string& name, const Params& params,
                                        Format format) {
  auto arguments = params.arguments();
  if (!arguments) return std::move(arguments).error();
  const Params::Arguments& given = **arguments;
  return run(raw(), answer_timeout_, &sqlstate_, [&] {
    return PQsendQueryPrepared(raw(), name.c_str(), params.size(), given.values.data(),
                               given.lengths.data(), given.formats.data(), format_number(format));
  });
}

Result<bool> Connection::wait_notification(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    if (PQconsumeInput(raw()) == 0) return failure_of(raw(), nullptr).error;
    bool notified = false;
    while (PGnotify* notification = PQnotifies(raw())) {
      PQfreemem(notification);
      notified = true;
    }
    if (notified) return true;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{PQsocket(raw()), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return Error{ErrorCode::internal, std::string{"poll failed: "} + std::strerror(errno)};
    }
  }
}

bool Connection::alive() const {
  return PQstatus(raw()) == CONNECTION_OK;
}

bool Connection::idle() const {
  return PQtransactionStatus(raw()) == PQTRANS_IDLE;
}

Result<Tx> Tx::begin(Connection& connection, const std::string& begin) {
  if (auto begun = connection.exec(begin); !begun) return std::move(begun).error();
  return Tx{&connection};
}

Tx::Tx(Tx&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Tx::~Tx() {
  // A failure leaves a connection that is not idle or not alive, as its next user will see.
  if (connection_ != nullptr && connection_->alive() && !connection_->idle()) {
    [[maybe_unused]] auto rolled_back = connection_->exec("ROLLBACK");
  }
}

Result<void> Tx::commit() {
  if (connection_ == nullptr) {
    return Error{ErrorCode::invalid_argument, "the transaction has already ended"};
  }
  auto committed = std::exchange(connection_, nullptr)->exec("COMMIT");
  if (!committed) return std::move(committed).error();
  if (committed->command() != "COMMIT") {
    return Error{ErrorCode::conflict,
                 "the transaction was rolled back, because a statement in it had failed"};
  }
  return {};
}

}  // namespace outbox::pg
