// Structured logging to stderr: a message and key-value fields, as text or as JSON lines.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "outbox/result.hpp"

namespace outbox::log {

// A value borrows its text for the time of the call. Secrets do not belong here: pass URLs through
// config::mask_url. A field without a value is left out.
struct Field {
  using Value =
      std::variant<std::monostate, std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const char* text)
      : name(field_name), value(std::string_view(text)) {}
  Field(std::string_view field_name, const std::string& text)
      : name(field_name), value(std::string_view(text)) {}
  Field(std::string_view field_name, bool flag) : name(field_name), value(flag) {}
  Field(std::string_view field_name, double number) : name(field_name), value(number) {}
  template <class T>
  requires std::is_integral_v<T> && std::is_signed_v<T> Field(std::string_view field_name, T number)
      : name(field_name), value(static_cast<std::int64_t>(number)) {}
  template <class T>
  requires std::is_integral_v<T> && std::is_unsigned_v<T> Field(std::string_view field_name,
                                                                T number)
      : name(field_name), value(static_cast<std::uint64_t>(number)) {}
  template <class T>
  Field(std::string_view field_name, const std::optional<T>& optional) : name(field_name) {
    if (optional) value = Field(field_name, *optional).value;
  }

  std::string_view name;
  Value value;
};

using Fields = std::initializer_list<Field>;

// Thread-safe. What is below the level costs a comparison.
void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace outbox::log

namespace outbox::telemetry {

// `level`: debug, info, warn or error; `format`: text or json. Anything else: invalid_argument.
// Call it before other threads log; without it: info, text.
[[nodiscard]] Result<void> init_log(std::string_view level, std::string_view format);

// One line without its end, as the log writes it; `time` is Unix time in microseconds. Bytes that
// are not UTF-8 become U+FFFD in JSON.
[[nodiscard]] std::string json_line(std::int64_t time, std::string_view level,
                                    std::string_view message, log::Fields fields);
[[nodiscard]] std::string text_line(std::int64_t time, std::string_view level,
                                    std::string_view message, log::Fields fields);

}  // namespace outbox::telemetry
