// Requests as the servers take them: from the bytes of a connection to what a handler makes of the
// body, and whether the caller may.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/access/access_control.hpp"
#include "support/http/detail/beast_request.hpp"
#include "support/http/json.hpp"

namespace {

using namespace outbox::http;

constexpr std::size_t kMaxBytes = 4'096;

Response read_json(const Request& request) {
  auto parsed = parse_json(request.body);
  if (auto* wrong = std::get_if<FieldError>(&parsed)) {
    return problem(400, "Bad Request", wrong->detail, {*wrong});
  }
  return text_response(200, std::get<JsonValue>(parsed).text);
}

Router make_router() {
  Router router;
  router.add("POST", "/api/v1/things", read_json);
  router.add("GET", "/api/v1/things/{id}", read_json, Access::viewer);
  router.add("DELETE", "/api/v1/things/{id}", read_json, Access::operator_);
  return router;
}

outbox::access::AccessControl& access_control() {
  static outbox::access::AccessControl access(
      {.allowed_hosts = {"outbox.example", "relay.example:8443"}, .behind_proxy = true});
  return access;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Router kRouter = make_router();
  ServerOptions options;
  options.max_header = kMaxBytes;
  options.max_body = kMaxBytes;
  detail::Parser parser;
  detail::set_limits(parser, options);
  parser.eager(true);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(data, size), error);
  if (!parser.is_header_done()) {
    return 0;
  }
  Work work;
  work.request.peer = "192.0.2.1";
  work.request.local = "127.0.0.1";
  detail::take_header(parser, kRouter, work);
  work.ask(&access_control(), parser.is_done());
  work.request.body = parser.get().body();
  if (work.route != nullptr) {
    static_cast<void>(read_json(work.request));
    work.call_handler();
  }
  if (work.response) {
    add_security_headers(*work.response);
    static_cast<void>(serialize(*work.response, false, true));
  }
  return 0;
}
