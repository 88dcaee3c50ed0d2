// The bodies of the requests that change something, from their bytes to what they ask for.
#include "outbox-processor/api/change_requests.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = outbox::http::parse_json(bytes);
  const auto* const body = std::get_if<outbox::http::JsonValue>(&parsed);
  if (body == nullptr) {
    return 0;
  }
  static_cast<void>(outbox::api::read_retry(*body));
  static_cast<void>(outbox::api::read_discard(*body));
  static_cast<void>(outbox::api::read_replay(*body));
  static_cast<void>(outbox::api::read_move(*body));
  return 0;
}
