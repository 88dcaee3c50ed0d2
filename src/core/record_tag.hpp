#pragma once

#include <cstddef>
#include <cstdint>

namespace outbox {

// A tag names a record of a slot: 40 bits of slot, 24 of index.
inline constexpr int kTagIndexBits = 24;
[[nodiscard]] constexpr std::uint64_t make_tag(std::uint64_t slot, std::size_t index) {
  return (slot << kTagIndexBits) | index;
}
[[nodiscard]] constexpr std::uint64_t slot_of(std::uint64_t tag) {
  return tag >> kTagIndexBits;
}
[[nodiscard]] constexpr std::size_t index_of(std::uint64_t tag) {
  return tag & ((std::uint64_t{1} << kTagIndexBits) - 1);
}

}  // namespace outbox
