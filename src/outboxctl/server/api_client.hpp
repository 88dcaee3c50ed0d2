// The admin API of an outbox-processor.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outbox/result.hpp"
#include "outboxctl/options.hpp"
#include "outboxctl/output.hpp"
#include "support/http_client/client.hpp"

namespace outbox::ctl::server {

class ApiClient {
 public:
  // The server of --server, with the token of --token-file where one is named. invalid_argument:
  // the file cannot be read, or the token would travel unencrypted to another machine.
  [[nodiscard]] static Result<ApiClient> make(const CommonOptions& common);

  // `path`: below /api/v1. What the server refuses is an error with its words: conflict for what it
  // does not allow (401, 403, 409), invalid_argument for what it does not understand.
  Result<Json> get(const std::string& path) const;
  Result<Json> post(const std::string& path) const;
  Result<Json> post(const std::string& path, const Json& body) const;

  // "http://127.0.0.1:8080"
  [[nodiscard]] const std::string& server() const { return server_; }

 private:
  ApiClient(std::string server, std::string token, std::string ca_file);
  Result<Json> send(http::ClientRequest request) const;

  std::string server_;
  std::string token_;  // empty: none
  http::ClientOptions options_;
};

// "?a=b&c=d" of those whose value is not empty; "" when none is left.
[[nodiscard]] std::string query_of(
    const std::vector<std::pair<std::string_view, std::string>>& parameters);

// The member of an object, or null when there is none.
[[nodiscard]] const Json& field(const Json& object, const std::string& name);

}  // namespace outbox::ctl::server
