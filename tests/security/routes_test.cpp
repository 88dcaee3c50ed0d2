// Every operation of the API, for everybody, and for browsers that were led astray.
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/security/secured_relay.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::security {
namespace {

bool is_refused(int status) {
  return status == 401 || status == 403;
}

std::string told(const Operation& operation, const char* who, int status) {
  return operation.method + " " + operation.path + " as " + who + ": " + std::to_string(status);
}

Ask ask_of(const Operation& operation, const std::string& token = {}) {
  return {.method = operation.method,
          .target = operation.path,
          .token = token,
          .body = operation.changes() ? "{}" : ""};
}

void check_roles(const SecuredRelay& relay, bool reading_is_open, const char* what) {
  Checks checks(what);
  for (const Operation& operation : operations()) {
    if (operation.is_session()) continue;
    const int nobody = relay.status(ask_of(operation));
    const int viewer = relay.status(ask_of(operation, relay.viewer()));
    const int admin = relay.status(ask_of(operation, relay.admin()));
    const int stranger = relay.status(ask_of(operation, "obx_a-token-that-nobody-has"));
    if (operation.changes()) {
      checks.expect(nobody == 401, told(operation, "nobody", nobody));
      checks.expect(viewer == 403, told(operation, "viewer", viewer));
    } else {
      const bool fine = reading_is_open ? !is_refused(nobody) : nobody == 401;
      checks.expect(fine, told(operation, "nobody", nobody));
      checks.expect(!is_refused(viewer), told(operation, "viewer", viewer));
    }
    checks.expect(!is_refused(admin) && admin < 500, told(operation, "operator", admin));
    checks.expect(stranger == 401 || stranger == 429, told(operation, "stranger", stranger));
  }
}

TEST(SecurityRoutes, OnTheLoopbackReadingIsOpenAndChangesAreNot) {
  check_roles(SecuredRelay(), true, "operations x callers, on the loopback");
}

TEST(SecurityRoutes, BehindAProxyNothingIsOpen) {
  check_roles(SecuredRelay(e2e::Environment{{"OUTBOX_HTTP__BEHIND_PROXY", "true"}}), false,
              "operations x callers, behind a proxy");
}

TEST(SecurityRoutes, TakeNoOtherServersName) {
  const SecuredRelay relay;
  Checks checks("operations x other servers' names");
  for (const Operation& operation : operations()) {
    for (const char* host : {"evil.example", "127.0.0.1.evil.example", "outbox.internal:8080"}) {
      Ask ask = ask_of(operation, relay.admin());
      ask.host = host;
      const int status = relay.status(ask);
      checks.expect(status == 421, told(operation, host, status));
    }
  }
  for (const char* path : {"/", "/metrics", "/livez", "/readyz", "/nowhere"}) {
    const int status = relay.status({.target = path, .host = "evil.example"});
    checks.expect(status == 421, std::string(path) + ": " + std::to_string(status));
  }
}

TEST(SecurityRoutes, NothingChangesForAPageOfAnotherOrigin) {
  const SecuredRelay relay;
  Checks checks("changing operations x other origins");
  for (const Operation& operation : operations()) {
    if (!operation.changes()) continue;
    for (const char* from :
         {"Origin: https://evil.example\r\n", "Origin: null\r\n", "Origin: http://127.0.0.1:1\r\n",
          "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
      Ask ask = ask_of(operation, relay.admin());
      ask.extra = from;
      const int status = relay.status(ask);
      checks.expect(status == 403, told(operation, from, status));
    }
  }
}

TEST(SecurityRoutes, ACookieChangesNothingWithoutTheCsrfToken) {
  const SecuredRelay relay;
  Checks checks("changing operations x CSRF tokens");
  const auto begun = relay.ask({.method = "POST",
                                .target = "/api/v1/session",
                                .body = R"({"token":")" + relay.admin() + R"("})"});
  ASSERT_EQ(begun.status, 200) << begun.body;
  const std::string set(begun.headers.find("Set-Cookie").value_or(""));
  checks.expect(set.find("; HttpOnly") != std::string::npos, set);
  checks.expect(set.find("; SameSite=Strict") != std::string::npos, set);
  const std::string cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  const std::string csrf = nlohmann::json::parse(begun.body)["csrfToken"];
  for (const Operation& operation : operations()) {
    if (!operation.changes() || operation.is_session()) continue;
    Ask ask = ask_of(operation);
    for (const std::string& shown : {std::string(), std::string("X-Outbox-CSRF: wrong\r\n")}) {
      ask.extra = cookie + shown;
      const int status = relay.status(ask);
      checks.expect(status == 403, told(operation, "a cookie alone", status));
    }
    ask.extra = cookie + "X-Outbox-CSRF: " + csrf + "\r\n";
    const int status = relay.status(ask);
    checks.expect(!is_refused(status), told(operation, "a signed-in page", status));
  }
}

TEST(SecurityRoutes, GetChangesNothing) {
  const SecuredRelay relay;
  Checks checks("changing operations by GET and HEAD");
  auto database = relay.connect();
  const std::string before = test::value_of(database, "select count(*) from outbox_audit");
  for (const Operation& operation : operations()) {
    if (!operation.changes() || operation.is_session()) continue;
    for (const char* method : {"GET", "HEAD"}) {
      const int status =
          relay.status({.method = method, .target = operation.path, .token = relay.admin()});
      // GET /messages/{name} and the like may have a name of the same words.
      checks.expect(status == 405 || status == 404, told(operation, method, status));
    }
  }
  checks.expect(test::value_of(database, "select count(*) from outbox_audit") == before,
                "a GET left a row in the audit");
}

TEST(SecurityRoutes, ARevokedTokenIsRefusedWithinSeconds) {
  const SecuredRelay relay;
  Checks checks("revoked tokens");
  const Ask ask{.method = "POST", .target = "/api/v1/resume", .token = relay.admin(), .body = "{}"};
  checks.expect(relay.status(ask) == 200, "the token is good at first");
  const std::string said = run({std::string{OUTBOX_BIN_DIR} + "/outboxctl", "token", "revoke",
                                "--name", "ann", "--file", relay.tokens_file().string()},
                               {});
  checks.expect(test::eventually([&] { return relay.status(ask) == 401; }, std::chrono::seconds(5)),
                "the token is still good after: " + said);
}

TEST(SecurityRoutes, GuessingIsSlowedDown) {
  const SecuredRelay relay;
  Checks checks("wrong tokens in a row");
  int last = 0;
  for (int i = 0; i < 12; ++i) {
    last = relay.status(
        {.method = "POST", .target = "/api/v1/session", .body = R"({"token":"obx_guess"})"});
    checks.expect(last == 401 || last == 429, "a guess was answered by " + std::to_string(last));
  }
  checks.expect(last == 429, "the twelfth guess was answered by " + std::to_string(last));
}

}  // namespace
}  // namespace outbox::security
