#include "support/text/rfc3339.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace outbox::text {
namespace {

std::string format(std::int64_t time, std::int64_t per_second, int digits) {
  std::int64_t second = time / per_second;
  std::int64_t fraction = time % per_second;
  if (fraction < 0) {
    fraction += per_second;
    --second;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:0{}}Z", fmt::gmtime(second), fraction, digits);
}

}  // namespace

std::string rfc3339_millis(std::int64_t unix_ms) {
  return format(unix_ms, 1'000, 3);
}

std::string rfc3339_micros(std::int64_t unix_us) {
  return format(unix_us, 1'000'000, 6);
}

}  // namespace outbox::text
