// Reads a TOML file into a flat list of settings.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::config {

enum class ValueKind { string, integer, boolean, empty_table, other };

struct FileEntry {
  std::string path;  // dotted: "sink.brokers"
  std::string text;  // of the first three kinds
  ValueKind kind = ValueKind::other;
  unsigned line = 0;
};

// invalid_argument, naming the file and the line, when it cannot be read or is not TOML. The
// message never quotes the file's content.
[[nodiscard]] Result<std::vector<FileEntry>> read_toml_file(const std::filesystem::path& file);

}  // namespace outbox::config
