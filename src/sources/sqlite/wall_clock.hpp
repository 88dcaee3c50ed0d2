#pragma once

#include <chrono>
#include <cstdint>

namespace outbox::sqlite {

// As the tables keep times: microseconds of Unix time.
[[nodiscard]] inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace outbox::sqlite
