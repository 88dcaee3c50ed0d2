#include "support/http/json_body.hpp"

#include <algorithm>
#include <charconv>

#include "support/text/utf8.hpp"

namespace outbox::http {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kMaxErrors = 50;

bool is_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' '))
    content_type.remove_suffix(1);
  return same_ignoring_case(content_type, "application/json");
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

std::variant<JsonValue, Response> read_json_body(const Request& request) {
  const auto content_type = request.headers.find("Content-Type");
  if (content_type && !is_json(*content_type)) {
    return problem(415, "Unsupported Media Type",
                   "send the body as Content-Type: application/json");
  }
  auto parsed = parse_json(request.body);
  if (auto* error = std::get_if<FieldError>(&parsed)) {
    return problem(400, "Bad Request", "the body cannot be read: " + error->detail, {*error});
  }
  return std::get<JsonValue>(std::move(parsed));
}

Response invalid_fields(const FieldErrors& errors) {
  return problem(422, "Unprocessable Content",
                 std::to_string(errors.size()) +
                     (errors.size() == 1 ? " field is" : " fields are") +
                     " wrong; errors names them",
                 errors);
}

void JsonReader::error(std::string detail, std::string pointer) {
  if (errors_.size() < kMaxErrors) errors_.push_back({std::move(detail), std::move(pointer)});
}

bool JsonReader::is_object(const JsonValue& value, const std::string& pointer) {
  if (value.kind == Kind::object) return true;
  error("must be an object", pointer);
  return false;
}

void JsonReader::refuse_unknown(const JsonValue& object, const std::string& at,
                                std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.members) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      error("is not a known member", child_pointer(at, name));
    }
  }
}

const JsonValue* JsonReader::required(const JsonValue& object, const std::string& at,
                                      std::string_view name) {
  const JsonValue* value = object.find(name);
  if (value == nullptr) error("is required", child_pointer(at, name));
  return value;
}

std::string JsonReader::text(const JsonValue& value, const std::string& pointer, std::size_t max) {
  if (value.kind != Kind::string) {
    error("must be a string", pointer);
  } else if (value.text.empty() || characters(value.text) > max) {
    error("must have 1 to " + std::to_string(max) + " characters", pointer);
  } else if (text::has_control_character(value.text)) {
    error("must not have control characters", pointer);
  }
  return value.text;
}

std::int64_t JsonReader::integer(const JsonValue& value, const std::string& pointer,
                                 std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const auto end = value.text.data() + value.text.size();
  const bool whole = value.kind == Kind::number && value.integral;
  const auto read = std::from_chars(value.text.data(), end, number);
  if (!whole || read.ec != std::errc{} || read.ptr != end || number < min || number > max) {
    error("must be an integer from " + std::to_string(min) + " to " + std::to_string(max), pointer);
    return 0;
  }
  return number;
}

bool JsonReader::flag(const JsonValue& value, const std::string& pointer) {
  if (value.kind != Kind::boolean) error("must be true or false", pointer);
  return value.boolean;
}

}  // namespace outbox::http
