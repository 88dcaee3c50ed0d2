#pragma once

#include "support/http/message.hpp"

namespace outbox::api {

// Whether the caller sees what http.masked_paths hides from those who may only look.
[[nodiscard]] inline bool sees_everything(const http::Request& request) {
  return request.caller && request.caller->role == http::Role::operator_;
}

}  // namespace outbox::api
