#include "support/webhook/signer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "support/webhook/base64.hpp"

namespace outbox::webhook {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kShortestKey = 24;  // bytes, by the specification
constexpr std::size_t kLongestKey = 64;

std::string hmac_sha256(const std::string& key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data(), &size);
  return {reinterpret_cast<const char*>(hash.data()), size};
}

}  // namespace

Result<Signer> Signer::make(std::string_view secrets) {
  Signer signer;
  for (std::size_t number = 1;; ++number) {
    secrets.remove_prefix(std::min(secrets.find_first_not_of(' '), secrets.size()));
    if (secrets.empty()) return signer;
    const auto secret = secrets.substr(0, secrets.find(' '));
    secrets.remove_prefix(secret.size());
    auto key =
        secret.starts_with(kPrefix) ? decode_base64(secret.substr(kPrefix.size())) : std::nullopt;
    if (!key || key->size() < kShortestKey || key->size() > kLongestKey) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("signing secret number {} is malformed: it must be \"{}\" and the "
                               "base64 of {} to {} random bytes",
                               number, kPrefix, kShortestKey, kLongestKey)};
    }
    signer.keys_.push_back(*std::move(key));
  }
}

std::string Signer::sign(std::string_view id, std::int64_t timestamp, std::string_view body) const {
  const std::string content = fmt::format("{}.{}.{}", id, timestamp, body);
  std::string signatures;
  for (const auto& key : keys_) {
    if (!signatures.empty()) signatures += ' ';
    signatures += "v1,";
    signatures += encode_base64(hmac_sha256(key, content));
  }
  return signatures;
}

}  // namespace outbox::webhook
