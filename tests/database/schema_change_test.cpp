// The tables change under a source that is connected.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/server_faults.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

class SchemaChangeTest : public testing::Test {
 protected:
  SchemaChangeTest() {
    must(source_.connect());
    insert_rows(connection_, 10);
    EXPECT_EQ(read_seqs(source_).size(), 10U);
  }

  void expect_ten_more_to_be_read() {
    insert_rows(connection_, 10);
    EXPECT_EQ(read_seqs(source_).size(), 10U);
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  PostgresTableSource source_{source_options(database_.url())};
};

TEST_F(SchemaChangeTest, AddedColumnsAndIndexesGoUnnoticed) {
  must_exec(connection_, "alter table outbox add column tenant text not null default 'none'");
  must_exec(connection_, "alter table outbox_exception add column note text");
  must_exec(connection_, "alter table outbox_progress_0 add column note text");
  expect_ten_more_to_be_read();
  must_exec(connection_, "create index on outbox (tenant); drop index outbox_id");
  expect_ten_more_to_be_read();
  must_exec(connection_, "reindex table outbox");
  must_exec(connection_, "vacuum analyze outbox");
  expect_ten_more_to_be_read();
}

// The server refuses the prepared statements ("cached plan must not change result type"): a
// connection that is made anew prepares them anew.
TEST_F(SchemaChangeTest, AColumnsOtherTypeAsksForAReconnect) {
  must_exec(connection_, R"(
    do $$
    declare rows constant text := pg_get_viewdef('outbox_row');
    begin
      drop view outbox_row cascade;
      alter table outbox alter column payload type jsonb;
      alter table outbox_kept alter column payload type jsonb;
      alter table outbox_exception alter column payload type jsonb;
      execute 'create view outbox_row as ' || rows;
    end $$)");
  insert_rows(connection_, 10);
  const Result<Batch> claimed = source_.claim(100);
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code, ErrorCode::conflict) << "one that the relay connects again after";
  EXPECT_THAT(claimed.error().message, testing::HasSubstr("cached plan"));
  source_.close();
  must(source_.connect());
  EXPECT_EQ(read_seqs(source_).size(), 10U);
  expect_ten_more_to_be_read();
}

}  // namespace
}  // namespace outbox::test
