// Signatures of webhooks, as the Standard Webhooks specification has them (symmetric, "v1").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::webhook {

// Immutable, so that any thread may use it.
class Signer {
 public:
  // `secrets`: each "whsec_" and the base64 of 24 to 64 bytes, separated by spaces. While secrets
  // are rotated there are several. None is legal: empty() then, and nothing is signed.
  // invalid_argument: one of them is malformed; the message tells which by its number.
  [[nodiscard]] static Result<Signer> make(std::string_view secrets);

  [[nodiscard]] bool empty() const { return keys_.empty(); }

  // The webhook-signature header: for each secret "v1," and the base64 of the HMAC-SHA256 of
  // "id.timestamp.body", separated by spaces. `timestamp` is Unix time in seconds.
  [[nodiscard]] std::string sign(std::string_view id, std::int64_t timestamp,
                                 std::string_view body) const;

 private:
  std::vector<std::string> keys_;
};

}  // namespace outbox::webhook
