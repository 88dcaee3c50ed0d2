#include "support/config/schema.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <type_traits>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config/mask_url.hpp"
#include "support/config/nearest.hpp"
#include "support/config/value.hpp"

namespace outbox::config {
namespace {

constexpr std::string_view kPrefix = "OUTBOX_";

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string entry_name(std::string_view env) {
  std::string result(env);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) {
    return c == '_' ? '.' : static_cast<char>(std::tolower(c));
  });
  return result;
}

}  // namespace

Schema& Schema::add(Option option) {
  option.standard = std::visit(
      [](const auto* target) {
        if constexpr (std::is_same_v<decltype(target), const Secret*>) {
          return Value(target->reveal());
        } else {
          return Value(*target);
        }
      },
      option.target);
  option.value = option.standard;
  const auto [existing, key] = find(option.path);
  if (existing != nullptr) throw std::logic_error("option declared twice: " + option.path);
  options_.push_back(std::move(option));
  return *this;
}

Schema& Schema::text(std::string path, std::string& target, OptionInfo info) {
  return add({.path = std::move(path), .target = &target, .info = std::move(info)});
}

Schema& Schema::text(std::string path, Secret& target, OptionInfo info) {
  info.secret = true;
  return add({.path = std::move(path), .target = &target, .info = std::move(info)});
}

Schema& Schema::integer(std::string path, std::int64_t& target, Range range, OptionInfo info) {
  return add({.path = std::move(path), .target = &target, .info = std::move(info), .range = range});
}

Schema& Schema::flag(std::string path, bool& target, OptionInfo info) {
  return add({.path = std::move(path), .target = &target, .info = std::move(info)});
}

Schema& Schema::duration(std::string path, std::chrono::milliseconds& target, Range range,
                         OptionInfo info) {
  return add({.path = std::move(path), .target = &target, .info = std::move(info), .range = range});
}

Schema& Schema::choice(std::string path, std::string& target, std::vector<std::string> allowed,
                       OptionInfo info) {
  return add({.path = std::move(path),
              .target = &target,
              .info = std::move(info),
              .allowed = std::move(allowed)});
}

Schema& Schema::table(std::string path, std::map<std::string, std::string>& target,
                      OptionInfo info) {
  return add({.path = std::move(path), .target = &target, .info = std::move(info)});
}

std::vector<std::string> Schema::paths() const {
  std::vector<std::string> result;
  for (const auto& option : options_)
    result.push_back(option.path);
  return result;
}

bool Schema::is_section(const std::string& path) const {
  return std::any_of(options_.begin(), options_.end(), [&](const Option& option) {
    return option.path.starts_with(path + ".") ||
           (option.path == path &&
            std::holds_alternative<std::map<std::string, std::string>>(option.value));
  });
}

std::pair<Schema::Option*, std::string> Schema::find(std::string_view path) {
  for (auto& option : options_) {
    const bool table = std::holds_alternative<std::map<std::string, std::string>>(option.value);
    if (path == option.path) return {&option, {}};
    if (table && path.starts_with(option.path + ".")) {
      return {&option, std::string(path.substr(option.path.size() + 1))};
    }
  }
  return {nullptr, {}};
}

std::pair<Schema::Option*, std::string> Schema::find_environment(std::string_view name) {
  for (auto& option : options_) {
    const std::string env = env_name(option.path);
    const bool table = std::holds_alternative<std::map<std::string, std::string>>(option.value);
    if (!table && name == env) return {&option, {}};
    if (table && name.starts_with(env + "__") && name.size() > env.size() + 2) {
      return {&option, entry_name(name.substr(env.size() + 2))};
    }
  }
  return {nullptr, {}};
}

Result<void> Schema::load(const Inputs& inputs) {
  for (auto& option : options_) {
    option.value = option.standard;
    option.origin = Origin::standard;
    option.entry_origins.clear();
  }
  Problems problems;
  if (inputs.file) load_file(*inputs.file, problems);
  load_environment(inputs.environment, problems);
  load_flags(inputs.flags, problems);
  check_required(problems);
  if (!problems.empty()) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the configuration has {} problem{}:\n  {}", problems.size(),
                             problems.size() == 1 ? "" : "s", fmt::join(problems, "\n  "))};
  }
  for (const auto& option : options_) {
    std::visit(
        [&](auto* target) {
          using Bound = std::remove_pointer_t<decltype(target)>;
          using Held = std::conditional_t<std::is_same_v<Bound, Secret>, std::string, Bound>;
          *target = std::get<Held>(option.value);
        },
        option.target);
  }
  return {};
}

