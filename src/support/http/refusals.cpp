#include "support/http/refusals.hpp"

#include <string>

#include <boost/beast/http/error.hpp>

namespace outbox::http {

Response bad_request(std::string_view detail) {
  return problem(400, "Bad Request", detail);
}

Response too_slow(std::string_view what, std::chrono::milliseconds limit) {
  return problem(408, "Request Timeout",
                 std::string(what) + " did not arrive within " + std::to_string(limit.count()) +
                     " ms; send it again on a new connection");
}

Response overloaded(std::string_view why) {
  Response response =
      problem(503, "Service Unavailable", std::string(why) + "; try again in a second");
  response.headers.add("Retry-After", "1");
  return response;
}

Response header_too_large(std::size_t limit) {
  return problem(431, "Request Header Fields Too Large",
                 "the request line and headers exceed " + std::to_string(limit) +
                     " bytes; send fewer or shorter headers");
}

Response body_too_large(std::size_t limit) {
  return problem(413, "Content Too Large",
                 "the body exceeds " + std::to_string(limit) + " bytes; send it in smaller parts");
}

std::optional<Response> unreadable(const boost::system::error_code& error, std::size_t max_header,
                                   std::size_t max_body) {
  using HttpError = boost::beast::http::error;
  if (error == HttpError::header_limit || error == HttpError::buffer_overflow) {
    return header_too_large(max_header);
  }
  if (error == HttpError::body_limit) return body_too_large(max_body);
  if (error == HttpError::bad_version) {
    return problem(505, "HTTP Version Not Supported", "this server speaks HTTP/1.1 and HTTP/1.0");
  }
  if (error == HttpError::end_of_stream) return std::nullopt;
  if (error == HttpError::partial_message) return bad_request("the request ended before its end");
  if (error.category() == make_error_code(HttpError::bad_method).category()) {
    return bad_request("the request is not valid HTTP (" + error.message() + ")");
  }
  return std::nullopt;  // the connection is gone
}

std::optional<Response> check_framing(unsigned version, const Headers& headers) {
  static constexpr unsigned kHttp11 = 11;
  const std::size_t hosts = headers.count("Host");
  if (hosts > 1 || (hosts == 0 && version >= kHttp11)) {
    return bad_request("the request must have one Host header");
  }
  if (headers.count("Content-Length") > 1) return bad_request("Content-Length is there twice");
  if (const auto encoding = headers.find("Transfer-Encoding")) {
    if (headers.count("Transfer-Encoding") > 1 || !same_ignoring_case(*encoding, "chunked")) {
      return problem(501, "Not Implemented", "the only transfer encoding taken is chunked");
    }
    if (headers.count("Content-Length") > 0 || version < kHttp11) {
      return bad_request("Transfer-Encoding contradicts the rest of the header");
    }
  }
  const auto expect = headers.find("Expect");
  if (expect && !same_ignoring_case(*expect, "100-continue")) {
    return problem(417, "Expectation Failed", "the only expectation met is 100-continue");
  }
  return std::nullopt;
}

}  // namespace outbox::http
