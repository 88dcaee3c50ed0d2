// What operators want of shards, as relays that share them carry it out.
#include "admin/shard_control.hpp"

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/postgres_table/mode_switch.hpp"
#include "tests/reader/caught_up_source.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using testing::HasSubstr;

// One of the relays; it connects again when it is told that its share changes.
class SharedRelay {
 public:
  SharedRelay(const std::string& url, const std::string& owner) : source_(options(url, owner)) {}

  // How many shards it has now; 0 while it stands by.
  int look() {
    if (shards_ == 0 || source_.standing() != Standing::owner) {
      source_.close();
      const Result<Exceptions> connected = source_.connect();
      shards_ = connected ? connected->shards : 0;
      ++connects_;
    }
    return shards_;
  }
  [[nodiscard]] int connects() const { return connects_; }
  void leave() {
    source_.close();
    source_.leave();
    shards_ = 0;
  }
  PostgresTableSource& source() { return source_; }

 private:
  static PostgresTableOptions options(const std::string& url, const std::string& owner) {
    PostgresTableOptions options = source_options(url);
    options.owner = owner;
    options.lease = std::chrono::milliseconds{3'000};
    return options;
  }

  PostgresTableSource source_;
  int shards_ = 0;
  int connects_ = 0;
};

class ShardControlTest : public testing::Test {
 protected:
  void two_relays() {
    ASSERT_TRUE(eventually([&] {
      const int first = first_.look();
      return second_.look() == 32 && first == 32;
    }));
  }
  // Until the two have so many.
  bool settle_at(int first, int second) {
    return eventually([&] {
      const int has = first_.look();
      return second_.look() == second && has == first && owner_of_none() == free_;
    });
  }
  bool has(int shard, const std::string& owner) {
    return eventually([&] {
      first_.look();
      second_.look();
      return owner_of(shard) == owner;
    });
  }
  std::string owner_of(int shard) {
    return value("select owner from outbox_shard where shard = " + std::to_string(shard));
  }
  std::string owner_of_none() {
    return value("select count(*) from outbox_shard where owner = ''");
  }
  std::string value(const std::string& sql) { return value_of(connection_, sql); }
  // "first->|moved, ->second|moved": the moves of a shard, the oldest first, but for its first.
  std::string moves(int shard) {
    return value(
        "select string_agg(from_owner || '->' || to_owner || ' ' || reason, ', ' order by id) from "
        "(select * from outbox_move where shard = " +
        std::to_string(shard) + " order by id offset 1) m");
  }
  std::string audit() {
    return value(
        "select string_agg(actor || ' ' || action || ' ' || (details ->> 'shard'), ', ' "
        "order by id) from outbox_audit where details ? 'shard'");
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  admin::PostgresOutbox outbox_ =
      must(admin::PostgresOutbox::open(database_.url(), "outbox", "al"));
  SharedRelay first_{database_.url(), "first"};
  SharedRelay second_{database_.url(), "second"};
  std::string free_ = "0";  // shards that nobody is to have
};

TEST_F(ShardControlTest, APausedShardIsReadByNobodyAndStillCounted) {
  ASSERT_TRUE(eventually([&] { return first_.look() == 64; }));
  must_exec(connection_,
            "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
            "values (gen_random_uuid(), 'order', 'a', 'Paid', '1')");
  const int shard = std::stoi(value("select shard from outbox"));
  EXPECT_TRUE(must(admin::pause_shard(outbox_, shard, true)));
  EXPECT_FALSE(must(admin::pause_shard(outbox_, shard, true)));
  ASSERT_TRUE(eventually([&] { return first_.look() == 63; }));
  EXPECT_EQ(owner_of(shard), "");
  EXPECT_EQ(moves(shard), "first-> paused");
  EXPECT_TRUE(must(first_.source().claim(10)).records.empty());
  EXPECT_EQ(value("select status from outbox_message"), "pending");
  const int connects = first_.connects();
  EXPECT_TRUE(must(admin::pause_shard(outbox_, shard, false)));
  ASSERT_TRUE(eventually([&] { return first_.look() == 64; }));
  EXPECT_EQ(first_.connects(), connects + 1);
  EXPECT_EQ(must(first_.source().claim(10)).records.size(), 1U);
  EXPECT_EQ(audit(), "al pause-shard " + std::to_string(shard) + ", al resume-shard " +
                         std::to_string(shard));
}

TEST_F(ShardControlTest, TheSharesAreOfWhatIsNotPaused) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  for (int shard = 0; shard < 10; ++shard) {
    must(admin::pause_shard(outbox_, shard, true));
  }
  free_ = "10";
  EXPECT_TRUE(settle_at(27, 27));
  for (int shard = 10; shard < 64; ++shard) {
    must(admin::pause_shard(outbox_, shard, true));
  }
  free_ = "64";
  EXPECT_TRUE(settle_at(0, 0)) << owner_of_none();
  for (int shard = 0; shard < 64; ++shard) {
    must(admin::pause_shard(outbox_, shard, false));
  }
  free_ = "0";
  EXPECT_TRUE(settle_at(32, 32)) << owner_of_none();
}

TEST_F(ShardControlTest, AMovedShardStaysWithItsRelayAsLongAsThatRuns) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  const int shard = std::stoi(value("select min(shard) from outbox_shard where owner = 'first'"));
  EXPECT_TRUE(must(admin::move_shard(outbox_, shard, "second")));
  EXPECT_FALSE(must(admin::move_shard(outbox_, shard, "second")));
  ASSERT_TRUE(has(shard, "second"));
  EXPECT_TRUE(settle_at(32, 32)) << "the shares stay what they are";
  EXPECT_EQ(owner_of(shard), "second");
  EXPECT_THAT(moves(shard), HasSubstr("first-> moved, ->second moved"));
  second_.leave();
  ASSERT_TRUE(eventually([&] { return first_.look() == 64; }));
  EXPECT_EQ(value("select count(*) from outbox_shard where preferred <> ''"), "0") << "forgotten";
  EXPECT_THAT(moves(shard), HasSubstr("second-> stopped, ->first taken"));
}

