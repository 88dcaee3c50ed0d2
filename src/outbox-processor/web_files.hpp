// The dashboard of web/dashboard, whose built files are part of the program.
#pragma once

#include <span>
#include <string_view>

#include "support/http/router.hpp"

namespace outbox {

struct WebFile {
  std::string_view path;  // "/index.html", "/assets/index-Cx2f9a.js"
  std::string_view content_type;
  std::string_view etag;  // quoted, of the content
  std::string_view plain;
  std::string_view gzipped;  // the same content
};

// All files, by their paths. They live as long as the program. The build writes this function.
[[nodiscard]] std::span<const WebFile> web_files();

// GET of the dashboard's pages, each of which is index.html, and of /assets/…. They never
// wait.
void add_web_routes(http::Router& router);

}  // namespace outbox
