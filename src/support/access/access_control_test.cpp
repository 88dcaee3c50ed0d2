#include "support/access/access_control.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "support/access/secret.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::access {
namespace {

using http::Access;
using http::Request;
using http::Role;
using http::Route;

class AccessControlTest : public ::testing::Test {
 protected:
  AccessControlTest() {
    const auto made = change_tokens(file_, [](std::vector<Token>& tokens) -> Result<void> {
      tokens.push_back({"ann", Role::operator_, sha256_hex("ann's token")});
      tokens.push_back({"vic", Role::viewer, sha256_hex("vic's token")});
      return {};
    });
    EXPECT_TRUE(made);
    use({.tokens_file = file_.string()});
  }

  void use(AccessOptions options) { access_ = std::make_unique<AccessControl>(std::move(options)); }

  static Request request(std::string method, const std::string& token = {}) {
    Request request;
    request.method = std::move(method);
    request.target = "/api/v1/thing";
    request.peer = "192.0.2.1";
    request.local = "192.0.2.7";
    request.headers.add("Host", "192.0.2.7:8080");
    if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
    return request;
  }
  static Request by_cookie(std::string method, const std::string& cookie) {
    Request asked = request(std::move(method));
    asked.headers.add("Cookie", "theme=dark; " + cookie.substr(0, cookie.find(';')));
    return asked;
  }
  // 0: passed.
  int status(Request asked, Access access) {
    const Route route{asked.method, "/api/v1/thing", {}, {}, access};
    const auto refusal = access_->check(asked, &route);
    return refusal ? refusal->status : 0;
  }
  AccessControl::SignedIn sign_in(const std::string& token) {
    return std::get<AccessControl::SignedIn>(access_->sign_in(request("POST"), token));
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "tokens";
  std::unique_ptr<AccessControl> access_;
};

TEST_F(AccessControlTest, EachRoleMayWhatItMay) {
  for (const char* method : {"GET", "POST"}) {
    EXPECT_EQ(status(request(method), Access::open), 0);
    EXPECT_EQ(status(request(method), Access::viewer), 401);
    EXPECT_EQ(status(request(method), Access::operator_), 401);
    EXPECT_EQ(status(request(method, "vic's token"), Access::viewer), 0);
    EXPECT_EQ(status(request(method, "vic's token"), Access::operator_), 403);
    EXPECT_EQ(status(request(method, "ann's token"), Access::viewer), 0);
    EXPECT_EQ(status(request(method, "ann's token"), Access::operator_), 0);
    EXPECT_EQ(status(request(method, "nobody's token"), Access::viewer), 401);
  }
}

TEST_F(AccessControlTest, TellsTheHandlerWhoCalls) {
  Request asked = request("GET", "vic's token");
  const Route route{"GET", "/", {}, {}, Access::viewer};
  EXPECT_FALSE(access_->check(asked, &route));
  ASSERT_TRUE(asked.caller);
  EXPECT_EQ(asked.caller->name, "vic");
  EXPECT_EQ(asked.caller->role, Role::viewer);
}

TEST_F(AccessControlTest, ReadingMayBeOpenAndChangesAreNot) {
  use({.reading_is_open = true});
  EXPECT_EQ(status(request("GET"), Access::viewer), 0);
  EXPECT_EQ(status(request("GET"), Access::operator_), 401);
  EXPECT_EQ(status(request("POST"), Access::operator_), 401);
  EXPECT_EQ(status(request("GET", "wrong token"), Access::viewer), 401);
}

TEST_F(AccessControlTest, AnotherServersNameIsRefusedFirst) {
  for (const Access access : {Access::open, Access::viewer, Access::operator_}) {
    Request asked = request("GET", "ann's token");
    Request renamed;
    renamed.method = "GET";
    renamed.target = "/";
    renamed.headers.add("Host", "evil.example");
    renamed.headers.add("Authorization", "Bearer ann's token");
    EXPECT_EQ(status(renamed, access), 421);
    EXPECT_EQ(status(asked, access), 0);
  }
  Request unknown;
  unknown.headers.add("Host", "evil.example");
  EXPECT_EQ(access_->check(unknown, nullptr)->status, 421);
}

TEST_F(AccessControlTest, APageOfAnotherOriginChangesNothing) {
  for (const Access access : {Access::open, Access::viewer, Access::operator_}) {
    Request asked = request("POST", "ann's token");
    asked.headers.add("Origin", "https://evil.example");
    EXPECT_EQ(status(asked, access), 403);
  }
}

TEST_F(AccessControlTest, APageOfAnotherOriginReadsNothingButLinksMayLeadHere) {
  Request asked = request("GET", "ann's token");
  asked.headers.add("Sec-Fetch-Site", "cross-site");
  EXPECT_EQ(status(asked, Access::viewer), 403);
  EXPECT_EQ(status(asked, Access::open), 0);
  asked.headers.add("Sec-Fetch-Mode", "navigate");
  EXPECT_EQ(status(asked, Access::viewer), 0);
}

TEST_F(AccessControlTest, ASignedInBrowserChangesThingsByItsCsrfToken) {
  const auto ann = sign_in("ann's token");
  EXPECT_EQ(ann.caller.name, "ann");
  EXPECT_EQ(status(by_cookie("GET", ann.cookie), Access::operator_), 0);
  EXPECT_EQ(status(by_cookie("POST", ann.cookie), Access::operator_), 403);
  Request wrong = by_cookie("POST", ann.cookie);
  wrong.headers.add("X-Outbox-CSRF", sign_in("ann's token").csrf_token);
  EXPECT_EQ(status(wrong, Access::operator_), 403);
  Request right = by_cookie("POST", ann.cookie);
  right.headers.add("X-Outbox-CSRF", ann.csrf_token);
  EXPECT_EQ(status(right, Access::operator_), 0);
  EXPECT_EQ(access_->csrf_token(by_cookie("GET", ann.cookie)), ann.csrf_token);
  EXPECT_FALSE(access_->csrf_token(request("GET", "ann's token")));
}

TEST_F(AccessControlTest, TheCookieIsForTheServerAlone) {
  const std::string cookie = sign_in("vic's token").cookie;
  for (const char* attribute : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"})
    EXPECT_NE(cookie.find(attribute), std::string::npos) << cookie;
  EXPECT_EQ(cookie.find("Secure"), std::string::npos);
  use({.tokens_file = file_.string(), .tls = true});
  EXPECT_NE(sign_in("vic's token").cookie.find("; Secure"), std::string::npos);
}

TEST_F(AccessControlTest, ARevokedTokenEndsItsSessions) {
  const auto ann = sign_in("ann's token");
  const auto vic = sign_in("vic's token");
  EXPECT_TRUE(change_tokens(file_, [](std::vector<Token>& tokens) -> Result<void> {
    tokens.pop_back();
    return {};
  }));
  EXPECT_EQ(status(by_cookie("GET", vic.cookie), Access::viewer), 0);  // looked just before
  EXPECT_TRUE(test::eventually(
      [&] { return status(by_cookie("GET", vic.cookie), Access::viewer) == 401; }));
  EXPECT_EQ(status(request("GET", "vic's token"), Access::viewer), 401);
  EXPECT_EQ(status(by_cookie("GET", ann.cookie), Access::viewer), 0);
}

TEST_F(AccessControlTest, SigningOutNeedsTheCsrfTokenAndEndsTheSession) {
  const auto ann = sign_in("ann's token");
  const auto refused = access_->sign_out(by_cookie("DELETE", ann.cookie));
  ASSERT_TRUE(std::holds_alternative<http::Response>(refused));
  EXPECT_EQ(std::get<http::Response>(refused).status, 403);
  Request asked = by_cookie("DELETE", ann.cookie);
  asked.headers.add("X-Outbox-CSRF", ann.csrf_token);
  const auto cookie = access_->sign_out(asked);
  ASSERT_TRUE(std::holds_alternative<std::string>(cookie));
  EXPECT_NE(std::get<std::string>(cookie).find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(status(by_cookie("GET", ann.cookie), Access::viewer), 401);
}

TEST_F(AccessControlTest, ManyWrongTokensMustWaitAndRightOnesAreHeardStill) {
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(status(request("GET", "wrong"), Access::viewer), 401);
  EXPECT_EQ(status(request("GET", "wrong"), Access::viewer), 429);
  EXPECT_EQ(status(request("GET", "vic's token"), Access::viewer), 0);
  // Signing in is refused whatever the token, so that trying on tells nothing.
  const auto refused = access_->sign_in(request("POST"), "ann's token");
  ASSERT_TRUE(std::holds_alternative<http::Response>(refused));
  EXPECT_EQ(std::get<http::Response>(refused).status, 429);
  EXPECT_TRUE(std::get<http::Response>(refused).headers.find("Retry-After"));
  Request elsewhere = request("POST");
  elsewhere.peer = "192.0.2.2";
  EXPECT_TRUE(
      std::holds_alternative<AccessControl::SignedIn>(access_->sign_in(elsewhere, "ann's token")));
}

TEST_F(AccessControlTest, BehindAProxyItsLastWordIsTheClientsAddress) {
  use({.tokens_file = file_.string(), .behind_proxy = true});
  const auto from = [&](const std::string& forwarded) {
    Request asked = request("GET", "wrong");
    asked.headers.add("X-Forwarded-For", forwarded);
    return status(asked, Access::viewer);
  };
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(from("10.0.0." + std::to_string(i) + ", 10.1.1.1"), 401);
  EXPECT_EQ(from("10.9.9.9, 10.1.1.1"), 429);
  EXPECT_EQ(from("10.1.1.2"), 401);
  Request asked = request("POST");
  asked.headers.add("X-Forwarded-Proto", "https");
  EXPECT_NE(std::get<AccessControl::SignedIn>(access_->sign_in(asked, "ann's token"))
                .cookie.find("; Secure"),
            std::string::npos);
}

}  // namespace
}  // namespace outbox::access
