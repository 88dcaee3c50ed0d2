#include "admin/page.hpp"

#include <charconv>
#include <limits>

namespace outbox::admin {

Result<void> check_limit(const PageRequest& page) {
  if (page.limit >= 1 && page.limit <= PageRequest::kMostItems) return {};
  return Error{ErrorCode::invalid_argument,
               "limit is 1 to " + std::to_string(PageRequest::kMostItems)};
}

Result<std::int64_t> cursor_number(const std::string& cursor) {
  std::int64_t number = 0;
  const char* const last = cursor.data() + cursor.size();
  const auto [end, problem] = std::from_chars(cursor.data(), last, number);
  if (problem != std::errc{} || end != last || number < 0 ||
      number == std::numeric_limits<std::int64_t>::max()) {
    return Error{ErrorCode::invalid_argument, "cursor is not the nextCursor of an earlier page"};
  }
  return number;
}

}  // namespace outbox::admin
