#pragma once

#include <boost/asio/ssl/context.hpp>

#include "outbox/result.hpp"
#include "support/http/server.hpp"

namespace outbox::http::detail {

// Sets the context up for TLS 1.2 and later with the files. invalid_argument: one of them cannot be
// used.
[[nodiscard]] Result<void> load_tls(boost::asio::ssl::context& context, const TlsFiles& files);

}  // namespace outbox::http::detail
