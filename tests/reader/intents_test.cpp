// What relays that take over do with the record of the former owner's transactions.
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/postgres_table/intent_store.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using postgres_table::Fence;
using postgres_table::IntentStore;
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

}  // namespace
}  // namespace outbox::test
