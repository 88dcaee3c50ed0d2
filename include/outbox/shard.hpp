// Virtual shards: the fixed division of keys among relays.
#pragma once

#include <cstdint>
#include <string_view>

namespace outbox {

inline constexpr int kShardCount = 64;

// The shard of a key, 0 to 63: the first 4 bytes of the MD5 of its UTF-8, as a big-endian number,
// & 63. The outbox table's generated column `shard` computes the same; the vectors in
// src/liboutbox/shard_test.cpp bind the two. Thread-safe.
[[nodiscard]] std::uint8_t shard_of(std::string_view key);

}  // namespace outbox
