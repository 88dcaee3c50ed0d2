#include "outbox-processor/web_files.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace outbox {
namespace {

// The page's own addresses; it tells by itself what to show at each.
constexpr std::array kPages = {
    "/",
    "/messages",
    "/messages/{name}",
    "/trace/{name}",
    "/topics",
    "/aggregates",
    "/aggregates/{type}/{id}",
    "/dead-letters",
    "/shards",
    "/config",
    "/audit",
    "/sign-in",
};

bool contains(std::string_view list, std::string_view word) {
  return list.find(word) != std::string_view::npos;
}

// Weights below 1 are taken for a refusal: nobody who sends one would not also take the plain file.
bool takes_gzip(const http::Request& request) {
  const auto accepted = request.headers.find("Accept-Encoding");
  return accepted && contains(*accepted, "gzip") && !contains(*accepted, "gzip;q=0");
}

bool has_it(const http::Request& request, const WebFile& file) {
  const auto tags = request.headers.find("If-None-Match");
  return tags && (*tags == "*" || contains(*tags, file.etag));
}

http::Response serve(const WebFile& file, std::string_view caching, const http::Request& request) {
  http::Response response;
  response.headers.add("Cache-Control", std::string{caching});
  response.headers.add("ETag", std::string{file.etag});
  response.headers.add("Vary", "Accept-Encoding");
  // Also with 304: its headers take the place of those that the browser has kept.
  response.headers.add("Content-Security-Policy",
                       "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
                       "object-src 'none'; form-action 'self'");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "same-origin");
  if (has_it(request, file)) {
    response.status = 304;
    return response;
  }
  response.content_type = file.content_type;
  if (takes_gzip(request)) {
    response.headers.add("Content-Encoding", "gzip");
    response.body = file.gzipped;
  } else {
    response.body = file.plain;
  }
  return response;
}

void add_file(http::Router& router, std::string path, const WebFile& file,
              std::string_view caching) {
  router.add(
      "GET", std::move(path),
      [&file, caching](const http::Request& request) { return serve(file, caching, request); },
      http::RunOn::inline_fast);
}

}  // namespace

void add_web_routes(http::Router& router) {
  const auto files = web_files();
  const auto page = std::find_if(files.begin(), files.end(),
                                 [](const WebFile& file) { return file.path == "/index.html"; });
  if (page == files.end()) throw std::logic_error("the dashboard was embedded without its page");
  for (const char* path : kPages)
    add_file(router, path, *page, "no-cache");
  // Their names have the hash of their content, so that they never change.
  for (const WebFile& file : files) {
    if (file.path.starts_with("/assets/")) {
      add_file(router, std::string{file.path}, file, "public, max-age=31536000, immutable");
    }
  }
}

}  // namespace outbox
