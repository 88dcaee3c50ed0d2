// What looking for messages costs the server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/message_search.hpp"
#include "admin/message_search_sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::test {

struct NamedFilter {
  std::string name;
  admin::MessageFilter filter;
};

// Every filter that the API has, alone and in the combinations that find nothing among everything.
[[nodiscard]] std::vector<NamedFilter> worst_filters();

// A page's statement for the filter, looking at `look` rows of this driver.
[[nodiscard]] admin::Statement statement_of(const NamedFilter& named, admin::Driver driver,
                                            std::int64_t look);

// Whether the driver can serve the filter.
[[nodiscard]] bool serves(admin::Driver driver, const admin::MessageFilter& filter);
[[nodiscard]] std::string name_of(admin::Driver driver);

struct Cost {
  std::int64_t buffers = 0;  // that the server touched
  std::string plan;          // for people
};
// Runs it and tells what it cost. Throws when it fails.
[[nodiscard]] Cost cost_of(pg::Connection& connection, const admin::Statement& statement);

}  // namespace outbox::test
