#include "outbox/shard.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace outbox {
namespace {

struct FreeDigest {
  void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
};

// MD5 serves as a hash for distribution, not for secrecy, so it may come from a provider that is
// not approved for cryptography.
const EVP_MD* md5() {
  static const std::unique_ptr<EVP_MD, FreeDigest> digest{EVP_MD_fetch(nullptr, "MD5", "-fips")};
  if (!digest) throw std::runtime_error("OpenSSL offers no MD5, by which keys map to shards");
  return digest.get();
}

}  // namespace

std::uint8_t shard_of(std::string_view key) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  if (EVP_Digest(key.data(), key.size(), hash, nullptr, md5(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not compute an MD5");
  }
  // Of the big-endian number in the first 4 bytes, the lowest 6 bits lie in the fourth.
  return hash[3] & (kShardCount - 1);
}

}  // namespace outbox
