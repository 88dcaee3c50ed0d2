// Aggregates, dead letters, the audit and the shards, as they are listed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/aggregates.hpp"
#include "admin/audit_log.hpp"
#include "admin/dead_letter_list.hpp"
#include "admin/message_fixture.hpp"
#include "admin/message_payload.hpp"
#include "admin/outbox_state.hpp"
#include "admin/shard_list.hpp"
#include "outbox/migrations.hpp"

namespace outbox::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ListsTest : public MessageTest {
 protected:
  std::vector<std::string> aggregates(const std::string& prefix, const PageRequest& page = {}) {
    const auto found = list_aggregates(outbox_, prefix, page);
    EXPECT_TRUE(found) << found.error().message;
    cursor_ = found->next_cursor;
    std::vector<std::string> ids;
    for (const Json& item : found->items)
      ids.push_back(item["aggregateId"]);
    return ids;
  }
  std::vector<std::string> actions(const AuditFilter& filter, const PageRequest& page = {}) {
    const auto found = list_audit(outbox_, filter, page);
    EXPECT_TRUE(found) << found.error().message;
    cursor_ = found->next_cursor;
    std::vector<std::string> actions;
    for (const Json& item : found->items)
      actions.push_back(item["action"]);
    return actions;
  }

  std::string cursor_;
};

TEST_F(ListsTest, AggregatesComeOnceEach) {
  EXPECT_THAT(aggregates(""), ElementsAre("a", "b", "c", "d", "e", "f", "g"));
  EXPECT_EQ(cursor_, "");
  EXPECT_THAT(aggregates("b"), ElementsAre("b"));
  EXPECT_THAT(aggregates("z"), IsEmpty());
}

