// The tokens by which people and programs say who they are, and the file that lists them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "support/http/message.hpp"

namespace outbox::access {

// What is kept of a token. A token is 256 random bits, so its plain SHA-256 tells nothing about it:
// nobody can try so many. Salts and slow hashes are for passwords, which people choose.
struct Token {
  std::string name;  // whose it is: 1 to 64 letters, digits, '.', '_', '-' and '@'
  http::Role role = http::Role::viewer;
  std::string sha256;  // of the token's text, 64 hexadecimal digits
};

inline constexpr std::size_t kMaxTokens = 1'000;

// "obx_" and a random secret: the prefix lets scanners find tokens that were published by mistake.
[[nodiscard]] std::string new_token();

[[nodiscard]] bool is_token_name(std::string_view name);

// Lines "NAME ROLE SHA256"; empty lines and those that begin with '#' do not count.
// invalid_argument: a line is something else, or a name is there twice; the line is not quoted.
[[nodiscard]] Result<std::vector<Token>> parse_tokens(std::string_view text);

// not_found: there is no such file; conflict: others than its owner may write it, or it cannot be
// read; and what parse_tokens says.
[[nodiscard]] Result<std::vector<Token>> read_tokens(const std::filesystem::path& file);

// Lets `change` alter the list and puts the outcome in the file's place, whole or not at all; a
// missing file counts as empty and is made for its owner alone (mode 0600). Other processes that do
// the same wait. Errors of `change` leave the file as it is.
[[nodiscard]] Result<void> change_tokens(
    const std::filesystem::path& file,
    const std::function<Result<void>(std::vector<Token>&)>& change);

}  // namespace outbox::access
