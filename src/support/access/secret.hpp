// Secrets that a program makes and compares.
#pragma once

#include <string>
#include <string_view>

namespace outbox::access {

// 256 random bits as 43 characters of base64url. Throws std::runtime_error when the system gives
// none.
[[nodiscard]] std::string random_secret();

// SHA-256 in lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// How long it takes tells nothing about how much of them is alike, only whether they are equally
// long.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);

}  // namespace outbox::access
