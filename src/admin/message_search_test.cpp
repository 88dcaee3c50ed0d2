#include "admin/message_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/message_fixture.hpp"

namespace outbox::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MessageSearchTest : public MessageTest {
 protected:
  MessagePage page(const MessageFilter& filter, const PageRequest& request = {},
                   const SearchBounds& bounds = {20'000, std::chrono::seconds{10}}) {
    auto found = search_messages(outbox_, filter, request, bounds);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *std::move(found) : MessagePage{};
  }
  std::vector<std::string> found(const MessageFilter& filter, const PageRequest& request = {}) {
    return seqs_of(page(filter, request).items);
  }
  std::string refusal(const MessageFilter& filter, const PageRequest& request = {}) {
    const auto found = search_messages(outbox_, filter, request);
    EXPECT_FALSE(found);
    if (found) return "";
    EXPECT_EQ(found.error().code, ErrorCode::invalid_argument);
    return found.error().message;
  }
};

TEST_F(MessageSearchTest, ShowsTheNewestFirstOrTheOldest) {
  EXPECT_THAT(found({}), ElementsAre("9", "8", "7", "6", "5", "4", "3", "2", "1"));
  MessageFilter ascending;
  ascending.ascending = true;
  EXPECT_THAT(found(ascending), ElementsAre("1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST_F(MessageSearchTest, EachMessageHasTheStatusOfTheView) {
  for (const Json& message : page({}).items) {
    const std::string seq = message["seq"];
    EXPECT_EQ(message["status"].get<std::string>(),
              value("select status from outbox_message where seq = " + seq))
        << seq;
  }
}

TEST_F(MessageSearchTest, EachStatusFindsWhatTheViewHas) {
  for (const char* status :
       {"pending", "delayed", "retrying", "held", "processed", "dead", "discarded"}) {
    for (const bool ascending : {false, true}) {
      MessageFilter filter;
      filter.status = status;
      filter.ascending = ascending;
      std::string seqs;
      for (const std::string& seq : found(filter))
        seqs += (seqs.empty() ? "" : ",") + seq;
      EXPECT_NE(seqs, "") << status;
      EXPECT_EQ(seqs, value("select string_agg(seq::text, ',' order by seq " +
                            std::string{ascending ? "asc" : "desc"} +
                            ") from outbox_message where status = '" + status + "'"))
          << status;
    }
  }
}

TEST_F(MessageSearchTest, ASummaryTellsTheWholeStory) {
  MessageFilter filter;
  filter.aggregate_id = "a";
  const Json message = page(filter).items.at(0);
  EXPECT_EQ(message["seq"], "1");
  EXPECT_EQ(message["aggregateType"], "order");
  EXPECT_EQ(message["aggregateId"], "a");
  EXPECT_EQ(message["type"], "OrderPaid");
  EXPECT_EQ(message["topic"], "orders");
  EXPECT_EQ(message["partition"], 2);
  EXPECT_EQ(message["offset"], "9007199254740993");
  EXPECT_EQ(message["payloadBytes"], 38);
  EXPECT_THAT(message["createdAt"].get<std::string>(),
              testing::MatchesRegex("[0-9-]{10}T[0-9:]{8}[.][0-9]{6}Z"));
  EXPECT_TRUE(message["dueAt"].is_null());
  filter.aggregate_id = "b";
  filter.ascending = true;
  const Json dead = page(filter).items.at(0);
  EXPECT_EQ(dead["attempts"], 3);
  EXPECT_EQ(dead["lastError"], "too large: 17 bytes");
}

TEST_F(MessageSearchTest, FiltersGoTogether) {
  MessageFilter filter;
  filter.aggregate_id = "b";
  EXPECT_THAT(found(filter), ElementsAre("4", "3", "2"));
  filter.status = "held";
  EXPECT_THAT(found(filter), ElementsAre("4", "3"));
  filter.aggregate_type = "bill";
  EXPECT_THAT(found(filter), IsEmpty());

  MessageFilter topic;
  topic.topic = "orders";
  EXPECT_THAT(found(topic), ElementsAre("1"));
  topic.type = "Nothing";
  EXPECT_THAT(found(topic), IsEmpty());

  MessageFilter error;
  error.error = "too large";
  EXPECT_THAT(found(error), ElementsAre("2"));
  error.error = "%";
  EXPECT_THAT(found(error), IsEmpty()) << "it is no pattern";
}

TEST_F(MessageSearchTest, LooksIntoPayloads) {
  MessageFilter filter;
  filter.path = "$.customer.name";
  filter.value = "Ada";
  EXPECT_THAT(found(filter), ElementsAre("9", "8", "7", "6", "5", "4", "3", "2", "1"));
  filter.path = "$.items[0].price";
  filter.value = "1.50";
  exec("update outbox set payload = '{\"items\": [{\"price\": 1.50}]}' where seq = 5");
  // Which text cannot have.
  exec("update outbox set payload = '{\"items\": [{\"price\": \"\\u0000\"}]}' where seq = 6");
  EXPECT_THAT(found(filter), ElementsAre("5"));
}

TEST_F(MessageSearchTest, PassesOverHalvesOfSurrogatePairs) {
  MessageFilter filter;
  filter.path = "$.name";
  filter.value = "Ada";
  const auto set = [&](int seq, const std::string& payload) {
    exec("update outbox set payload = '" + payload + "' where seq = " + std::to_string(seq));
  };
  set(1, R"({"name": "Ada", "note": "\ud800"})");
  set(2, R"({"name": "Ada", "note": "\uDE00"})");
  set(3, R"({"name": "Ada", "note": "\ud83d\\\ude00"})");
  set(4, R"({"name": "Ada", "note": "\\ud83d\ude00"})");
  set(5, R"({"name": "Ada", "note": "\ud83d\ud83d\ude00"})");
  set(6, R"({"name": "Ada", "note": "\ud83D\uDe00 whole"})");
  set(7, R"({"name": "Ada", "note": "\\ud800 and \\u0000 are text"})");
  EXPECT_THAT(found(filter), ElementsAre("7", "6"));
}

TEST_F(MessageSearchTest, TimesBoundTheSearch) {
  exec("update outbox set created_at = '2026-01-01T00:00:00Z'::timestamptz + seq * interval '1 h'");
  MessageFilter filter;
  filter.since = "2026-01-01T03:00:00Z";
  filter.until = "2026-01-01T06:00:00Z";
  EXPECT_THAT(found(filter), ElementsAre("5", "4", "3"));
  filter.since = "2030-01-01T00:00:00Z";
  filter.until = "";
  EXPECT_THAT(found(filter), IsEmpty());
  filter.since = "";
  filter.until = "2020-01-01T00:00:00Z";
  EXPECT_THAT(found(filter), IsEmpty());
}

// Which the log alone had: seqs between those of the rows and beyond them, and then no rows at all.
TEST_F(MessageSearchTest, TimesBoundTheSearchOfKeptMessagesToo) {
  exec("update outbox set created_at = '2026-01-01T00:00:00Z'::timestamptz + seq * interval '1 h'");
  exec(
      "insert into outbox_kept (seq, created_at, id, shard, aggregatetype, aggregateid, type, "
      "headers, payload) "
      "select seq, '2026-01-01T00:00:00Z'::timestamptz + seq * interval '1 h', id, shard, "
      "aggregatetype, aggregateid, type, headers, payload from outbox where seq = 4");
  exec("delete from outbox where seq = 4");
  exec(
      "insert into outbox_kept (seq, created_at, id, shard, aggregatetype, aggregateid, type, "
      "headers, payload) "
      "select 100 + i, '2026-01-05T00:00:00Z'::timestamptz + i * interval '1 h', "
      "gen_random_uuid(), 0, 'order', 'k' || i, 'OrderPaid', '{}', '{}' "
      "from generate_series(1, 5) i");
  MessageFilter filter;
  filter.since = "2026-01-01T03:00:00Z";
  filter.until = "2026-01-01T06:00:00Z";
  EXPECT_THAT(found(filter), ElementsAre("5", "4", "3"));
  filter.since = "2026-01-05T02:00:00Z";
  filter.until = "2026-01-05T04:00:00Z";
  EXPECT_THAT(found(filter), ElementsAre("103", "102"));
  exec("delete from outbox");
  EXPECT_THAT(found(filter), ElementsAre("103", "102"));
  filter.until = "";
  EXPECT_THAT(found(filter), ElementsAre("105", "104", "103", "102"));
}

TEST_F(MessageSearchTest, PagesFollowEachOther) {
  for (const bool ascending : {false, true}) {
    for (const char* status : {"", "held", "processed"}) {
      MessageFilter filter;
      filter.ascending = ascending;
      filter.status = status;
      PageRequest request;
      request.limit = 2;
      std::vector<std::string> all;
      int pages = 0;
      do {
        const MessagePage next = page(filter, request);
        EXPECT_TRUE(next.complete);
        EXPECT_LE(next.items.size(), 2U);
        for (const std::string& seq : seqs_of(next.items))
          all.push_back(seq);
        request.cursor = next.next_cursor;
      } while (!request.cursor.empty() && ++pages < 10);
      EXPECT_EQ(all, found(filter)) << status;
    }
  }
}

TEST_F(MessageSearchTest, SaysHowFarItHasLookedWhenThatWasCutShort) {
  exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
      "select gen_random_uuid(), 'order', 'z' || i, 'OrderPaid', '{}' from generate_series(1, "
      "2000) i");
  for (const bool ascending : {false, true}) {
    MessageFilter filter;
    filter.topic = "nowhere";
    filter.ascending = ascending;
    const SearchBounds bounds{500, std::chrono::seconds{10}};
    PageRequest request;
    int pages = 0;
    MessagePage next;
    do {
      next = page(filter, request, bounds);
      EXPECT_THAT(next.items, IsEmpty());
      EXPECT_EQ(next.searched_to.has_value(), !next.complete);
      EXPECT_EQ(next.next_cursor.empty(), next.complete);
      request.cursor = next.next_cursor;
    } while (!next.complete && ++pages < 20);
    EXPECT_TRUE(next.complete);
    EXPECT_GE(pages, 2);
  }
}

TEST_F(MessageSearchTest, ManyPendingMessagesAreFoundFromTheNewest) {
  exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
      "select gen_random_uuid(), 'order', 'z', 'OrderPaid', '{}' from generate_series(1, 6000) i");
  MessageFilter filter;
  filter.status = "pending";
  PageRequest request;
  request.limit = 3;
  EXPECT_THAT(found(filter, request), ElementsAre("6009", "6008", "6007"));
}

TEST_F(MessageSearchTest, ManyHeldKeysAreFoundFromTheNewest) {
  exec(
      "insert into outbox_exception (seq, until_seq, shard, holds_key, state, key) "
      "select 100000 + i, 100000 + i, 0, true, 'held', 'other-' || i from generate_series(1, 150) "
      "i");
  MessageFilter filter;
  filter.status = "held";
  EXPECT_THAT(found(filter), ElementsAre("4", "3"));
}

TEST_F(MessageSearchTest, AHeldRangeAtAnothersSeqHidesNothing) {
  exec(
      "insert into outbox_exception (seq, until_seq, shard, holds_key, state, key) "
      "values (7, 7, 0, true, 'held', 'unrelated')");
  MessageFilter filter;
  filter.status = "retrying";
  EXPECT_THAT(found(filter), ElementsAre("7"));
}

TEST_F(MessageSearchTest, NamesTheFilterThatIsWrong) {
  MessageFilter filter;
  filter.status = "lost";
  EXPECT_THAT(refusal(filter), HasSubstr("status is pending"));
  filter.status = "";
  filter.path = "$.a";
  EXPECT_THAT(refusal(filter), HasSubstr("path and value go together"));
  filter.value = "1";
  filter.path = "a";
  EXPECT_THAT(refusal(filter), HasSubstr("$.customer.name"));
  filter.path = "$.a[*]";
  EXPECT_THAT(refusal(filter), HasSubstr("no *"));
  filter = {};
  filter.since = "yesterday noon";
  EXPECT_THAT(refusal(filter), HasSubstr("since takes"));
  EXPECT_THAT(refusal({}, {.limit = 0, .cursor = {}}), HasSubstr("limit is 1 to 200"));
  EXPECT_THAT(refusal({}, {.limit = 5, .cursor = "9999999999999999999"}), HasSubstr("cursor"));
  EXPECT_THAT(refusal({}, {.limit = 5, .cursor = "abc"}), HasSubstr("cursor"));
}

}  // namespace
}  // namespace outbox::admin
