// Relays that share the shards of one outbox: evenly, each message read by one of them, and a dead
// one's share goes to the others.
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using testing::SizeIs;

constexpr milliseconds kLease{3'000};

class ShardsTest : public testing::Test {
 protected:
  std::unique_ptr<PostgresTableSource> make_relay(const std::string& owner) {
    PostgresTableOptions options = source_options(database_.url());
    options.owner = owner;
    options.lease = kLease;
    return std::make_unique<PostgresTableSource>(options);
  }

  // As the relay does: it connects again when it is told that its share changes. True once it has
  // this many shards.
  static bool settles_at(PostgresTableSource& relay, int& shards, int wanted) {
    return eventually([&] {
      if (shards == 0 || relay.standing() != Standing::owner) {
        relay.close();
        const Result<Exceptions> connected = relay.connect();
        shards = connected ? connected->shards : 0;
      }
      return shards == wanted && relay.standing() == Standing::owner;
    });
  }

  void two_relays() {
    ASSERT_TRUE(settles_at(*first_, first_shards_, 64));
    ASSERT_TRUE(eventually([&] {
      const bool second = settles_once(*second_, second_shards_, 32);
      return settles_once(*first_, first_shards_, 32) && second;
    }));
  }
  static bool settles_once(PostgresTableSource& relay, int& shards, int wanted) {
    if (shards == 0 || relay.standing() != Standing::owner) {
      relay.close();
      const Result<Exceptions> connected = relay.connect();
      shards = connected ? connected->shards : 0;
    }
    return shards == wanted;
  }

  // Reads and settles what is there; the seqs.
  static std::multiset<std::int64_t> read_all(PostgresTableSource& relay, std::size_t limit = 100) {
    std::multiset<std::int64_t> seqs;
    while (true) {
      const Batch batch = must(relay.claim(limit));
      Settlement settlement;
      settlement.through = batch.number;
      for (const Record& record : batch.records) {
        seqs.insert(record.seq);
        settlement.delivered.push_back(Receipt{record.seq, "topic", 0, record.seq});
      }
      must(relay.settle(settlement));
      if (batch.records.empty()) {
        return seqs;
      }
    }
  }

  std::string positions() {
    return value_of(connection_,
                    "select count(distinct (from_snapshot::text, coalesce(to_snapshot::text, ''), "
                    "last_seq)) from outbox_position");
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  std::unique_ptr<PostgresTableSource> first_ = make_relay("first");
  std::unique_ptr<PostgresTableSource> second_ = make_relay("second");
  int first_shards_ = 0;
  int second_shards_ = 0;
};

TEST_F(ShardsTest, AreDividedEvenlyAndEachMessageIsReadByOneRelay) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  insert_rows(connection_, 1'000);
  std::multiset<std::int64_t> seqs = read_all(*first_);
  EXPECT_GT(seqs.size(), 200U);
  EXPECT_LT(seqs.size(), 800U);
  seqs.merge(read_all(*second_));
  EXPECT_THAT(seqs, SizeIs(1'000));
  EXPECT_THAT(std::set(seqs.begin(), seqs.end()), SizeIs(1'000)) << "none by both";
}

TEST_F(ShardsTest, ARelayThatLeavesHandsItsShareOverAtOnce) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  const auto began = std::chrono::steady_clock::now();
  second_->close();
  second_->leave();
  ASSERT_TRUE(settles_at(*first_, first_shards_, 64));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{10});
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_relay"), "1");
}

TEST_F(ShardsTest, ADeadRelaysShareIsTakenAfterItsLeaseAndNotBefore) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  second_.reset();  // without leaving
  const auto died = std::chrono::steady_clock::now();
  ASSERT_TRUE(settles_at(*first_, first_shards_, 64));
  EXPECT_GT(std::chrono::steady_clock::now() - died, kLease / 2);
}

TEST_F(ShardsTest, SharesAtDifferentPositionsAreReadOnceAndMeet) {
  ASSERT_NO_FATAL_FAILURE(two_relays());
  insert_rows(connection_, 300);
  const std::size_t by_second = read_all(*second_).size();
  const Batch begun = must(first_->claim(10));  // and in the middle of a range, not settled
  EXPECT_THAT(begun.records, SizeIs(10));
  insert_rows(connection_, 300);
  const Batch more = must(first_->claim(20));
  Settlement part;
  part.through = more.number;
  for (const Record& record : more.records) {
    part.delivered.push_back(Receipt{record.seq, "topic", 0, record.seq});
  }
  must(first_->settle(part));
  first_->close();
  first_->leave();
  ASSERT_TRUE(settles_at(*second_, second_shards_, 64));
  EXPECT_EQ(read_all(*second_, 50).size(), 600 - by_second - begun.records.size() - 20);
  EXPECT_EQ(positions(), "1");
  insert_rows(connection_, 50);
  EXPECT_THAT(read_all(*second_), SizeIs(50));
}

TEST_F(ShardsTest, ARelayWhoseShardsWereTakenMarksNothing) {
  ASSERT_TRUE(settles_at(*first_, first_shards_, 64));
  insert_rows(connection_, 10);
  const Batch batch = must(first_->claim(10));
  // As another relay does that saw no renewal for a lease.
  must_exec(connection_,
            "with gone as (delete from outbox_relay) update outbox_shard set owner = ''");
  ASSERT_TRUE(eventually([&] { return first_->standing() == Standing::lost; }));
  Settlement settlement;
  settlement.through = batch.number;
  settlement.delivered.push_back(Receipt{batch.records.front().seq, "topic", 0, 0});
  const Result<void> settled = first_->settle(settlement);
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().code, ErrorCode::not_owner);
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_receipt"), "0");
}

// A hand's mistake, or a relay that died between two statements of a version to come.
TEST_F(ShardsTest, ShardsOfAnUnknownOwnerAreFreed) {
  must_exec(connection_, "update outbox_shard set owner = 'nobody' where shard < 10");
  EXPECT_TRUE(settles_at(*first_, first_shards_, 64));
}

TEST_F(ShardsTest, TheRestIsGivenToTheFirstOnes) {
  std::unique_ptr<PostgresTableSource> third = make_relay("third");
  int third_shards = 0;
  ASSERT_TRUE(eventually([&] {
    const bool one = settles_once(*first_, first_shards_, 22);
    const bool two = settles_once(*second_, second_shards_, 21);
    const bool three = settles_once(*third, third_shards, 21);
    return one && two && three;
  }));
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_shard where owner = ''"), "0");
}

TEST_F(ShardsTest, AnOperatorsChangeAsksForANewConnectionAndAPauseForNone) {
  ASSERT_TRUE(settles_at(*first_, first_shards_, 64));
  must_exec(connection_, "update outbox_control set paused = true");
  EXPECT_TRUE(eventually([&] { return first_->standing() == Standing::paused; }));
  must_exec(connection_, "update outbox_control set paused = false");
  EXPECT_TRUE(eventually([&] { return first_->standing() == Standing::owner; }));
  must_exec(connection_, "update outbox_control set revision = revision + 1");
  EXPECT_TRUE(eventually([&] { return first_->standing() == Standing::changing; }));
  first_->close();
  must(first_->connect());
  EXPECT_EQ(first_->standing(), Standing::owner);
}

// Of a shard that nobody has, the position may lie in the table that a busy relay empties.
TEST_F(ShardsTest, APositionOfAnIdleShardSurvivesTheRotation) {
  must_exec(connection_,
            "insert into outbox_relay (owner) values ('frozen');"
            "update outbox_shard set owner = 'frozen', epoch = nextval('outbox_epoch') "
            "where shard < 32;"
            "insert into outbox_progress_1 (epoch, n, shards, from_snapshot) "
            "values (0, 1, (1::bigint << 32) - 1, pg_current_snapshot());"
            "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
            "values (0, 2, ~((1::bigint << 32) - 1), pg_current_snapshot())");
  fill_progress(connection_, 0);
  PostgresTableOptions options = source_options(database_.url());
  options.owner = "first";  // its lease is long, so the frozen one stays a member
  PostgresTableSource relay{options};
  ASSERT_EQ(must(relay.connect()).shards, 32);
  const auto position_of_0 = [&] {
    return value_of(connection_, "select from_snapshot::text from outbox_position where shard = 0");
  };
  const std::string before = position_of_0();
  for (int i = 0; i < 3; ++i) {
    insert_rows(connection_, 10);
    read_all(relay);
  }
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from outbox_progress_1 "
                     "where epoch = 0 and n = 1"),
            "0")
      << "the table was emptied";
  EXPECT_EQ(position_of_0(), before);
}

}  // namespace
}  // namespace outbox::test
