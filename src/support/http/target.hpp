// The request target of RFC 9112: its path and query, taken apart and decoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "support/http/message.hpp"

namespace outbox::http {

struct Target {
  std::string path;   // encoded, begins with '/'
  NamedValues query;  // decoded
};

// Takes the origin form ("/a?b=c") and the absolute form ("http://host/a?b=c"). invalid_argument:
// any other form, a broken percent escape, or a query that does not decode to UTF-8 without NUL.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

// Undoes percent escapes ('+' stays). Nothing when an escape is broken or the outcome is not UTF-8
// or holds NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace outbox::http
