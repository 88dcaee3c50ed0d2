// How a Schema shows itself: the example file and the effective values.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config/mask_url.hpp"
#include "support/config/schema.hpp"
#include "support/config/value.hpp"

namespace outbox::config {
namespace {

constexpr std::string_view kMask = "***";

std::string_view section_of(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

std::string masked(const std::string& text) {
  if (text.empty()) return text;
  return is_url(text) ? mask_url(text) : std::string(kMask);
}

}  // namespace

std::string Schema::toml_value(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* duration = std::get_if<std::chrono::milliseconds>(&value)) {
    return quote(format_duration(*duration));
  }
  return quote(std::get<std::string>(value));
}

std::string Schema::bounds(const Option& option) {
  constexpr Range kAny;
  const bool duration = std::holds_alternative<std::chrono::milliseconds>(option.value);
  const auto show = [&](std::int64_t bound) {
    return duration ? format_duration(std::chrono::milliseconds(bound)) : std::to_string(bound);
  };
  const auto& [min, max] = option.range;
  if (min != kAny.min && max != kAny.max) {
    return fmt::format(" from {} to {}", show(min), show(max));
  }
  if (min != kAny.min) return fmt::format(" of at least {}", show(min));
  if (max != kAny.max) return fmt::format(" of at most {}", show(max));
  return "";
}

std::string Schema::comment(const Option& option) {
  std::string result = "# " + option.info.help;
  if (const auto range = bounds(option); !range.empty()) result += " Allowed:" + range + ".";
  if (!option.allowed.empty()) {
    result += fmt::format(" One of: {}.", fmt::join(option.allowed, ", "));
  }
  result += " Environment: " + env_name(option.path);
  if (std::holds_alternative<std::map<std::string, std::string>>(option.value)) {
    result += "__NAME (lower-cased, '_' becomes '.')";
  }
  for (const auto& alias : option.info.env_aliases)
    result += ", " + alias;
  return result + ".";
}

std::string Schema::describe() const {
  std::string result;
  // TOML wants a table's plain keys before its sub-tables, and each table once.
  std::vector<std::string_view> sections;
  for (const auto& option : options_) {
    const auto own = std::holds_alternative<std::map<std::string, std::string>>(option.value)
                         ? std::string_view(option.path)
                         : section_of(option.path);
    if (std::find(sections.begin(), sections.end(), own) == sections.end()) {
      sections.push_back(own);
    }
  }
  for (const auto name : sections) {
    if (!name.empty()) result += fmt::format("{}[{}]\n", result.empty() ? "" : "\n", name);
    for (const auto& option : options_) {
      const auto* table = std::get_if<std::map<std::string, std::string>>(&option.standard);
      if (table != nullptr && option.path == name) {
        result += comment(option) + "\n";
        if (!option.info.example.empty()) result += "# " + option.info.example + "\n";
        for (const auto& [key, value] : *table) {
          result += fmt::format("{} = {}\n", quote(key), quote(value));
        }
      } else if (table == nullptr && section_of(option.path) == name) {
        const auto* text = std::get_if<std::string>(&option.standard);
        const bool unset = text != nullptr && text->empty() && option.allowed.empty();
        result += fmt::format("{}\n{}{} = {}\n", comment(option),
                              unset && !option.info.required ? "# " : "", name_of(option.path),
                              unset ? quote(option.info.example) : toml_value(option.standard));
      }
    }
  }
  return result;
}

std::vector<Schema::Effective> Schema::effective() const {
  const auto name = [](Origin origin) -> std::string {
    switch (origin) {
      case Origin::standard:
        return "default";
      case Origin::file:
        return "file";
      case Origin::environment:
        return "environment";
      case Origin::flag:
        return "flag";
    }
    return "";
  };
  std::vector<Effective> result;
  for (const auto& option : options_) {
    if (const auto* table = std::get_if<std::map<std::string, std::string>>(&option.value)) {
      for (const auto& [key, value] : *table) {
        const auto origin = option.entry_origins.find(key);
        const bool secret = option.info.secret || names_a_secret(key);
        result.push_back(
            {fmt::format("{}.{}", option.path, key), quote(secret ? masked(value) : value),
             name(origin == option.entry_origins.end() ? Origin::standard : origin->second), secret,
             option.info.help, quote("")});
      }
      continue;
    }
    const auto* text = std::get_if<std::string>(&option.value);
    result.push_back(
        {option.path,
         option.info.secret && text != nullptr ? quote(masked(*text)) : toml_value(option.value),
         name(option.origin), option.info.secret, option.info.help, toml_value(option.standard)});
  }
  return result;
}

std::string Schema::show() const {
  std::string result;
  for (const Effective& setting : effective())
    result += fmt::format("{} = {}  # {}\n", setting.path, setting.value, setting.origin);
  return result;
}

}  // namespace outbox::config
