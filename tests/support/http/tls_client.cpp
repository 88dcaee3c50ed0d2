#include "tests/support/http/tls_client.hpp"

#include <array>

#include <openssl/bio.h>
#include <openssl/err.h>

namespace outbox::http::testing {

TlsClient::TlsClient(std::uint16_t port, const std::string& certificate, int version)
    : context_(SSL_CTX_new(TLS_client_method())) {
  // Otherwise OpenSSL itself would refuse the old versions that the server is to refuse.
  SSL_CTX_set_cipher_list(context_, "DEFAULT@SECLEVEL=0");
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_locations(context_, certificate.c_str(), nullptr);
  SSL_CTX_set_min_proto_version(context_, version);
  SSL_CTX_set_max_proto_version(context_, version);
  connection_ = BIO_new_ssl_connect(context_);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  BIO_set_conn_hostname(connection_, address.c_str());
  if (BIO_do_connect(connection_) != 1 || BIO_do_handshake(connection_) != 1) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    problem_ = text.data();
  }
}

TlsClient::~TlsClient() {
  BIO_free_all(connection_);
  SSL_CTX_free(context_);
}

std::string TlsClient::ask(std::string_view request, std::size_t body) {
  BIO_write(connection_, request.data(), static_cast<int>(request.size()));
  std::string received;
  std::array<char, 16 * 1024> bytes{};
  while (true) {
    const std::size_t end = received.find("\r\n\r\n");
    if (end != std::string::npos && received.size() >= end + 4 + body) return received;
    const int size = BIO_read(connection_, bytes.data(), static_cast<int>(bytes.size()));
    if (size <= 0) return received;
    received.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace outbox::http::testing
