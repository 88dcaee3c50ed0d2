#include "tests/reader/reader.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace outbox::test {

int version_in(std::string_view payload) {
  constexpr std::string_view kBefore = R"({"v": )";
  int version = 0;
  if (payload.starts_with(kBefore)) {
    payload.remove_prefix(kBefore.size());
    std::from_chars(payload.data(), payload.data() + payload.size(), version);
  }
  if (version == 0) {
    throw std::runtime_error("no version in the payload " + std::string{payload});
  }
  return version;
}

}  // namespace outbox::test
