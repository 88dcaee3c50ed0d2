// JSON from strangers: bounded, strict, and with the digits of numbers as they were written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/http/message.hpp"

namespace outbox::http {

struct JsonMember;

struct JsonValue {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool boolean = false;
  // Of a number: no fraction and no exponent was written.
  bool integral = false;
  // A string's value (UTF-8, may hold NUL), or a number's digits exactly as they were written.
  std::string text;
  std::vector<JsonValue> items;     // of an array
  std::vector<JsonMember> members;  // of an object, names are unique

  // The member of that name; null when there is none or this is no object.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

struct JsonLimits {
  std::size_t max_depth = 32;       // of arrays and objects inside each other
  std::size_t max_values = 50'000;  // in all
};

// Refuses what RFC 8259 does not allow, invalid UTF-8, a second member of the same name in an
// object, bytes after the value, and what exceeds the limits. The error's pointer names the place.
// Thread-safe.
[[nodiscard]] std::variant<JsonValue, FieldError> parse_json(std::string_view text,
                                                             const JsonLimits& limits = {});

// `parent` with one more reference token: child_pointer("#/items", "a/b") is "#/items/a~1b".
[[nodiscard]] std::string child_pointer(std::string_view parent, std::string_view token);

}  // namespace outbox::http
