// Faults of our own, planted to see that the proof finds them (docs: ./dev mutants). At most one is
// on, the one that the environment variable OUTBOX_MUTANT names, and only in a build with the CMake
// option OUTBOX_MUTANTS. In every other build on() is false at compile time and nothing is left.
#pragma once

#ifdef OUTBOX_MUTANTS
#include <cstdlib>
#include <string_view>
#endif

namespace outbox::mutant {

enum class Mutant {
  burns_attempts_on_destination_fault,
  commits_before_prepare,
  delayed_sent_early,
  epoch_not_raised,
  held_range_dropped,
  held_topic_goes_on,
  id_cursor,
  late_callback,
  lost_lease_sends_on,
  mark_before_ack,
  no_fencing,
  no_handover_drain,
  parked_key_goes_on,
  position_past_failure,
  receipts_without_fence,
  retry_overtakes,
  settle_async_exceptions,
  skip_before_stored,
  takeover_too_early,
  wake_forgotten,
  wall_clock_lease,
  xmin_cursor,
};

#ifdef OUTBOX_MUTANTS

// The names in the order of the enumeration.
inline constexpr std::string_view kNames[] = {
    "burns_attempts_on_destination_fault",
    "commits_before_prepare",
    "delayed_sent_early",
    "epoch_not_raised",
    "held_range_dropped",
    "held_topic_goes_on",
    "id_cursor",
    "late_callback",
    "lost_lease_sends_on",
    "mark_before_ack",
    "no_fencing",
    "no_handover_drain",
    "parked_key_goes_on",
    "position_past_failure",
    "receipts_without_fence",
    "retry_overtakes",
    "settle_async_exceptions",
    "skip_before_stored",
    "takeover_too_early",
    "wake_forgotten",
    "wall_clock_lease",
    "xmin_cursor",
};

// -1: none.
inline int chosen() {
  const char* const name = std::getenv("OUTBOX_MUTANT");
  if (name == nullptr || *name == '\0') {
    return -1;
  }
  int index = 0;
  for (const std::string_view known : kNames) {
    if (known == name) {
      return index;
    }
    ++index;
  }
  std::abort();  // a misspelt mutant must not look like one that nobody caught
}

[[nodiscard]] inline bool on(Mutant mutant) {
  static const int active = chosen();
  return static_cast<int>(mutant) == active;
}

#else

[[nodiscard]] constexpr bool on(Mutant /*mutant*/) {
  return false;
}

#endif

}  // namespace outbox::mutant
