// What the documentation shows, so that tests can run it.
#pragma once

#include <fstream>
#include <string>
#include <vector>

namespace outbox::test {

// The blocks of this language in a Markdown file.
[[nodiscard]] inline std::vector<std::string> code_blocks(const std::string& file,
                                                          const std::string& language) {
  std::ifstream lines{file};
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!inside && line == "```" + language) {
      inside = true;
      blocks.emplace_back();
    } else if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

}  // namespace outbox::test
