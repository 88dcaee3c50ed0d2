#pragma once

#include "admin/json.hpp"
#include "outbox-processor/operations.hpp"
#include "outbox/result.hpp"
#include "support/http/message.hpp"

namespace outbox::api {

[[nodiscard]] admin::Json operation_json(const Operation& operation);

// 202 with the operation and where to look after it; or why it was not started.
[[nodiscard]] http::Response accepted(const http::Request& request,
                                      const Result<Operation>& started);

}  // namespace outbox::api
