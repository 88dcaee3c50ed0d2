#include "tests/reader/outbox_rows.hpp"

#include "tests/support/test_database.hpp"

namespace outbox::test {

std::string insert_sql(std::int64_t count) {
  return "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
         "select gen_random_uuid(), 'aggregate', 'key-' || i % 100, 'Changed', '{\"v\": 1}' "
         "from generate_series(1, " +
         std::to_string(count) + ") i";
}

void insert_rows(pg::Connection& connection, std::int64_t count) {
  must_exec(connection, insert_sql(count));
}

void fill_progress(pg::Connection& connection, int table) {
  const std::string name = "outbox_progress_" + std::to_string(table);
  must_exec(connection, "insert into " + name +
                            " (epoch, n, shards, from_snapshot) select -1, i, 0, '1:1:' "
                            "from generate_series(1, 9999 - (select count(*) from " +
                            name + ")) i");
}

}  // namespace outbox::test