TEST_F(ShardControlTest, MoreThanItsShareMovesToARelayIfOperatorsWantIt) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  for (int shard = 0; shard < 40; ++shard) {
    must(admin::move_shard(outbox_, shard, "first"));
  }
  ASSERT_TRUE(settle_at(40, 24));
  EXPECT_EQ(value("select max(shard) from outbox_shard where owner = 'first'"), "39");
}

TEST_F(ShardControlTest, AReleasedShardIsTakenAgain) {
  ASSERT_TRUE(eventually([&] { return first_.look() == 64; }));
  const std::int64_t epoch = std::stoll(value("select epoch from outbox_shard where shard = 7"));
  EXPECT_TRUE(must(admin::release_shard(outbox_, 7)));
  ASSERT_TRUE(eventually([&] { return first_.look() == 64 && !moves(7).empty(); }));
  EXPECT_EQ(moves(7), "first-> released, ->first taken");
  EXPECT_GT(std::stoll(value("select epoch from outbox_shard where shard = 7")), epoch);
  EXPECT_EQ(value("select count(*) from outbox_shard where released"), "0");
}

TEST_F(ShardControlTest, ReleasingEndsWhatMovingWanted) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  for (int shard = 0; shard < 64; ++shard) {
    must(admin::move_shard(outbox_, shard, "first"));
  }
  ASSERT_TRUE(settle_at(64, 0));
  for (int shard = 0; shard < 64; ++shard) {
    EXPECT_TRUE(must(admin::release_shard(outbox_, shard)));
  }
  EXPECT_TRUE(settle_at(32, 32));
}

