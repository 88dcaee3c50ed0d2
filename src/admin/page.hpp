// Lists, a page at a time.
#pragma once

#include <cstdint>
#include <string>

#include "admin/json.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

struct PageRequest {
  static constexpr std::int64_t kMostItems = 200;

  std::int64_t limit = 50;  // 1 to kMostItems
  std::string cursor;       // the next_cursor of the page before; empty: from the beginning
};

struct Page {
  Json items = Json::array();
  std::string next_cursor;  // empty: this was the last page
};

// invalid_argument: the limit is out of its bounds.
[[nodiscard]] Result<void> check_limit(const PageRequest& page);

// Of a cursor that is a number. invalid_argument: it is none, is negative, or cannot be followed.
[[nodiscard]] Result<std::int64_t> cursor_number(const std::string& cursor);

}  // namespace outbox::admin
