// What SQLite reports, as a value.
#pragma once

#include <string_view>

#include "outbox/result.hpp"

struct sqlite3;

namespace outbox::sqlite {

// The error of the last failed call on `database`. `what` names what was tried: "cannot open
// shop.db".
//   timeout: another connection held its lock for longer than the busy timeout
//   conflict: a constraint
//   not_found: no such table
//   source_unavailable: the disk is full, unreadable or read-only, or the file cannot be opened
//   invalid_argument: wrong SQL, or the file is no SQLite database
[[nodiscard]] Error error_of(sqlite3* database, std::string_view what);

}  // namespace outbox::sqlite
