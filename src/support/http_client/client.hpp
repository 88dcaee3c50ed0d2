// One HTTP request to another server, and its answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::http {

struct ClientRequest {
  std::string method = "GET";        // not HEAD
  std::string url;                   // http or https; no user and password in it
  std::vector<std::string> headers;  // "Name: value", without control characters
  std::string body;                  // of other methods than GET
};

struct ClientOptions {
  std::chrono::milliseconds timeout{10'000};  // for all of it
  std::size_t max_answer = 1024 * 1024;       // bytes of the body
  std::string ca_file;                        // PEM; empty: the certificates that the system trusts
};

struct ClientAnswer {
  int status = 0;
  std::string body;
};

// Directly, whatever proxy the environment names; a redirect is an answer like others. Thread-safe.
// source_unavailable: the server is away, or it is not who it should be. timeout: it was too slow.
// invalid_argument: the URL is none. conflict: the answer is longer than max_answer.
[[nodiscard]] Result<ClientAnswer> fetch(const ClientRequest& request,
                                         const ClientOptions& options = {});

// As a part of a path or of a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// "https" and "db.example" of a URL, in lower case; empty when there is none.
[[nodiscard]] std::string scheme_of(const std::string& url);
[[nodiscard]] std::string host_of(const std::string& url);

}  // namespace outbox::http
