// Connection URLs, looked at before libpq sees them, whose errors quote them.
#pragma once

#include <string>

#include "outbox/result.hpp"

namespace outbox::pg {

// invalid_argument, without quoting any part of it, when the URL cannot be read or has the marks of
// a password whose special characters were not percent-encoded: then parts of the password would
// be taken for host, port or database, and show in errors.
[[nodiscard]] Result<void> check_url(const std::string& url);

}  // namespace outbox::pg
