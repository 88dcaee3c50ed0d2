// The bodies of requests: JSON that is read member by member, collecting what is wrong with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "support/http/json.hpp"
#include "support/http/message.hpp"

namespace outbox::http {

using FieldErrors = std::vector<FieldError>;

// The body's value, or the answer that says why there is none: 415 for another Content-Type than
// JSON's, 400 for what is not JSON.
[[nodiscard]] std::variant<JsonValue, Response> read_json_body(const Request& request);

// 422, naming the fields.
[[nodiscard]] Response invalid_fields(const FieldErrors& errors);

// What each call reads, or an empty value after noting what is wrong. `pointer`: where the value
// is.
class JsonReader {
 public:
  // Notes the first fifty.
  void error(std::string detail, std::string pointer);

  bool is_object(const JsonValue& value, const std::string& pointer);
  void refuse_unknown(const JsonValue& object, const std::string& at,
                      std::initializer_list<std::string_view> known);
  // The member, or null after noting that it is missing.
  const JsonValue* required(const JsonValue& object, const std::string& at, std::string_view name);

  // A string of 1 to `max` characters, none of which is a control character.
  std::string text(const JsonValue& value, const std::string& pointer, std::size_t max);
  std::int64_t integer(const JsonValue& value, const std::string& pointer, std::int64_t min,
                       std::int64_t max);
  bool flag(const JsonValue& value, const std::string& pointer);

  [[nodiscard]] bool ok() const { return errors_.empty(); }
  [[nodiscard]] FieldErrors take() { return std::move(errors_); }

 private:
  FieldErrors errors_;
};

}  // namespace outbox::http
