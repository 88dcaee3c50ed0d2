// What a page of messages costs grows with the rows that it looks at, not with those that there
// are.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "admin/replay_sql.hpp"
#include "tests/scale/many_messages.hpp"
#include "tests/scale/search_plans.hpp"

namespace outbox::test {
namespace {

constexpr std::int64_t kLook = 500;

std::map<std::string, admin::ReplayFilter> replay_filters() {
  return {{"id", {"", "", "", "", "00000000-0000-0000-0000-0000000003e8"}},
          {"key", {"", "", "hot", "", ""}},
          {"type", {"", "", "", "None", ""}},
          {"time", {"2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "", "", ""}}};
}

std::map<std::string, std::int64_t> costs(std::int64_t rows) {
  const OutboxDatabase database;
  pg::Connection connection = database.connect();
  fill_with_messages(connection, rows);
  std::map<std::string, std::int64_t> buffers;
  for (const NamedFilter& filter : worst_filters()) {
    for (const admin::Driver driver :
         {admin::Driver::table, admin::Driver::key, admin::Driver::recent,
          admin::Driver::exceptions, admin::Driver::held}) {
      if (!serves(driver, filter.filter)) continue;
      const Cost cost = cost_of(connection, statement_of(filter, driver, kLook));
      buffers[filter.name + " by " + name_of(driver)] = cost.buffers;
      // About a dozen for each row, with what its status needs.
      EXPECT_LT(cost.buffers, 500 + kLook * 40) << filter.name << "\n" << cost.plan;
      EXPECT_EQ(cost.plan.find("Seq Scan on outbox"), std::string::npos) << cost.plan;
    }
  }
  for (const auto& [name, filter] : replay_filters()) {
    const Cost cost = cost_of(connection, admin::replay_statement(filter, {0, rows, kLook}));
    buffers["replay by " + name] = cost.buffers;
    EXPECT_LT(cost.buffers, 500 + kLook * 20) << name << "\n" << cost.plan;
    EXPECT_EQ(cost.plan.find("Seq Scan on outbox"), std::string::npos) << cost.plan;
  }
  buffers["time"] = cost_of(connection, admin::first_seq_statement("2026-01-01T00:10:00Z")).buffers;
  return buffers;
}

TEST(SearchBuffers, DoNotGrowWithTheOutbox) {
  const auto small = costs(60'000);
  const auto large = costs(240'000);
  ASSERT_EQ(small.size(), large.size());
  for (const auto& [name, buffers] : large) {
    // The indexes by which each row's status is found may be a level deeper, and what was read
    // whole while it was small is looked up for each row.
    EXPECT_LT(buffers, small.at(name) + 6 * kLook) << name;
  }
}

}  // namespace
}  // namespace outbox::test
