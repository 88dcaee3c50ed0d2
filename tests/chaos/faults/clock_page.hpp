// What ClockShim and the library in the processes share: one mapped page of a file.
#pragma once

#include <atomic>
#include <cstdint>

namespace outbox::chaos {

// Zero bytes are a clock that is not moved. Lock-free, so every process may map it.
struct ClockPage {
  std::atomic<std::int64_t> offset_s;
  std::atomic<std::uint64_t> shifted_calls;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// Names the file for the library. Not OUTBOX_…: programs refuse settings that they do not know.
inline constexpr const char* kClockFileVariable = "CHAOS_CLOCK_FILE";

}  // namespace outbox::chaos
