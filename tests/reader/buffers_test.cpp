// What the server reads for a claim grows with the rows that it delivers, not with those that it
// retains, nor with the age of a transaction that commits late.
#include <string>

#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/retained_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

constexpr std::int64_t kFreeSeqs = 1'000;

class BuffersTest : public testing::Test {
 protected:
  BuffersTest() { retain_ten_million_rows(connection_, kFreeSeqs); }

  // Of all partitions and their indexes, since the database was made; a backend reports its part
  // when it ends.
  std::int64_t buffers_read() {
    EXPECT_TRUE(eventually([this] {
      return value_of(connection_,
                      "select count(*) from pg_stat_activity where datname = current_database() "
                      "and application_name like 'outbox-processor%'") == "0";
    }));
    return std::stoll(value_of(
        connection_,
        "select sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0)) "
        "from pg_statio_user_tables where relname ~ '^outbox_p[0-9]+$'"));
  }

  // A relay connects, reads all that is new and ends.
  struct Cost {
    std::size_t rows = 0;
    std::int64_t buffers = 0;
  };
  Cost read_all() {
    const std::int64_t before = buffers_read();
    std::size_t rows = 0;
    {
      SourceReader reader{database_.url(), 1'000};
      rows = reader.read().size();
    }
    return Cost{rows, buffers_read() - before};
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(BuffersTest, GrowWithTheRowsDeliveredOnly) {
  pg::Connection writer = database_.connect();
  must_exec(connection_, "alter table outbox_p1 set (autovacuum_enabled = false)");
  const Cost idle = read_all();
  EXPECT_EQ(idle.rows, 0U);
  EXPECT_LT(idle.buffers, 400);

  insert_rows(writer, 300);
  const Cost few = read_all();
  EXPECT_EQ(few.rows, 300U);
  EXPECT_LT(few.buffers, idle.buffers + 300 + 400);

  insert_rows(writer, 3'000);
  const Cost many = read_all();
  EXPECT_EQ(many.rows, 3'000U);
  EXPECT_LT(many.buffers, idle.buffers + 3'000 + 400);

  // A transaction that inserted its rows before the ten million that were delivered since, and that
  // commits now, among new ones.
  pg::Connection late = database_.connect();
  must_exec(late,
            "begin; insert into outbox (seq, id, aggregatetype, aggregateid, type, payload) "
            "overriding system value select i, gen_random_uuid(), 'a', 'k', 't', '{\"v\": 1}' "
            "from generate_series(1, 10) i");
  insert_rows(writer, 1);
  EXPECT_EQ(read_all().rows, 1U);
  insert_rows(writer, 300);
  must_exec(late, "commit");
  const Cost with_late = read_all();
  EXPECT_EQ(with_late.rows, 310U);
  EXPECT_LT(with_late.buffers, idle.buffers + 310 + 400);

  // After ANALYZE, by which the planner knows how large everything is.
  must_exec(connection_, "analyze outbox");
  must_exec(connection_, "select pg_stat_force_next_flush()");  // what it read is not the relay's
  insert_rows(writer, 300);
  const Cost analyzed = read_all();
  EXPECT_EQ(analyzed.rows, 300U);
  EXPECT_LT(analyzed.buffers, idle.buffers + 300 + 400);
}

}  // namespace
}  // namespace outbox::test
