// Another wall clock for a process: a library that is loaded before the others.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace outbox::chaos {

struct ClockPage;  // what is shared with the library; see clock_page.hpp

// Moves the wall clock (CLOCK_REALTIME) of the processes that were started with environment(), also
// while they run: clock_gettime, gettimeofday, time, timespec_get, and what waits until a time of
// that clock. The monotonic and the boot clock stay, as when an administrator sets the time. A wait
// that has begun keeps its length; it does not end early because the clock jumps past its end.
// Programs must be linked dynamically and without a sanitizer. Thread-safe.
class ClockShim {
 public:
  // Makes `file`, which the processes map; the destructor removes it (they go on with what they
  // have mapped). Throws when it cannot.
  explicit ClockShim(std::filesystem::path file);
  ~ClockShim();
  ClockShim(const ClockShim&) = delete;
  ClockShim& operator=(const ClockShim&) = delete;

  // Variables to start a process with.
  [[nodiscard]] std::map<std::string, std::string> environment() const;

  // From the next call of a clock on. Negative: into the past. 0 ends it.
  void set_offset(std::chrono::seconds offset);
  // How many times a process was told a moved time: what shows that a jump met somebody.
  [[nodiscard]] std::uint64_t shifted_calls() const;

 private:
  std::filesystem::path file_;
  ClockPage* page_;
};

}  // namespace outbox::chaos
