// Base64 (RFC 4648 §4) with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outbox::webhook {

[[nodiscard]] std::string encode_base64(std::string_view bytes);

// Nothing but whole groups of the alphabet, with their padding; else nullopt.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace outbox::webhook
