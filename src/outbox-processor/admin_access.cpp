#include "outbox-processor/admin_access.hpp"

#include <algorithm>
#include <utility>

#include "support/access/tokens.hpp"

namespace outbox {

Result<std::shared_ptr<access::AccessControl>> make_access_control(const Settings& settings) {
  if (!settings.http_tokens_file.empty()) {
    const auto tokens = access::read_tokens(settings.http_tokens_file);
    if (!tokens && tokens.error().code != ErrorCode::not_found) return tokens.error();
  }
  access::AccessOptions options;
  options.tokens_file = settings.http_tokens_file;
  // Behind a proxy, those who come from the loopback are not on this machine.
  options.reading_is_open = is_on_loopback(settings) && !settings.http_behind_proxy;
  options.allowed_hosts = list_of(settings.http_allowed_hosts);
  options.behind_proxy = settings.http_behind_proxy;
  options.tls = !settings.http_tls_certificate.empty();
  return std::make_shared<access::AccessControl>(std::move(options));
}

http::ServerOptions admin_server_options(const Settings& settings,
                                         std::shared_ptr<access::AccessControl> access) {
  http::ServerOptions options;
  options.address = settings.http_address;
  options.port = static_cast<std::uint16_t>(settings.http_port);
  options.max_event_streams = static_cast<std::size_t>(settings.http_max_event_streams);
  if (!settings.http_tls_certificate.empty()) {
    options.tls = http::TlsFiles{settings.http_tls_certificate, settings.http_tls_key};
  }
  options.gate = std::move(access);
  return options;
}

Result<api::JsonPaths> masked_paths_of(const Settings& settings) {
  api::JsonPaths paths;
  for (const std::string& text : list_of(settings.http_masked_paths)) {
    auto path = admin::parse_json_path(text);
    if (!path) {
      return Error{ErrorCode::invalid_argument,
                   "http.masked_paths: '" + text + "': " + path.error().message};
    }
    if (!std::all_of(path->begin(), path->end(), admin::is_plain)) {
      return Error{ErrorCode::invalid_argument,
                   "http.masked_paths: '" + text + "': write an element of an array as [0]"};
    }
    paths.push_back(*std::move(path));
  }
  return paths;
}

void restrict_api(http::Router& router) {
  router.restrict([](const http::Route& route) {
    const bool is_api = route.pattern == "/api" || route.pattern.starts_with("/api/");
    if (!is_api || route.pattern == "/api/v1/session") return http::Access::open;
    return route.method == "GET" ? http::Access::viewer : http::Access::operator_;
  });
}

}  // namespace outbox
