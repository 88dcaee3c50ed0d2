#include "support/webhook/signature.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "support/webhook/base64.hpp"

namespace outbox::webhook {

namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kVersion = "v1,";
constexpr std::size_t kShortestSecret = 24;  // bytes, by the specification
constexpr std::size_t kLongestSecret = 64;

// OpenSSL takes unsigned characters.
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT: OpenSSL's API
}

// Takes the next word off `list`; empty at its end.
std::string_view next_word(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(' '), list.size()));
  const std::string_view word = list.substr(0, list.find(' '));
  list.remove_prefix(word.size());
  return word;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Result<std::string> decode_secret(std::string_view text) {
  std::optional<std::string> bytes;
  if (text.starts_with(kSecretPrefix)) bytes = decode_base64(text.substr(kSecretPrefix.size()));
  if (!bytes || bytes->size() < kShortestSecret || bytes->size() > kLongestSecret) {
    return Error{ErrorCode::invalid_argument,
                 "a signing secret must be \"whsec_\" and the base64 of 24 to 64 random bytes"};
  }
  return *std::move(bytes);
}

Result<std::vector<std::string>> decode_secrets(std::string_view list) {
  std::vector<std::string> secrets;
  for (auto word = next_word(list); !word.empty(); word = next_word(list)) {
    auto secret = decode_secret(word);
    if (!secret) {
      return Error{secret.error().code,
                   "number " + std::to_string(secrets.size() + 1) +
                       " of the signing secrets is malformed: " + secret.error().message};
    }
    secrets.push_back(std::move(secret).value());
  }
  return secrets;
}

std::string sign(std::string_view secret, std::string_view id, std::int64_t timestamp,
                 std::string_view body) {
  const std::string time = std::to_string(timestamp);
  std::string content;
  content.reserve(id.size() + time.size() + body.size() + 2);
  content.append(id).append(".").append(time).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(content),
       content.size(), hash.data(), &size);
  const auto* const text = reinterpret_cast<const char*>(hash.data());  // NOLINT: OpenSSL's API
  return std::string(kVersion) + encode_base64({text, size});
}

std::string sign_with_all(std::span<const std::string> secrets, std::string_view id,
                          std::int64_t timestamp, std::string_view body) {
  std::string signatures;
  for (const std::string& secret : secrets) {
    if (!signatures.empty()) signatures += ' ';
    signatures += sign(secret, id, timestamp, body);
  }
  return signatures;
}

bool verify(std::span<const std::string> secrets, std::string_view id, std::int64_t timestamp,
            std::string_view body, std::string_view header) {
  bool verified = false;
  for (const std::string& secret : secrets) {
    const std::string expected = sign(secret, id, timestamp, body);
    std::string_view rest = header;
    for (auto given = next_word(rest); !given.empty(); given = next_word(rest)) {
      verified |= equal_in_constant_time(given, expected);
    }
  }
  return verified;
}

}  // namespace outbox::webhook
