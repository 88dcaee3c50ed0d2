// Makes a connection URL fit for logs and errors.
#pragma once

#include <string>
#include <string_view>

namespace outbox::config {

// The URL with "***" for its password in `user:password@`, and for the value of each query
// parameter but a few that are known to hold no secret (sslmode, authSource, …). In an http or
// https URL a user without a password is a key, and becomes "***" too. Text without a URL's shape
// that holds a password ("host=db password=x") becomes "***" altogether.
[[nodiscard]] std::string mask_url(std::string_view url);

// Whether the text begins as a URL does: "scheme://".
[[nodiscard]] bool is_url(std::string_view text);

// Whether a setting of this name is a credential: "sasl.password", "ssl.key.pem", …
[[nodiscard]] bool names_a_secret(std::string_view name);

}  // namespace outbox::config