TEST_F(ShardControlTest, WhatDoesNotExistIsRefused) {
  for (const int shard : {-1, 64}) {
    EXPECT_EQ(admin::pause_shard(outbox_, shard, true).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(admin::release_shard(outbox_, shard).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(admin::move_shard(outbox_, shard, "first").error().code, ErrorCode::invalid_argument);
  }
  const Result<bool> moved = admin::move_shard(outbox_, 1, "nobody");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::not_found);
  EXPECT_FALSE(must(admin::release_shard(outbox_, 1))) << "nobody has it";
  EXPECT_EQ(admin::pause_topic(outbox_, "", true).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(admin::pause_topic(outbox_, "a\nb", true).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(value("select count(*) from outbox_audit"), "0");
}

TEST_F(ShardControlTest, TheNewestThousandMovesAreKept) {
  must_exec(connection_,
            "do $$ begin for i in 1..40 loop "
            "update outbox_shard set owner = 'r' || i, reason = 'taken'; end loop; end $$");
  EXPECT_EQ(value("select count(*) from outbox_move"), "1000");
  EXPECT_EQ(value("select max(to_owner) from outbox_move where id = (select max(id) from "
                  "outbox_move)"),
            "r40");
  must_exec(connection_, "update outbox_shard set paused = true");
  EXPECT_EQ(value("select count(*) from outbox_move where reason = ''"), "0") << "no owner changed";
}

TEST_F(ShardControlTest, WhereTheLogIsReadOneRelayHasAllAndAllMove) {
  must(admin::pause_shard(outbox_, 3, true));
  auto tables = must(postgres_table::Tables::find(connection_, "outbox"));
  const auto refused =
      postgres_table::read_log(connection_, database_.url(), tables, "", {.actor = "test"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("paused"));
  must(admin::pause_shard(outbox_, 3, false));

  read_the_log(database_);
  ASSERT_TRUE(eventually([&] { return first_.look() == 64; }));
  const Result<bool> paused = admin::pause_shard(outbox_, 3, true);
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::conflict);
  ASSERT_TRUE(eventually([&] {
    return second_.look() == 0 && value(
                                      "select count(*) from "
                                      "outbox_relay") == "2";
  }));
  EXPECT_TRUE(must(admin::move_shard(outbox_, 3, "second")));
  EXPECT_TRUE(settle_at(0, 64));
  second_.leave();
  EXPECT_TRUE(eventually([&] { return first_.look() == 64; }));
  first_.leave();
}

TEST_F(ShardControlTest, RelaysLearnWhichTopicsArePaused) {
  ASSERT_TRUE(eventually([&] { return first_.look() == 64; }));
  EXPECT_EQ(first_.source().paused_topics(), nullptr);
  const int connects = first_.connects();
  EXPECT_TRUE(must(admin::pause_topic(outbox_, "orders", true)));
  EXPECT_FALSE(must(admin::pause_topic(outbox_, "orders", true)));
  EXPECT_TRUE(must(admin::pause_topic(outbox_, "bills", true)));
  ASSERT_TRUE(eventually([&] {
    const auto topics = first_.source().paused_topics();
    return topics != nullptr && *topics == TopicNames{"bills", "orders"};
  }));
  EXPECT_TRUE(must(admin::pause_topic(outbox_, "orders", false)));
  EXPECT_TRUE(must(admin::pause_topic(outbox_, "bills", false)));
  EXPECT_FALSE(must(admin::pause_topic(outbox_, "bills", false)));
  ASSERT_TRUE(eventually([&] { return first_.source().paused_topics() == nullptr; }));
  EXPECT_EQ(first_.look(), 64);
  EXPECT_EQ(first_.connects(), connects) << "for that it need not connect again";
  EXPECT_EQ(value("select string_agg(action || ' ' || (details ->> 'topic'), ', ' order by id) "
                  "from outbox_audit"),
            "pause-topic orders, pause-topic bills, resume-topic orders, resume-topic bills");
}

}  // namespace
}  // namespace outbox::test
