#include "support/pg/error.hpp"

#include <algorithm>
#include <string>

#include <libpq-fe.h>

namespace outbox::pg {

SqlState::SqlState(std::string_view code) : size_(std::min(code.size(), code_.size())) {
  std::copy_n(code.begin(), size_, code_.begin());
}

namespace {

struct Mapping {
  std::string_view prefix;
  ErrorCode code;
};

// The first prefix that fits decides; PostgreSQL's appendix A names them all.
constexpr Mapping kMappings[] = {
    {"08", ErrorCode::source_unavailable},     // connection exceptions
    {"0A", ErrorCode::conflict},               // e.g. a prepared statement whose table has changed
    {"22", ErrorCode::invalid_argument},       // data exceptions
    {"23", ErrorCode::conflict},               // unique, foreign key, check …
    {"25006", ErrorCode::source_unavailable},  // read only: a standby, until the failover is done
    {"25", ErrorCode::conflict},               // transaction state
    {"28", ErrorCode::invalid_argument},       // authorization
    {"3D", ErrorCode::not_found},              // no such database
    {"3F", ErrorCode::not_found},              // no such schema
    {"40", ErrorCode::conflict},               // serialization failure, deadlock
    {"42P01", ErrorCode::not_found},           // no such table
    {"42P06", ErrorCode::conflict},            // schema exists
    {"42P07", ErrorCode::conflict},            // table exists
    {"42", ErrorCode::invalid_argument},       // syntax, privileges, undefined names
    {"53", ErrorCode::source_unavailable},     // disk full, too many connections …
    {"55P03", ErrorCode::timeout},             // lock not available
    {"55", ErrorCode::conflict},               // not in prerequisite state
    {"57014", ErrorCode::timeout},             // cancelled, by statement_timeout as a rule
    {"57", ErrorCode::source_unavailable},     // shutting down, starting up
    {"58", ErrorCode::source_unavailable},     // system error (I/O)
};

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

std::string_view field(const PGresult* result, int code) {
  const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

}  // namespace

ErrorCode code_of(const SqlState& state) {
  for (const Mapping& mapping : kMappings) {
    if (state.view().starts_with(mapping.prefix)) return mapping.code;
  }
  return ErrorCode::internal;
}

Failure failure_of(const PGconn* connection, const PGresult* result) {
  const SqlState state{field(result, PG_DIAG_SQLSTATE)};
  const std::string_view primary = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state.view().empty()) {
    // libpq's own words: they name host and port, never the password.
    std::string text = one_line(PQerrorMessage(connection));
    if (PQstatus(connection) == CONNECTION_OK) {
      return {{ErrorCode::internal, "PostgreSQL's client library failed: " + text}, state};
    }
    return {{ErrorCode::source_unavailable, "the connection to PostgreSQL was lost: " + text},
            state};
  }
  std::string text = "PostgreSQL: " + one_line(primary);
  text.append(" (SQLSTATE ").append(state.view()).append(")");
  // The hint is advice of the server's; the detail would quote the caller's data.
  const std::string_view hint = field(result, PG_DIAG_MESSAGE_HINT);
  if (!hint.empty()) text += "; " + one_line(hint);
  const ErrorCode code =
      PQstatus(connection) == CONNECTION_OK ? code_of(state) : ErrorCode::source_unavailable;
  return {{code, std::move(text)}, state};
}

}  // namespace outbox::pg
