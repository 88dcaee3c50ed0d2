// What message.hpp promises of a message, checked.
#pragma once

#include <cstddef>
#include <span>

#include "outbox/message.hpp"
#include "outbox/outbox.hpp"
#include "outbox/result.hpp"

namespace outbox {

inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxKeyBytes = 1'024;
inline constexpr std::size_t kMaxHeadersBytes = 256 * 1024;

// invalid_argument for the first broken rule, with the message's place (from 0) and the field; the
// values themselves are not quoted.
[[nodiscard]] Result<void> check_messages(std::span<const Message> messages,
                                          const OutboxOptions& options);

}  // namespace outbox
