#include "support/config/toml_file.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace outbox::config {
namespace {

FileEntry entry_of(std::string path, const toml::node& node) {
  FileEntry entry{std::move(path), {}, ValueKind::other, node.source().begin.line};
  if (const auto* text = node.as_string()) {
    entry.text = text->get();
    entry.kind = ValueKind::string;
  } else if (const auto* number = node.as_integer()) {
    entry.text = std::to_string(number->get());
    entry.kind = ValueKind::integer;
  } else if (const auto* flag = node.as_boolean()) {
    entry.text = flag->get() ? "true" : "false";
    entry.kind = ValueKind::boolean;
  } else if (node.is_table()) {
    entry.kind = ValueKind::empty_table;  // flatten descends into the others
  }
  return entry;
}

// Recursion is bounded by toml++, which refuses deep nesting.
void flatten(const std::string& prefix, const toml::table& table, std::vector<FileEntry>& entries) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    std::string path = prefix.empty() ? name : prefix + "." + name;
    const auto* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      flatten(path, *inner, entries);
    } else {
      entries.push_back(entry_of(std::move(path), node));
    }
  }
}

// toml++ quotes what it stumbled over, which may be a password without its quotes.
std::string without_quotations(std::string_view description) {
  std::string result;
  bool quoted = false;
  for (const char c : description) {
    if (c == '\'') quoted = !quoted;
    if (c == '\'' && !quoted) result += "…";
    if (!quoted || c == '\'') result.push_back(c);
  }
  return result;
}

}  // namespace

Result<std::vector<FileEntry>> read_toml_file(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream content;
  if (!stream || !(content << stream.rdbuf())) {
    // An empty file sets failbit on the way out; only an unreadable one is an error.
    if (!stream.is_open() || stream.bad() || std::filesystem::is_directory(file)) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("cannot read the configuration file {}; check the path and its "
                               "permissions",
                               file.string())};
    }
  }
  std::vector<FileEntry> entries;
  try {
    flatten("", toml::parse(content.str(), file.string()), entries);
  } catch (const toml::parse_error& problem) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("{}:{}: not valid TOML: {}", file.string(), problem.source().begin.line,
                    without_quotations(problem.description()))};
  }
  return entries;
}

}  // namespace outbox::config
