#include "outbox-processor/web_files.hpp"

#include <string>
#include <utility>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox {
namespace {

using testing::HasSubstr;

class WebFilesTest : public testing::Test {
 protected:
  void SetUp() override { add_web_routes(router_); }

  [[nodiscard]] http::Response get(const std::string& path,
                                   const http::NamedValues& headers = {}) const {
    http::Request request;
    request.method = "GET";
    request.path = path;
    for (const auto& [name, value] : headers)
      request.headers.add(name, value);
    auto found = router_.find("GET", path);
    if (auto* refused = std::get_if<http::Response>(&found)) return *refused;
    return std::get<http::Router::Match>(found).route->handler(request);
  }
  [[nodiscard]] static std::string header(const http::Response& response, std::string_view name) {
    return std::string{response.headers.find(name).value_or("")};
  }
  [[nodiscard]] static std::string asset(std::string_view ending) {
    for (const WebFile& file : web_files()) {
      if (file.path.starts_with("/assets/") && file.path.ends_with(ending)) {
        return std::string{file.path};
      }
    }
    return "none";
  }

  http::Router router_;
};

TEST_F(WebFilesTest, EveryPageIsTheSameFileThatIsAskedForAgain) {
  for (const char* path :
       {"/", "/messages", "/messages/17", "/trace/17", "/dead-letters", "/topics", "/aggregates",
        "/aggregates/order/a%2Fb", "/shards", "/config", "/audit", "/sign-in"}) {
    const http::Response page = get(path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
  }
  EXPECT_EQ(get("/elsewhere").status, 404);
}

TEST_F(WebFilesTest, ThePolicyAllowsNothingInline) {
  const std::string policy = header(get("/"), "Content-Security-Policy");
  for (const char* part : {"default-src 'self'", "base-uri 'none'", "frame-ancestors 'none'",
                           "object-src 'none'", "form-action 'self'"}) {
    EXPECT_THAT(policy, HasSubstr(part));
  }
  EXPECT_THAT(policy, testing::Not(HasSubstr("unsafe")));
  EXPECT_EQ(header(get("/"), "X-Content-Type-Options"), "nosniff");
}

TEST_F(WebFilesTest, AssetsAreKeptForAYear) {
  for (const auto& [ending, type] : {std::pair{".js", "text/javascript; charset=utf-8"},
                                     {".css", "text/css; charset=utf-8"},
                                     {".svg", "image/svg+xml"}}) {
    const http::Response file = get(asset(ending));
    EXPECT_EQ(file.status, 200) << ending;
    EXPECT_EQ(file.content_type, type);
    EXPECT_EQ(header(file, "Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_FALSE(file.body.empty());
  }
}

TEST_F(WebFilesTest, WhoHasAFileIsToldSo) {
  const std::string tag = header(get("/"), "ETag");
  const http::Response again = get("/", {{"If-None-Match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(header(again, "ETag"), tag);
  EXPECT_EQ(header(again, "Content-Security-Policy"), header(get("/"), "Content-Security-Policy"));
  EXPECT_EQ(get("/", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(WebFilesTest, OnlyWhoTakesGzipGetsIt) {
  const http::Response packed = get("/", {{"Accept-Encoding", "br, gzip"}});
  EXPECT_EQ(header(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  for (const char* accepted : {"identity", "br, gzip;q=0"}) {
    const http::Response plain = get("/", {{"Accept-Encoding", accepted}});
    EXPECT_EQ(header(plain, "Content-Encoding"), "") << accepted;
    EXPECT_THAT(plain.body, HasSubstr("<!doctype html>"));
  }
  EXPECT_THAT(get("/").body, HasSubstr("<!doctype html>"));
}

}  // namespace
}  // namespace outbox
