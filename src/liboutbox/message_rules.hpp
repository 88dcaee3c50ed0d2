// What message.hpp promises of a message, checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "outbox/message.hpp"
#include "outbox/outbox.hpp"
#include "outbox/result.hpp"

namespace outbox {

inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxKeyBytes = 1'024;
inline constexpr std::size_t kMaxHeadersBytes = 256 * 1024;

struct PayloadRules {
  std::size_t max_bytes = 1'000'000;
  bool is_text = true;  // UTF-8 without NUL; else any bytes
};

// invalid_argument for the first broken rule, with the message's place (from 0) and the field; the
// values themselves are not quoted.
[[nodiscard]] Result<void> check_messages(std::span<const Message> messages,
                                          const PayloadRules& payload);

// The headers as the outbox stores them: a JSON object of strings.
[[nodiscard]] std::string headers_as_json(std::span<const Header> headers);

// Message::available_at as the outbox stores it: in microseconds of Unix time, never earlier.
[[nodiscard]] std::optional<std::int64_t> available_at_us(const Message& message);

}  // namespace outbox
