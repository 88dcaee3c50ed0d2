#include "tests/database/narrow_partitions.hpp"

#include "tests/reader/source_reader.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {

// New partitions are as wide as the newest. The first ones, made by hand, are then made anew.
void narrow_partitions(pg::Connection& connection, std::int64_t width) {
  must_exec(connection,
            "do $$ declare p record; begin for p in select leaf from outbox_partition loop "
            "execute format('drop table %s', p.leaf); end loop; end $$");
  const std::string bounds = " for values from (0) to (" + std::to_string(width) + ")";
  must_exec(connection, "create table outbox_p0 partition of outbox" + bounds);
  must_exec(connection, "select outbox_add_partitions(8)");
  must_exec(connection, "drop table outbox_p0");
  must_exec(connection, "select outbox_add_partitions(8)");
}

postgres_table::RetentionReport retain(const std::string& url, std::chrono::milliseconds keep) {
  postgres_table::RetentionOptions options;
  options.url = url;
  options.keep = keep;
  return must(postgres_table::Retention{options}.run_once());
}

std::string filled_partitions(pg::Connection& connection) {
  return value_of(
      connection,
      "select coalesce(string_agg(substring(leaf::text from '_p(\\d+)$'), ' ' order by "
      "lower), '') from outbox_partition where parent = 'outbox'::regclass and lower in "
      "(select (seq / (upper - lower)) * (upper - lower) from outbox)");
}

}  // namespace outbox::test
