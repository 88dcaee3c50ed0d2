#include "outbox-processor/api/query.hpp"

#include <algorithm>
#include <utility>

#include "support/config/value.hpp"

namespace outbox::api {

Result<void> check_query(const http::Request& request,
                         std::initializer_list<std::string_view> known) {
  for (auto parameter = request.query.begin(); parameter != request.query.end(); ++parameter) {
    const std::string& name = parameter->first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string names;
      for (const std::string_view one : known)
        names += (names.empty() ? "" : ", ") + std::string{one};
      return Error{ErrorCode::invalid_argument,
                   "there is no parameter " + name.substr(0, 100) +
                       (names.empty() ? ", and no other one" : "; there are " + names)};
    }
    if (std::any_of(request.query.begin(), parameter,
                    [&](const auto& earlier) { return earlier.first == name; })) {
      return Error{ErrorCode::invalid_argument, "the parameter " + name + " is there twice"};
    }
  }
  return {};
}

std::string text_of(const http::Request& request, std::string_view name) {
  return std::string{request.query_parameter(name).value_or("")};
}

Result<std::int64_t> number_of(const http::Request& request, std::string_view name,
                               std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  const auto text = request.query_parameter(name);
  if (!text) return otherwise;
  const auto number = config::parse_integer(*text);
  if (!number || *number < low || *number > high) {
    return Error{ErrorCode::invalid_argument, std::string{name} + " is a number from " +
                                                  std::to_string(low) + " to " +
                                                  std::to_string(high)};
  }
  return *number;
}

Result<admin::PageRequest> page_of(const http::Request& request) {
  admin::PageRequest page;
  const auto limit = number_of(request, "limit", page.limit, 1, admin::PageRequest::kMostItems);
  if (!limit) return limit.error();
  page.limit = *limit;
  page.cursor = text_of(request, "cursor");
  return page;
}

admin::Json cursor_json(const std::string& cursor) {
  return cursor.empty() ? admin::Json(nullptr) : admin::Json(cursor);
}

admin::Json page_json(admin::Page page) {
  return {{"items", std::move(page.items)}, {"nextCursor", cursor_json(page.next_cursor)}};
}

}  // namespace outbox::api
