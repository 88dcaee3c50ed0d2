#include "support/sqlite/error.hpp"

#include <sqlite3.h>
#include <string>

namespace outbox::sqlite {
namespace {

ErrorCode code_of(int result, std::string_view message) {
  switch (result & 0xFF) {  // without what extends the primary code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return ErrorCode::timeout;
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    case SQLITE_ERROR:
      return message.starts_with("no such table") ? ErrorCode::not_found
                                                  : ErrorCode::invalid_argument;
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return ErrorCode::invalid_argument;
    case SQLITE_MISUSE:
    case SQLITE_INTERNAL:
      return ErrorCode::internal;
    default:
      return ErrorCode::source_unavailable;
  }
}

}  // namespace

Error error_of(sqlite3* database, std::string_view what) {
  const std::string message = database == nullptr ? "out of memory" : sqlite3_errmsg(database);
  const int result = database == nullptr ? SQLITE_NOMEM : sqlite3_errcode(database);
  return Error{code_of(result, message), std::string{what} + ": " + message};
}

}  // namespace outbox::sqlite
