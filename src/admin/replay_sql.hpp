// The statement by which replay chooses messages, apart from it so that a test can look at its
// plan.
#pragma once

#include <cstdint>
#include <string>

#include "admin/filters.hpp"
#include "admin/message_search_sql.hpp"

namespace outbox::admin {

// The next `look` messages behind the seq `after`: of the id or the key when the filter has one, of
// all otherwise.
struct ReplayStep {
  std::int64_t after = -1;
  std::int64_t last = 0;  // the highest seq
  std::int64_t look = 0;
};

// For transactions begun with kSearchBegin. filter.since and until are PostgreSQL's text. At least
// one row; of each, how many messages were looked at, the highest seq of them, and the seq of one
// that was delivered, passes the filter and has no exception, ascending; null where there is none.
[[nodiscard]] Statement replay_statement(const ReplayFilter& filter, const ReplayStep& step);

}  // namespace outbox::admin
