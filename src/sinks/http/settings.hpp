// The settings of the HTTP sink and what follows from them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "support/config/schema.hpp"
#include "support/config/secret.hpp"

namespace outbox::http_sink {

struct HttpSettings {
  config::Secret url;  // http or https; may hold user:password@, which is sent as Basic
  // Of the signatures: see webhook::decode_secrets. None: requests are not signed.
  config::Secret secrets;
  std::string content_type = "application/json";
  std::string ce_source = "outbox";  // the ce-source header: a URI reference
  // At a time, each on a connection of its own; of one key there is never more than one.
  std::int64_t requests_in_flight = 16;
  std::chrono::milliseconds connect_timeout{5'000};    // with name resolution and TLS
  std::chrono::milliseconds timeout{30'000};           // of a whole request
  std::chrono::milliseconds max_retry_after{300'000};  // no Retry-After pauses longer
  // Accepted and not delivered, at most. The bytes are those of payloads and headers, and a message
  // that is larger by itself is rejected.
  std::int64_t max_buffered_messages = 10'000;
  std::int64_t max_buffered_bytes = 64 * 1024 * 1024;
  // Also loopback, private, link-local and other addresses that are not on the public internet.
  bool allow_private_networks = false;
  std::string ca_file;  // PEM; empty: the system's certificate authorities
};

// Declares them below `sink.http.`: sink.http.url, sink.http.secrets, …
void declare(config::Schema& schema, HttpSettings& settings);

// What the settings say, checked.
struct Endpoint {
  std::string name;  // the URL without user, password, query and fragment: fit for logs
  std::vector<std::string> secrets;  // decoded
  // What must not come back in an error, should the destination echo it.
  std::vector<std::string> confidential;
};

// invalid_argument: a setting is missing, malformed or out of range. The message names it and never
// holds a credential.
[[nodiscard]] Result<Endpoint> make_endpoint(const HttpSettings& settings);

}  // namespace outbox::http_sink
