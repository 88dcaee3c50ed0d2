#include "admin/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/message_fixture.hpp"

namespace outbox::admin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 1 and 8 were delivered.
class ReplayTest : public MessageTest {
 protected:
  std::vector<std::int64_t> chosen(const ReplayFilter& filter, const GoOn& go_on = {}) {
    const auto seqs = replay_.select(filter, kMostMessages, go_on);
    EXPECT_TRUE(seqs) << seqs.error().message;
    return seqs ? *seqs : std::vector<std::int64_t>{};
  }
  static ReplayFilter with(std::string ReplayFilter::*member, std::string value) {
    ReplayFilter filter{};
    filter.*member = std::move(value);
    return filter;
  }
  // Rows that a position covers, as the relay leaves them.
  void write_many(const std::string& count) {
    exec(
        "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
        "select gen_random_uuid(), 'order', 'many', 'OrderSent', '{}' from generate_series(1, " +
        count + ")");
    exec(
        "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
        "select max(epoch), max(n) + 1, -1, pg_current_snapshot() from outbox_progress_0");
  }
  // Which the log alone had, at seqs that no row comes near.
  void keep(const std::string& seq, const std::string& created_at) {
    exec(
        "insert into outbox_kept (seq, created_at, id, shard, aggregatetype, aggregateid, type, "
        "headers, payload) values (" +
        seq + ", '" + created_at +
        "', 'aaaaaaaa-0000-4000-8000-000000000000', 0, 'order', 'k', 'OrderKept', '{}', '{}')");
  }

  Replay replay_{outbox_};
};

TEST_F(ReplayTest, ChoosesWhatTheViewCallsProcessed) {
  // Behind a dead one of its key, and delivered before that: skipped by an operator, say.
  exec(
      "insert into outbox_receipt_run (first_seq, last_seq, first_offset, \"partition\", topic) "
      "values (4, 4, 1, 0, 'orders')");
  EXPECT_EQ(value("select string_agg(seq::text, ' ' order by seq) from outbox_message "
                  "where status = 'processed'"),
            "1 4 8");
  EXPECT_THAT(chosen(with(&ReplayFilter::type, "OrderPaid")), ElementsAre(1, 4, 8));
  EXPECT_THAT(chosen(with(&ReplayFilter::key, "b")), ElementsAre(4));
  EXPECT_THAT(chosen(with(&ReplayFilter::since, "1h")), ElementsAre(1, 4, 8));
  EXPECT_THAT(chosen(with(&ReplayFilter::until, "1h")), IsEmpty());
  for (const int seq : {1, 2, 5, 8, 9}) {
    const std::string id = value("select id from outbox where seq = " + std::to_string(seq));
    EXPECT_THAT(chosen(with(&ReplayFilter::id, id)).size(), seq == 1 || seq == 8 ? 1U : 0U) << seq;
  }
}

TEST_F(ReplayTest, FindsKeptMessagesWhereverTheirSeqsAre) {
  keep("1000", "2030-01-01T12:00:00Z");
  const std::string id = "aaaaaaaa-0000-4000-8000-000000000000";
  for (const char* rows : {"some", "none"}) {
    EXPECT_THAT(chosen(with(&ReplayFilter::id, id)), ElementsAre(1000)) << rows;
    EXPECT_THAT(chosen(with(&ReplayFilter::key, "k")), ElementsAre(1000)) << rows;
    EXPECT_THAT(chosen(with(&ReplayFilter::type, "OrderKept")), ElementsAre(1000)) << rows;
    EXPECT_THAT(chosen(with(&ReplayFilter::since, "2030-01-01T12:00:00Z")), ElementsAre(1000))
        << rows;
    EXPECT_THAT(chosen({"2030-01-01T11:00:00Z", "2030-01-01T12:00:01Z", "", "", ""}),
                ElementsAre(1000))
        << rows;
    exec("delete from outbox");
  }
}

TEST_F(ReplayTest, LooksInStepsThatCanBeStopped) {
  write_many("9000");
  int asked = 0;
  const auto count = [&](std::size_t, std::size_t) { return ++asked > 0; };
  EXPECT_THAT(chosen(with(&ReplayFilter::type, "Nothing"), count), IsEmpty());
  EXPECT_GE(asked, 2) << "also where nothing is found";
  EXPECT_EQ(chosen(with(&ReplayFilter::type, "OrderSent")).size(), 9000U);
  EXPECT_EQ(chosen(with(&ReplayFilter::key, "many")).size(), 9000U);
  const auto some =
      chosen(with(&ReplayFilter::key, "many"), [](std::size_t, std::size_t) { return false; });
  EXPECT_GT(some.size(), 0U);
  EXPECT_LT(some.size(), 9000U);
  const auto refused = replay_.select(with(&ReplayFilter::type, "OrderSent"), 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace outbox::admin
