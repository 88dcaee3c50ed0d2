#include "outboxctl/payload_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace outbox::ctl {
namespace {

constexpr std::uintmax_t kLargestPayload = 256U * 1024 * 1024;

}  // namespace

Result<std::string> read_payload(const std::string& path) {
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(path, unreadable);
  std::ifstream file{path, std::ios::binary};
  if (unreadable || !file) return Error{ErrorCode::invalid_argument, "cannot read " + path};
  if (size > kLargestPayload) {
    return Error{ErrorCode::invalid_argument, path + " is larger than 256 MiB"};
  }
  std::string payload(size, '\0');
  if (!file.read(payload.data(), static_cast<std::streamsize>(size)))
    return Error{ErrorCode::invalid_argument, "cannot read " + path};
  return payload;
}

}  // namespace outbox::ctl
