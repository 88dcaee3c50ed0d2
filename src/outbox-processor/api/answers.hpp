// What the routes that change something answer alike.
#pragma once

#include <functional>
#include <string>

#include "admin/json.hpp"
#include "admin/postgres_outbox.hpp"
#include "outbox-processor/api/context.hpp"
#include "outbox/result.hpp"
#include "support/http/message.hpp"

namespace outbox::api {

// Who is to be named in the audit: "alice via api".
[[nodiscard]] std::string actor_of(const http::Request& request);

// Not to be kept by anyone. Bytes that are not UTF-8 are replaced.
[[nodiscard]] http::Response json_answer(int status, const admin::Json& json);

// 404, 409 or 422 with the error's words; 503 when the database is away, and 500, whose reasons go
// to the log alone.
[[nodiscard]] http::Response failure(const http::Request& request, const Error& error);

// What `work` answers, given the outbox in the caller's name; 501 when it is in SQLite, 503 when
// the database is away or too many look at it.
[[nodiscard]] http::Response with_outbox(
    const ApiContext& context, const http::Request& request,
    const std::function<http::Response(admin::PostgresOutbox&)>& work);

}  // namespace outbox::api
