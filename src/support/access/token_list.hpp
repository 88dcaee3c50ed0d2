// The tokens' file as a server sees it while it runs.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/access/tokens.hpp"

namespace outbox::access {

// Follows the file: it looks at most once a second whether it has changed. While the file is away
// or cannot be used, nobody has a token, and the log says why; so whoever takes a token out of the
// file can rely on it. Not thread-safe.
class TokenList {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Empty: there is no file, and nobody has a token.
  explicit TokenList(std::filesystem::path file) : file_(std::move(file)) {}

  [[nodiscard]] bool has_file() const { return !file_.empty(); }

  // The token whose digest it is; null: nobody's. Owned by the list, until the next call.
  [[nodiscard]] const Token* find(std::string_view sha256, TimePoint now);

 private:
  void look(TimePoint now);
  void read();

  std::filesystem::path file_;
  std::vector<Token> tokens_;
  TimePoint next_look_{};
  std::string seen_;     // what tells one state of the file from another
  std::string problem_;  // why it could not be read; empty: it was
};

}  // namespace outbox::access
