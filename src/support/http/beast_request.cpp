#include "support/http/detail/beast_request.hpp"

#include <string>
#include <utility>

namespace outbox::http::detail {

void take_header(const Parser& parser, const Router& router, Work& work) {
  const auto& message = parser.get();
  work.request.method = std::string(message.method_string());
  work.request.target = std::string(message.target());
  for (const auto& field : message.base()) {
    work.request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  work.find_route(router, message.version());
}

}  // namespace outbox::http::detail