TEST_F(ListsTest, AggregatesComePageByPage) {
  EXPECT_THAT(aggregates("", {3, ""}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(aggregates("", {3, cursor_}), ElementsAre("d", "e", "f"));
  EXPECT_THAT(aggregates("", {3, cursor_}), ElementsAre("g"));
  EXPECT_EQ(cursor_, "");
}

TEST_F(ListsTest, AggregatesGoOnBehindManyThatBeginOtherwise) {
  exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
      "select gen_random_uuid(), 'order', 'c' || i, 'OrderPaid', '{}' "
      "from generate_series(1, 2500) i");
  EXPECT_THAT(aggregates("b"), ElementsAre("b"));
  int pages = 0;
  for (; !cursor_.empty() && pages < 100; ++pages)
    EXPECT_THAT(aggregates("b", {3, cursor_}), IsEmpty());
  EXPECT_GE(pages, 2) << "whoever asks comes to the end";
  EXPECT_LT(pages, 100);
}

TEST_F(ListsTest, AnAggregateSaysWhatHoldsItUp) {
  const auto found = aggregate_messages(outbox_, "order", "b", {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->blocked_by["seq"], "2");
  EXPECT_EQ(found->blocked_by["state"], "dead");
  EXPECT_EQ(found->blocked_by["lastError"], "too large: 17 bytes");
  EXPECT_EQ(found->held, 2);
  EXPECT_THAT(seqs_of(found->page.items), ElementsAre("2", "3", "4"));
  const auto free = aggregate_messages(outbox_, "order", "a", {});
  ASSERT_TRUE(free);
  EXPECT_TRUE(free->blocked_by.is_null());
  EXPECT_EQ(free->held, 0);
}

TEST_F(ListsTest, DeadLettersTellWhatWaitsBehindThem) {
  const auto found = list_dead_letters(outbox_, {}, {});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->items.size(), 1U);
  const Json& letter = found->items[0];
  EXPECT_EQ(letter["seq"], "2");
  EXPECT_EQ(letter["status"], "dead");
  EXPECT_EQ(letter["holdsKey"], true);
  EXPECT_EQ(letter["heldBehind"], 2);
  EXPECT_EQ(letter["lastError"], "too large: 17 bytes");
  DeadLetterFilter filter;
  filter.error = "no such topic";
  EXPECT_THAT(list_dead_letters(outbox_, filter, {})->items, IsEmpty());
  filter = {};
  filter.aggregate_type = "order";
  filter.key = "b";
  filter.type = "OrderPaid";
  filter.since = "1h";
  EXPECT_EQ(list_dead_letters(outbox_, filter, {})->items.size(), 1U);
}

TEST_F(ListsTest, DeadLettersComePageByPage) {
  exec(
      "insert into outbox_exception (seq, shard, state, key) "
      "select i, 0, 'dead', 'x' from generate_series(11, 15) i");
  PageRequest page{4, ""};
  const auto first = list_dead_letters(outbox_, {}, page);
  EXPECT_THAT(seqs_of(first->items), ElementsAre("15", "14", "13", "12"));
  page.cursor = first->next_cursor;
  const auto second = list_dead_letters(outbox_, {}, page);
  EXPECT_THAT(seqs_of(second->items), ElementsAre("11", "2"));
  EXPECT_EQ(second->next_cursor, "");
}

TEST_F(ListsTest, DeadLettersAreGroupedByWhatTheirErrorsHaveInCommon) {
  exec(
      "insert into outbox_exception (seq, shard, state, key, last_error) values "
      "(11, 0, 'dead', 'x', 'too large: 99 bytes'), "
      "(12, 0, 'dead', 'y', 'no order 01890a5d-ac96-774b-bcce-b302099a8057 here'), "
      "(13, 0, 'dead', 'z', null)");
  const auto groups = group_dead_letters(outbox_);
  ASSERT_TRUE(groups) << groups.error().message;
  EXPECT_EQ((*groups)["total"], 4);
  EXPECT_EQ((*groups)["complete"], true);
  const Json& first = (*groups)["groups"][0];
  EXPECT_EQ(first["error"], "too large: … bytes");
  EXPECT_EQ(first["count"], 2);
  EXPECT_EQ(first["sample"], "too large: 99 bytes");
  EXPECT_EQ(first["filter"], "too large: ");
  EXPECT_EQ((*groups)["groups"].size(), 3U);
  DeadLetterFilter filter;
  filter.error = first["filter"];
  EXPECT_EQ(list_dead_letters(outbox_, filter, {})->items.size(), 2U);
}

TEST_F(ListsTest, TheAuditComesNewestFirstAndFiltered) {
  exec(
      "insert into outbox_audit (at, actor, action, seq, details) values "
      "('2026-01-01', 'ada via api', 'pause', null, '{}'), "
      "('2026-01-02', 'eve via outboxctl', 'edit', 2, '{\"before\": \"a\", \"note\": 1}'), "
      "('2026-01-03', 'ada via api', 'resume', null, '{}')");
  EXPECT_THAT(actions({}), ElementsAre("resume", "edit", "pause"));
  EXPECT_THAT(actions({.actor = "ada", .action = {}, .seq = {}, .since = {}, .until = {}}),
              ElementsAre("resume", "pause"));
  EXPECT_THAT(actions({{}, "edit", "2", {}, {}}), ElementsAre("edit"));
  EXPECT_THAT(actions({{}, {}, {}, "2026-01-02", "2026-01-03"}), ElementsAre("edit"));
  EXPECT_THAT(actions({}, {2, ""}), ElementsAre("resume", "edit"));
  EXPECT_THAT(actions({}, {2, cursor_}), ElementsAre("pause"));
  EXPECT_EQ(cursor_, "");
  const auto edits = list_audit(outbox_, {{}, "edit", {}, {}, {}}, {});
  EXPECT_EQ(edits->items[0]["details"], (Json{{"note", 1}})) << "payloads are for export alone";
  EXPECT_EQ(list_audit(outbox_, {{}, {}, "x", {}, {}}, {}).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(ListsTest, ShardsTellWhoHasThem) {
  exec("update outbox_shard set owner = 'host:1', epoch = 9 where shard = 3");
  exec("insert into outbox_relay (owner) values ('host:1')");
  const auto shards = list_shards(outbox_);
  ASSERT_TRUE(shards) << shards.error().message;
  ASSERT_EQ((*shards)["shards"].size(), 64U);
  EXPECT_EQ((*shards)["shards"][3]["owner"], "host:1");
  EXPECT_EQ((*shards)["shards"][3]["epoch"], "9");
  EXPECT_TRUE((*shards)["shards"][4]["owner"].is_null());
  EXPECT_EQ((*shards)["relays"][0]["shards"], 1);
  EXPECT_EQ((*shards)["moves"][0]["shard"], 3);
  EXPECT_TRUE((*shards)["moves"][0]["from"].is_null());
  EXPECT_EQ((*shards)["moves"][0]["to"], "host:1");
  EXPECT_EQ(*shard_owner(outbox_, 3), (Json{{"relay", "host:1"}, {"epoch", "9"}}));
  EXPECT_TRUE(shard_owner(outbox_, 4)->is_null());
}

TEST_F(ListsTest, TheStateTellsOfPausesAndTruncations) {
  EXPECT_FALSE(read_state(outbox_)->paused);
  EXPECT_FALSE(read_state(outbox_)->truncated);
  exec("update outbox_control set paused = true, paused_topics = '{bills,orders}'");
  exec("update outbox_shard set paused = true where shard in (5, 7)");
  exec("truncate outbox_p0");
  const auto state = read_state(outbox_);
  EXPECT_TRUE(state->paused);
  EXPECT_EQ(state->mode, "table");
  EXPECT_THAT(state->paused_topics, ElementsAre("bills", "orders"));
  EXPECT_THAT(state->paused_shards, ElementsAre(5, 7));
  ASSERT_TRUE(state->truncated);
  EXPECT_EQ(state->truncated->partition, "outbox_p0");
  EXPECT_GT(state->truncated->unsent, 0);
  EXPECT_EQ(*schema_version(outbox_), newest_migration());
}

TEST_F(ListsTest, APayloadIsShownAsItGoesOutNextAndNoLongerThanAskedFor) {
  const auto payload = read_payload(outbox_, 1, 1'000);
  ASSERT_TRUE(payload && *payload);
  EXPECT_EQ((*payload)->encoding, "json");
  EXPECT_THAT((*payload)->content, HasSubstr("Ada"));
  EXPECT_FALSE((*payload)->truncated);
  const auto part = read_payload(outbox_, 1, 5);
  EXPECT_EQ((*part)->content, R"({"cus)");
  EXPECT_TRUE((*part)->truncated);
  EXPECT_EQ((*part)->bytes, (*payload)->bytes);
  exec("update outbox_exception set payload = '{\"edited\": true}' where seq = 2");
  EXPECT_EQ((*read_payload(outbox_, 2, 100))->content, R"({"edited": true})");
  EXPECT_FALSE(*read_payload(outbox_, 77, 100));
}

}  // namespace
}  // namespace outbox::admin
