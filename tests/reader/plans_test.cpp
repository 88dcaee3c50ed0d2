// Whatever the planner believes of the table, each statement stays on the one index that finds what
// is new without passing what is retained.
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/shard.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/range_reader.hpp"
#include "sources/postgres_table/settler.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

using testing::ElementsAre;

std::string text_of(const pg::Rows& rows) {
  std::string text;
  for (int i = 0; i < rows.size(); ++i) {
    text.append(rows.text(i, 0)).append("\n");
  }
  return text;
}

// The indexes of the plan, without the partitions' names; "scan" for whatever reads without one or
// without a condition on it.
std::set<std::string> paths_of(const std::string& plan) {
  std::set<std::string> paths;
  std::istringstream lines{plan};
  const std::regex index{R"(Index (Only )?Scan (Backward )?using outbox_p\d+_(\w+))"};
  std::smatch match;
  std::string line;
  bool condition_is_due = false;
  while (std::getline(lines, line)) {
    if (condition_is_due && line.find("Index Cond:") == std::string::npos) {
      paths.insert("scan");
    }
    condition_is_due = false;
    if (std::regex_search(line, match, index)) {
      paths.insert(match[3]);
      condition_is_due = true;
    } else if (line.find("Seq Scan on outbox_control") != std::string::npos) {
      continue;  // it has one row
    } else if (line.find("Seq Scan") != std::string::npos ||
               line.find("Bitmap") != std::string::npos || line.find("Hash") != std::string::npos ||
               line.find("Gather") != std::string::npos) {
      paths.insert("scan");
    }
  }
  return paths;
}

class PlansTest : public testing::Test {
 protected:
  // As a relay that connects now, and goes on for long with the plans that it finds.
  void expect_right_plans(const std::string& state) {
    SCOPED_TRACE(state);
    using namespace postgres_table;
    pg::Connection reader = database_.connect();
    pg::Connection writer = database_.connect();
    const Tables tables = must(Tables::find(reader, "outbox"));
    const auto positions = must(load_positions(reader, tables, kAllShards));
    const RangeReader ranges = must(RangeReader::make(reader, tables, positions));
    const Fence fence = must(take_shards(writer, tables, "test", kShardCount));
    const Settler settler = must(Settler::make(writer, tables, fence, positions, {}));
    const auto paths = [](pg::Connection& connection, const std::string& call) {
      return paths_of(text_of(must_exec(connection, "explain (costs off) execute " + call)));
    };
    EXPECT_THAT(paths(reader, "glance('10:20:11,12', 5, 100)"), ElementsAre("xid_seq_idx"));
    EXPECT_THAT(paths(reader, "bounds('10:20:11,12', '10:30:')"), ElementsAre("xid_seq_idx"));
    EXPECT_THAT(paths(reader, "page(1, 2, '3', '10:20:', 100)"), ElementsAre("pkey"));
    EXPECT_THAT(paths(reader, "page_with_late(1, 2, '3', '10:20:', 100, '{11,12}', 1)"),
                ElementsAre("pkey", "xid_seq_idx"));
    EXPECT_THAT(paths(reader, "page_of_shards(1, 2, '3', '10:20:', 100, 5)"), ElementsAre("pkey"));
    EXPECT_THAT(
        paths(reader, "page_of_shards_with_late(1, 2, '3', '10:20:', 100, '{11,12}', 1, 5)"),
        ElementsAre("pkey", "xid_seq_idx"));
    EXPECT_THAT(paths(writer,
                      "claim('{a,b}', '{1,2}', '{3,4}', '{1,1}', 10, '{10:20:}', "
                      "'{10:20:}', '{9}')"),
                ElementsAre("aggregateid_seq_idx"));
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(PlansTest, StayOnTheirIndexesWhateverTheStatistics) {
  expect_right_plans("never filled");
  must_exec(connection_, "vacuum analyze outbox");
  expect_right_plans("analyzed while empty");
  insert_rows(connection_, 300);
  expect_right_plans("300 rows, analyzed while empty");
  must_exec(connection_, "vacuum analyze outbox");
  expect_right_plans("300 rows, analyzed");
  insert_rows(connection_, 50'000);
  expect_right_plans("50,000 rows, analyzed at 300");
  must_exec(connection_, "vacuum analyze outbox");
  expect_right_plans("50,000 rows, analyzed");
  must_exec(connection_, "truncate outbox");
  expect_right_plans("emptied, analyzed at 50,000");
  must_exec(connection_, "vacuum analyze outbox");
  expect_right_plans("emptied and analyzed");
}

}  // namespace
}  // namespace outbox::test
