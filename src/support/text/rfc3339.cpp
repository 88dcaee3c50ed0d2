#include "support/text/rfc3339.hpp"

#include <array>
#include <ctime>

namespace outbox::text {
namespace {

std::string format(std::int64_t time, std::int64_t per_second) {
  std::int64_t second = time / per_second;
  std::int64_t fraction = time % per_second;
  if (fraction < 0) {
    fraction += per_second;
    --second;
  }
  const std::time_t seconds = second;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  const std::string padded =
      std::to_string(per_second + fraction);  // "1000123" for 123 of a million
  return std::string(text.data(), size) + padded.substr(1) + "Z";
}

}  // namespace

std::string rfc3339_millis(std::int64_t unix_ms) {
  return format(unix_ms, 1'000);
}

std::string rfc3339_micros(std::int64_t unix_us) {
  return format(unix_us, 1'000'000);
}

}  // namespace outbox::text
