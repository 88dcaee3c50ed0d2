// Times for people and JSON: "2025-11-24T22:24:24.123Z".
#pragma once

#include <cstdint>
#include <string>

namespace outbox::text {

// RFC 3339 in UTC with three or six digits of a second, from Unix time in milliseconds or
// microseconds, which may be negative. Years 0 to 9999.
[[nodiscard]] std::string rfc3339_millis(std::int64_t unix_ms);
[[nodiscard]] std::string rfc3339_micros(std::int64_t unix_us);

}  // namespace outbox::text
