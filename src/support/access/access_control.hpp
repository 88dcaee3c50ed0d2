// Who may do what on a server that operators use: the rules of docs/adr/0013.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/access/attempts.hpp"
#include "support/access/sessions.hpp"
#include "support/access/token_list.hpp"
#include "support/http/gate.hpp"

namespace outbox::access {

struct AccessOptions {
  std::string tokens_file{};     // empty: there are no tokens, and nobody may change anything
  bool reading_is_open = false;  // whoever reaches the server may read
  // Names of this server, NAME or NAME:PORT, beside its address and the loopback's.
  std::vector<std::string> allowed_hosts{};
  // The last address in X-Forwarded-For is the client's, and X-Forwarded-Proto its protocol.
  bool behind_proxy = false;
  bool tls = false;  // of the server itself
};

// Refuses, in this order: a request for another server's name (421), one that a browser sent for
// another origin's page (403), one without a token that is needed (401, 429 after too many wrong
// ones), one that changes things by a cookie without the session's CSRF token (403), and one that
// asks for more than its caller's role (403). Thread-safe.
class AccessControl final : public http::Gate {
 public:
  explicit AccessControl(AccessOptions options);

  [[nodiscard]] std::optional<http::Response> check(http::Request& request,
                                                    const http::Route* route) override;

  struct SignedIn {
    http::Caller caller;
    std::string csrf_token;
    std::string cookie;  // the value of Set-Cookie
  };
  // 401: nobody has this token; 429: there were too many wrong ones.
  [[nodiscard]] std::variant<SignedIn, http::Response> sign_in(const http::Request& request,
                                                               std::string_view token);
  // Ends the session of the request's cookie. The value of Set-Cookie; 403 without the CSRF token
  // of a session that is there.
  [[nodiscard]] std::variant<std::string, http::Response> sign_out(const http::Request& request);

  // For a route that is open and tells who the caller is: as sign_in, where the request carries a
  // token that nobody has.
  [[nodiscard]] std::optional<http::Response> check_bearer(const http::Request& request);

  // The CSRF token of the request's session; nothing: the request belongs to none.
  [[nodiscard]] std::optional<std::string> csrf_token(const http::Request& request);

  [[nodiscard]] bool has_tokens() const { return tokens_.has_file(); }
  [[nodiscard]] bool reading_is_open() const { return options_.reading_is_open; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Identity {
    std::optional<http::Caller> caller;
    std::string csrf_token;     // of the session; empty: by a token, or nobody
    bool wrong_bearer = false;  // a token that nobody has
  };

  [[nodiscard]] std::optional<http::Response> check_origin(const http::Request& request,
                                                           const http::Route* route) const;
  [[nodiscard]] Identity identify(const http::Request& request, TimePoint now);
  [[nodiscard]] std::optional<http::Response> check_caller(const http::Request& request,
                                                           const http::Route& route,
                                                           const Identity& who, TimePoint now);
  [[nodiscard]] http::Response wrong_token(const std::string& address, TimePoint now);
  [[nodiscard]] http::Response token_needed(const http::Route& route) const;
  [[nodiscard]] std::string client_of(const http::Request& request) const;
  [[nodiscard]] std::string cookie_of(const http::Request& request, const std::string& id,
                                      std::chrono::seconds life) const;

  const AccessOptions options_;
  std::mutex mutex_;  // of what follows
  TokenList tokens_;
  Sessions sessions_;
  FailedAttempts attempts_;
};

}  // namespace outbox::access
