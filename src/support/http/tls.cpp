#include "support/http/detail/tls.hpp"

#include <string>

#include <boost/asio/ssl.hpp>
#include <openssl/ssl.h>

namespace outbox::http::detail {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Error unusable(const std::string& what, const std::string& file, const error_code& error) {
  return {ErrorCode::invalid_argument,
          "cannot use the " + what + " in " + file + ": " + error.message()};
}

}  // namespace

Result<void> load_tls(ssl::context& context, const TlsFiles& files) {
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  error_code error;
  // An encrypted key is refused; OpenSSL would ask for its password on the terminal.
  context.set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context.use_certificate_chain_file(files.certificate, error);
  if (error) return unusable("certificate", files.certificate, error);
  context.use_private_key_file(files.key, ssl::context::pem, error);
  if (error) return unusable("key", files.key, error);
  if (SSL_CTX_check_private_key(native) != 1) {
    return Error{
        ErrorCode::invalid_argument,
        "the key in " + files.key + " does not belong to the certificate in " + files.certificate};
  }
  return {};
}

}  // namespace outbox::http::detail
