#include "order-service/request_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <stdexcept>

#include <openssl/evp.h>

namespace outbox::orders {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kCursorCharacters = 22;  // 16 bytes in base64url without padding
constexpr std::size_t kMaxKeyBytes = 255;

std::string sha256(std::initializer_list<std::string_view> parts) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool done = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1;
  for (const std::string_view part : parts) {
    done = done && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  done = done && EVP_DigestFinal_ex(context, digest.data(), &size) == 1;
  EVP_MD_CTX_free(context);
  if (!done) throw std::runtime_error("OpenSSL gives no SHA-256");
  return {digest.begin(), digest.begin() + size};
}

}  // namespace

std::string encode_cursor(const Uuid& last) {
  std::string text;
  unsigned bits = 0;
  int count = 0;
  for (const std::uint8_t byte : last.bytes) {
    bits = (bits << 8U) | byte;
    count += 8;
    for (; count >= 6; count -= 6)
      text += kAlphabet[(bits >> static_cast<unsigned>(count - 6)) & 63U];
  }
  text += kAlphabet[(bits << static_cast<unsigned>(6 - count)) & 63U];
  return text;
}

std::optional<Uuid> decode_cursor(std::string_view cursor) {
  if (cursor.size() != kCursorCharacters) return std::nullopt;
  Uuid id;
  std::size_t filled = 0;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : cursor) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8 && filled < kUuidBytes) {
      count -= 8;
      id.bytes[filled++] = static_cast<std::uint8_t>(bits >> count);
    }
  }
  if (encode_cursor(id) != cursor) return std::nullopt;
  return id;
}

std::optional<int> parse_page_size(std::string_view text) {
  int size = 0;
  const auto end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, size);
  if (error != std::errc{} || read_to != end || size < 1 || size > kMaxPageSize) {
    return std::nullopt;
  }
  return size;
}

bool is_idempotency_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

std::string request_hash(std::string_view path, std::string_view body) {
  return sha256({path, std::string_view("\0", 1), body});
}

std::int64_t lock_number(std::string_view key) {
  const std::string digest = sha256({"order-service idempotency ", key});
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    number = (number << 8U) | static_cast<std::uint8_t>(digest[i]);
  }
  return static_cast<std::int64_t>(number);
}

}  // namespace outbox::orders
