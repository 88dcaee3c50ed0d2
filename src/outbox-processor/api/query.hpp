// What stands behind the question mark.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "admin/page.hpp"
#include "outbox/result.hpp"
#include "support/http/message.hpp"

namespace outbox::api {

// invalid_argument: the request has a parameter that is not among these, or one twice; a filter
// that is misspelt must not look like one that everything passes.
[[nodiscard]] Result<void> check_query(const http::Request& request,
                                       std::initializer_list<std::string_view> known);

// The parameter, or the empty string.
[[nodiscard]] std::string text_of(const http::Request& request, std::string_view name);

// invalid_argument: it is there and is no number from `low` to `high`.
[[nodiscard]] Result<std::int64_t> number_of(const http::Request& request, std::string_view name,
                                             std::int64_t otherwise, std::int64_t low,
                                             std::int64_t high);

// limit and cursor.
[[nodiscard]] Result<admin::PageRequest> page_of(const http::Request& request);

// {"items","nextCursor"}.
[[nodiscard]] admin::Json page_json(admin::Page page);

// A cursor as the API has it: null where there is none.
[[nodiscard]] admin::Json cursor_json(const std::string& cursor);

}  // namespace outbox::api