void Schema::load_file(const std::filesystem::path& file, Problems& problems) {
  auto entries = read_toml_file(file);
  if (!entries) {
    problems.push_back(entries.error().message);
    return;
  }
  for (auto& entry : *entries) {
    const std::string where = fmt::format("{}:{}", file.string(), entry.line);
    const auto [option, key] = find(entry.path);
    if (entry.kind == ValueKind::empty_table && is_section(entry.path)) continue;
    if (option == nullptr) {
      problems.push_back(fmt::format("{}: unknown key {}; did you mean {}?", where, entry.path,
                                     nearest(entry.path, paths())));
      continue;
    }
    assign(*option, key, {std::move(entry.text), entry.kind, true, Origin::file, where}, problems);
  }
}

void Schema::load_environment(const std::map<std::string, std::string>& environment,
                              Problems& problems) {
  for (auto& option : options_) {
    for (const auto& alias : option.info.env_aliases) {
      const auto found = environment.find(alias);
      if (found == environment.end()) continue;
      assign(option, {}, {found->second, ValueKind::string, false, Origin::environment, alias},
             problems);
      break;
    }
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || name.starts_with("OUTBOX_TEST_") || name == "OUTBOX_CONFIG") {
      continue;
    }
    const auto [option, key] = find_environment(name);
    if (option == nullptr) {
      std::vector<std::string> names;
      for (const auto& known : options_)
        names.push_back(env_name(known.path));
      problems.push_back(fmt::format("environment variable {}: unknown; did you mean {}?", name,
                                     nearest(name, names)));
      continue;
    }
    assign(*option, key, {value, ValueKind::string, false, Origin::environment, name}, problems);
  }
}

void Schema::load_flags(const std::vector<std::pair<std::string, std::string>>& flags,
                        Problems& problems) {
  for (const auto& [path, value] : flags) {
    const auto [option, key] = find(path);
    if (option == nullptr) {
      problems.push_back(
          fmt::format("--set {}: unknown key; did you mean {}?", path, nearest(path, paths())));
      continue;
    }
    assign(*option, key, {value, ValueKind::string, false, Origin::flag, "--set"}, problems);
  }
}

void Schema::check_required(Problems& problems) const {
  for (const auto& option : options_) {
    const auto* text = std::get_if<std::string>(&option.value);
    if (!option.info.required || text == nullptr || !text->empty()) continue;
    std::vector<std::string> names{env_name(option.path)};
    names.insert(names.end(), option.info.env_aliases.begin(), option.info.env_aliases.end());
    problems.push_back(fmt::format(
        "{}: is required ({}); set it in the file, in the environment as {}, or with --set {}=…",
        option.path, option.info.help, fmt::join(names, " or "), option.path));
  }
}

void Schema::assign(Option& option, const std::string& key, const Given& given,
                    Problems& problems) {
  const bool secret = option.info.secret || names_a_secret(key);
  const auto refuse = [&](const std::string& expected) {
    const std::string name = key.empty() ? option.path : option.path + "." + key;
    const std::string value = secret || given.kind >= ValueKind::empty_table
                                  ? ""
                                  : fmt::format(", not {}", quote(given.text));
    problems.push_back(fmt::format("{}: {} must be {}{}", given.where, name, expected, value));
  };
  const auto in_range = [&](std::int64_t number) {
    return number >= option.range.min && number <= option.range.max;
  };
  option.origin = given.origin;

  if (auto* table = std::get_if<std::map<std::string, std::string>>(&option.value)) {
    if (key.empty()) return refuse("a table of settings");
    if (given.kind >= ValueKind::empty_table)
      return refuse("a string, an integer or true or false");
    (*table)[key] = given.text;
    option.entry_origins[key] = given.origin;
  } else if (auto* number = std::get_if<std::int64_t>(&option.value)) {
    const auto parsed = parse_integer(given.text);
    if (!parsed || (given.typed && given.kind != ValueKind::integer) || !in_range(*parsed)) {
      return refuse("an integer" + bounds(option));
    }
    *number = *parsed;
  } else if (auto* flag = std::get_if<bool>(&option.value)) {
    const auto parsed = parse_flag(given.text);
    if (!parsed || (given.typed && given.kind != ValueKind::boolean)) {
      return refuse("true or false");
    }
    *flag = *parsed;
  } else if (auto* duration = std::get_if<std::chrono::milliseconds>(&option.value)) {
    const auto parsed = parse_duration(given.text);
    if (!parsed || given.kind != ValueKind::string || !in_range(parsed->count())) {
      return refuse(R"(a duration such as "250ms", "5s" or "2m")" + bounds(option));
    }
    *duration = *parsed;
  } else {
    const auto& allowed = option.allowed;
    if (given.kind != ValueKind::string) return refuse("a string, in quotes");
    if (!allowed.empty() &&
        std::find(allowed.begin(), allowed.end(), given.text) == allowed.end()) {
      return refuse(fmt::format("one of {}", fmt::join(allowed, ", ")));
    }
    option.value = given.text;
  }
}

std::string Schema::env_name(std::string_view path) {
  std::string result(kPrefix);
  for (const char c : upper(path)) {
    if (c == '.') {
      result += "__";
    } else {
      result.push_back(c);
    }
  }
  return result;
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

}  // namespace outbox::config
