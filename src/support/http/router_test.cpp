#include "support/http/router.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace outbox::http {
namespace {

Handler tells(std::string name) {
  return [name = std::move(name)](const Request&) { return text_response(200, name); };
}

std::string found(const Router& router, std::string_view method, std::string_view path) {
  auto result = router.find(method, path);
  if (const auto* refusal = std::get_if<Response>(&result)) return std::to_string(refusal->status);
  const auto& match = std::get<Router::Match>(result);
  std::string text = match.route->handler({}).body;
  for (const auto& [name, value] : match.path_parameters)
    text += " " + name + "=" + value;
  return text;
}

TEST(Router, FindsLiteralsAndParameters) {
  Router router;
  router.add("GET", "/v1/orders", tells("list"));
  router.add("POST", "/v1/orders", tells("create"));
  router.add("GET", "/v1/orders/{id}", tells("get"));
  router.add("POST", "/v1/orders/{id}/cancel", tells("cancel"));
  router.add("GET", "/v1/orders/newest", tells("newest"));
  EXPECT_EQ(found(router, "GET", "/v1/orders"), "list");
  EXPECT_EQ(found(router, "POST", "/v1/orders"), "create");
  EXPECT_EQ(found(router, "GET", "/v1/orders/42"), "get id=42");
  EXPECT_EQ(found(router, "GET", "/v1/orders/newest"), "newest");
  EXPECT_EQ(found(router, "POST", "/v1/orders/a%2Fb/cancel"), "cancel id=a/b");
}

TEST(Router, RefusesUnknownPaths) {
  Router router;
  router.add("GET", "/v1/orders/{id}", tells("get"));
  for (const std::string_view path :
       {"/", "/v1", "/v1/orders", "/v1/orders/", "/v1/orders/1/", "/v1//1", "//v1/orders/1"}) {
    EXPECT_EQ(found(router, "GET", path), "404") << path;
  }
}

TEST(Router, RefusesPathsThatDoNotDecode) {
  Router router;
  router.add("GET", "/{id}", tells("get"));
  for (const std::string_view path : {"/%", "/%4", "/%zz", "/%00", "/%ff"}) {
    EXPECT_EQ(found(router, "GET", path), "400") << path;
  }
}

TEST(Router, GetAnswersHead) {
  Router router;
  router.add("GET", "/a", tells("a"));
  EXPECT_EQ(found(router, "HEAD", "/a"), "a");
}

TEST(Router, NamesTheAllowedMethods) {
  Router router;
  router.add("GET", "/a", tells("a"));
  router.add("PUT", "/a", tells("a"));
  auto result = router.find("DELETE", "/a");
  const auto& refusal = std::get<Response>(result);
  EXPECT_EQ(refusal.status, 405);
  EXPECT_EQ(refusal.headers.find("Allow"), "GET, HEAD, PUT");
}

TEST(Router, ARouteCanBeAddedOnce) {
  Router router;
  router.add("GET", "/a", tells("a"));
  EXPECT_THROW(router.add("GET", "/a", tells("b")), std::logic_error);
  EXPECT_THROW(router.add("GET", "a", tells("b")), std::logic_error);
}

}  // namespace
}  // namespace outbox::http
