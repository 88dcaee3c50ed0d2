#include "support/telemetry/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "support/text/rfc3339.hpp"

namespace outbox {
namespace {

std::atomic<bool>& as_json() {
  static std::atomic<bool> value = false;
  return value;
}

spdlog::logger& logger() {
  static const auto kLogger = [] {
    auto made = std::make_shared<spdlog::logger>("outbox",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *kLogger;
}

std::string timestamp(std::int64_t time) {
  return text::rfc3339_millis(time / 1'000);
}

std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void append_value(std::string& line, const log::Field::Value& value, bool json) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    line += !json && is_plain(*text) ? std::string(*text) : quoted(*text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    line += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    line += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    line += std::to_string(*integer);
  } else {
    line += std::to_string(std::get<std::uint64_t>(value));
  }
}

void write(spdlog::level::level_enum level, std::string_view name, std::string_view message,
           log::Fields fields) {
  auto& out = logger();
  if (!out.should_log(level)) return;
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  const auto line = as_json() ? telemetry::json_line(time, name, message, fields)
                              : telemetry::text_line(time, name, message, fields);
  out.log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

namespace log {

void debug(std::string_view message, Fields fields) {
  write(spdlog::level::debug, "debug", message, fields);
}
void info(std::string_view message, Fields fields) {
  write(spdlog::level::info, "info", message, fields);
}
void warn(std::string_view message, Fields fields) {
  write(spdlog::level::warn, "warn", message, fields);
}
void error(std::string_view message, Fields fields) {
  write(spdlog::level::err, "error", message, fields);
}

}  // namespace log

namespace telemetry {

Result<void> init_log(std::string_view level, std::string_view format) {
  constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 4> kLevels = {{
      {"debug", spdlog::level::debug},
      {"info", spdlog::level::info},
      {"warn", spdlog::level::warn},
      {"error", spdlog::level::err},
  }};
  if (format != "text" && format != "json") {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("unknown log format \"{}\"; choose text or json", format)};
  }
  for (const auto& [name, value] : kLevels) {
    if (name != level) continue;
    logger().set_level(value);
    as_json() = format == "json";
    return {};
  }
  return Error{
      ErrorCode::invalid_argument,
      fmt::format("unknown log level \"{}\"; choose one of debug, info, warn, error", level)};
}

std::string json_line(std::int64_t time, std::string_view level, std::string_view message,
                      log::Fields fields) {
  std::string line =
      fmt::format(R"({{"ts":"{}","level":"{}","msg":{})", timestamp(time), level, quoted(message));
  for (const auto& field : fields) {
    if (std::holds_alternative<std::monostate>(field.value)) continue;
    line += ',';
    line += quoted(field.name);
    line += ':';
    append_value(line, field.value, true);
  }
  line += '}';
  return line;
}

std::string text_line(std::int64_t time, std::string_view level, std::string_view message,
                      log::Fields fields) {
  std::string line = fmt::format("{} {:<5} ", timestamp(time), level);
  // One message is one line, whatever is in it.
  const auto text = quoted(message);
  line.append(message.find_first_of("\n\r") == std::string_view::npos ? message : text);
  for (const auto& field : fields) {
    if (std::holds_alternative<std::monostate>(field.value)) continue;
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value, false);
  }
  return line;
}

}  // namespace telemetry
}  // namespace outbox
