// What relays that take over do with the record of the former owner's transactions.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/postgres_table/intent_store.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/recovery.hpp"
#include "sources/postgres_table/settlement_json.hpp"
#include "sources/postgres_table/settler.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using postgres_table::Fence;
using postgres_table::IntentStore;
using postgres_table::Settler;
using postgres_table::SharedPosition;
using postgres_table::Snapshot;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kFirst = 0b0011;
constexpr std::uint64_t kSecond = 0b1100;

class IntentsTest : public testing::Test {
 protected:
  // A relay that has taken over some of the shards that a former owner's sender was for.
  class Successor {
   public:
    Successor(const OutboxDatabase& database, std::uint64_t shards)
        : connection_(database.connect()), intents_(connection_, Fence{2, "new", shards}) {
      must(intents_.prepare_statements(must(postgres_table::Tables::find(connection_, "outbox"))));
    }

    void begin() { must_exec(connection_, "begin"); }
    std::vector<std::string> forget() { return must(intents_.forget()); }
    void commit() { must_exec(connection_, "commit"); }
    std::string pid() { return value_of(connection_, "select pg_backend_pid()"); }

   private:
    pg::Connection connection_;
    IntentStore intents_;
  };

  IntentsTest() {
    must_exec(connection_,
              "insert into outbox_intent (sender, owner, shards, since, settlement) "
              "values ('former', 'old', 15, 0, '{}')");
  }

  std::string senders() {
    return value_of(connection_,
                    "select string_agg(sender || ' ' || shards, ', ') "
                    "from outbox_intent");
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  Successor first_{database_, kFirst};
  Successor second_{database_, kSecond};
};

TEST_F(IntentsTest, ASenderIsForgottenWithTheLastOfItsShards) {
  EXPECT_THAT(first_.forget(), IsEmpty());
  EXPECT_EQ(senders(), "former 12");
  EXPECT_THAT(second_.forget(), ElementsAre("former"));
  EXPECT_EQ(senders(), "");
}

// What stays is applied again by the next owner: the position goes back, and all that was sent
// since is sent again.
TEST_F(IntentsTest, ASenderIsForgottenByTwoWhoTakeItsShardsAtTheSameTime) {
  first_.begin();
  EXPECT_THAT(first_.forget(), IsEmpty());
  const std::string pid = second_.pid();
  std::vector<std::string> forgotten;
  {
    const std::jthread second{[&] { forgotten = second_.forget(); }};
    EXPECT_TRUE(eventually([&] {
      return value_of(connection_,
                      "select count(*) from pg_stat_activity "
                      " where wait_event_type = 'Lock' and pid = " +
                          pid) == "1";
    }));
    first_.commit();
  }
  EXPECT_THAT(forgotten, ElementsAre("former"));
  EXPECT_EQ(senders(), "");
}

// One that has committed everything that was prepared.
class Committed final : public TransactionJudge {
 public:
  explicit Committed(CommittedTransaction transaction) : transaction_(std::move(transaction)) {}
  Result<void> fence(std::span<const std::string> /*senders*/) override { return {}; }
  Result<CommittedTransactions> committed(const std::string& /*origin*/) override {
    return CommittedTransactions{{transaction_}, 0};
  }

 private:
  CommittedTransaction transaction_;
};

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    // A transaction of shards 0 to 3 that was committed and not settled.
    prepared_ = snapshot();
    const std::vector<SharedPosition> positions{{0b1111, {prepared_, {}, 0, 0}}};
    must_exec(connection_,
              "insert into outbox_intent (sender, owner, shards, since, n, settlement) values "
              "('former', 'old', 15, 0, 1, '" +
                  postgres_table::to_json({}, &positions, {}) + "')");
  }

  Snapshot snapshot() {
    must_exec(connection_, "select pg_current_xact_id()");
    return must(Snapshot::parse(value_of(connection_, "select pg_current_snapshot()")));
  }

  // A relay takes so many shards, the lowest ones, and recovers; then it has come to `reached`.
  void take(int shards, const std::optional<Snapshot>& reached = {}) {
    const Fence fence = must(take_shards(connection_, tables_, "new", shards));
    const auto positions = must(load_positions(connection_, tables_, fence.shards));
    auto settler = must(Settler::make(connection_, tables_, fence, positions, {}));
    IntentStore intents{connection_, fence};
    must(intents.prepare_statements(tables_));
    must(recover(intents, settler, judge_, positions));
    if (reached) {
      const std::vector<SharedPosition> moved{{fence.shards, {*reached, {}, 0, 0}}};
      must(settler.settle({}, &moved, {}));
    }
    must_exec(connection_, "deallocate all");
  }

  std::string position_of(int shard) {
    return value_of(connection_, "select from_snapshot from outbox_position where shard = " +
                                     std::to_string(shard));
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  postgres_table::Tables tables_ = must(postgres_table::Tables::find(connection_, "outbox"));
  Committed judge_{{"former", 1, 1}};
  Snapshot prepared_;
};

TEST_F(RecoveryTest, WhatAFormerOwnerHasCommittedIsSettled) {
  take(4);
  EXPECT_EQ(position_of(0), prepared_.text);
  EXPECT_EQ(position_of(3), prepared_.text);
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_intent"), "0");
}

// A sender of theirs may have begun behind the end of the destination's record that it has read.
TEST_F(RecoveryTest, WhoIsReplacedMeanwhileDoesNotTakeItForAnotherHistory) {
  const Fence fence = must(take_shards(connection_, tables_, "slow", 4));
  const auto positions = must(load_positions(connection_, tables_, fence.shards));
  auto settler = must(Settler::make(connection_, tables_, fence, positions, {}));
  must_exec(connection_,
            "update outbox_shard set owner = 'next', epoch = nextval('outbox_epoch'); "
            "update outbox_intent set sender = 'next', owner = 'next', since = 100");
  IntentStore intents{connection_, fence};
  must(intents.prepare_statements(tables_));
  const auto recovered = recover(intents, settler, judge_, positions);
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().code, ErrorCode::not_owner) << recovered.error().message;
}

// The shards that it has got first went on in the meantime.
TEST_F(RecoveryTest, WhoTakesTheRestLaterIsNotSetBackWhereItHasRecoveredBefore) {
  const Snapshot reached = snapshot();
  take(2, reached);
  EXPECT_EQ(position_of(0), reached.text);
  take(4);
  EXPECT_EQ(position_of(0), reached.text);
  EXPECT_EQ(position_of(1), reached.text);
  EXPECT_EQ(position_of(2), prepared_.text);
  EXPECT_EQ(position_of(3), prepared_.text);
}

}  // namespace
}  // namespace outbox::test
