// What was read from the log and not delivered: a copy of it is kept where it has no row.
#include <cstdint>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "sources/postgres_table/kept_store.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using postgres_table::KeptStore;
using postgres_table::Undelivered;

class KeptTest : public testing::Test {
 protected:
  // A message whose transaction is in the log: as long as it is open, its row is not visible, as
  // between a commit's way to the disk and the snapshots that show it.
  KeptTest() {
    must_exec(writer_,
              "begin; insert into outbox (id, aggregatetype, aggregateid, type, payload) "
              "values (gen_random_uuid(), 'order', 'k', 't', '1')");
    record_.seq = std::stoll(value_of(writer_, "select seq from outbox"));
    record_.id = Uuid::v7();
    record_.aggregate_type = "order";
    record_.key = "k";
    record_.type = "t";
    record_.headers = "{}";
    record_.payload = "1";
    xid_ = std::stoull(value_of(writer_, "select pg_current_xact_id()"));
    must(kept_.prepare(must(postgres_table::Tables::find(relay_, "outbox"))));
  }

  void store(std::uint64_t xid) {
    must_exec(relay_, "begin");
    must(kept_.store(Undelivered{{record_}, {xid}}));
    must_exec(relay_, "commit");
  }
  bool asks_for_snapshots() {
    return value_of(other_,
                    "select count(*) from pg_stat_activity where datname = current_database() and "
                    "query = 'select pg_current_snapshot()'") == "1";
  }
  std::string kept() { return value_of(other_, "select count(*) from outbox_kept"); }

  OutboxDatabase database_;
  pg::Connection writer_ = database_.connect();
  pg::Connection relay_ = database_.connect();
  pg::Connection other_ = database_.connect();
  KeptStore kept_{relay_};
  Record record_;
  std::uint64_t xid_ = 0;
};

TEST_F(KeptTest, WhatHasARowIsNotKeptAlthoughItsCommitIsNotVisibleYet) {
  auto stored = std::async(std::launch::async, [&] { store(xid_); });
  EXPECT_TRUE(eventually([&] { return asks_for_snapshots(); }));
  must_exec(writer_, "commit");
  stored.get();
  EXPECT_EQ(kept(), "0");
}

TEST_F(KeptTest, WhatWasDeletedMeanwhileIsKept) {
  must_exec(writer_, "delete from outbox");
  must_exec(writer_, "commit");
  store(xid_);
  EXPECT_EQ(kept(), "1");
}

TEST_F(KeptTest, ACommitThatWaitsForLongIsWaitedForNoLongerThanASecond) {
  store(xid_);
  EXPECT_EQ(kept(), "1");
}

}  // namespace
}  // namespace outbox::test
