// Signatures of webhooks: the symmetric scheme ("v1") of the Standard Webhooks specification.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::webhook {

// The bytes of a secret, "whsec_" and the base64 of 24 to 64 bytes. invalid_argument: it is
// something else; it is not quoted.
[[nodiscard]] Result<std::string> decode_secret(std::string_view text);

// Several, separated by spaces, as while one takes another's place. None is legal. The error tells
// which by its number.
[[nodiscard]] Result<std::vector<std::string>> decode_secrets(std::string_view list);

// "v1," and the base64 of the HMAC-SHA256 of "id.timestamp.body". `secret`: its bytes;
// `timestamp`: Unix time in seconds.
[[nodiscard]] std::string sign(std::string_view secret, std::string_view id, std::int64_t timestamp,
                               std::string_view body);

// The webhook-signature header: a signature with each secret, separated by spaces, so that
// receivers go on verifying while one secret takes another's place.
[[nodiscard]] std::string sign_with_all(std::span<const std::string> secrets, std::string_view id,
                                        std::int64_t timestamp, std::string_view body);

// Whether one of the signatures in `header`, separated by spaces, was made with one of the secrets.
// How long it takes tells nothing about how much of a signature is right.
[[nodiscard]] bool verify(std::span<const std::string> secrets, std::string_view id,
                          std::int64_t timestamp, std::string_view body, std::string_view header);

}  // namespace outbox::webhook
