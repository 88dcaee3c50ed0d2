// Requests as Beast reads them.
#pragma once

#include <boost/beast/http.hpp>

#include "support/http/server.hpp"
#include "support/http/work.hpp"

namespace outbox::http::detail {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

inline void set_limits(Parser& parser, const ServerOptions& options) {
  parser.header_limit(static_cast<std::uint32_t>(options.max_header));
  parser.body_limit(options.max_body);
}

// Precondition: the parser has the whole header.
void take_header(const Parser& parser, const Router& router, Work& work);

}  // namespace outbox::http::detail
