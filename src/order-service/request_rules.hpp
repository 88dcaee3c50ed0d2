// The rules for what stands in a request beside its body: cursor and idempotency key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/uuid.hpp"

namespace outbox::orders {

// A place in the list of orders: the last one that was shown. Opaque to clients.
[[nodiscard]] std::string encode_cursor(const Uuid& last);
[[nodiscard]] std::optional<Uuid> decode_cursor(std::string_view cursor);

// A page's size, 1 to 100, in decimal digits.
inline constexpr int kMaxPageSize = 100;
[[nodiscard]] std::optional<int> parse_page_size(std::string_view text);

// 1 to 255 visible ASCII characters.
[[nodiscard]] bool is_idempotency_key(std::string_view key);

// SHA-256 of path and body: a key stands for this request and no other.
[[nodiscard]] std::string request_hash(std::string_view path, std::string_view body);

// The key's advisory lock. Of two keys with the same number, one is
// answered as if it were still running while the other is.
[[nodiscard]] std::int64_t lock_number(std::string_view key);

}  // namespace outbox::orders
