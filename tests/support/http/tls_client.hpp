// One connection by TLS, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace outbox::http::testing {

class TlsClient {
 public:
  // Connects to 127.0.0.1 and trusts the certificate in the file alone. `version`: the only one
  // that it speaks (TLS1_2_VERSION); 0: any.
  TlsClient(std::uint16_t port, const std::string& certificate, int version = 0);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Why there is no connection; empty: there is one.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  // Sends the request and reads until the header and `body` bytes after it are there, or the
  // connection ends.
  [[nodiscard]] std::string ask(std::string_view request, std::size_t body);

 private:
  SSL_CTX* context_;
  BIO* connection_ = nullptr;
  std::string problem_;
};

}  // namespace outbox::http::testing
