#include "sources/postgres_wal/pgoutput.hpp"

#include <gtest/gtest.h>

#include "sources/postgres_wal/outbox_row.hpp"
#include "sources/postgres_wal/replication_stream.hpp"
#include "support/pg/wire.hpp"

namespace outbox::postgres_wal {
namespace {

namespace wire = pg::wire;

std::string begin() {
  std::string message = "B";
  wire::append(message, std::uint64_t{70});
  wire::append(message, std::int64_t{1'000});
  wire::append(message, std::uint32_t{5});
  return message;
}

std::string commit() {
  std::string message = "C";
  wire::append(message, std::uint8_t{0});
  wire::append(message, std::uint64_t{70});
  wire::append(message, std::uint64_t{77});
  wire::append(message, std::int64_t{0});
  return message;
}

std::string relation() {
  std::string message = "R";
  wire::append(message, std::uint32_t{9});
  message += std::string("billing\0outbox\0d", 16);
  wire::append(message, std::uint16_t{1});
  wire::append(message, std::uint8_t{1});
  message += std::string("seq\0", 4);
  wire::append(message, std::uint32_t{20});
  wire::append(message, std::int32_t{-1});
  return message;
}

std::string insert() {
  std::string message = "I";
  wire::append(message, std::uint32_t{9});
  message += 'N';
  wire::append(message, std::uint16_t{3});
  message += "nub";
  wire::append(message, std::int32_t{2});
  return message + "ab";
}

std::string field(std::uint32_t type, std::string_view value) {
  std::string bytes;
  wire::append(bytes, type);
  wire::append(bytes, static_cast<std::int32_t>(value.size()));
  return bytes.append(value);
}

template <class T>
std::string number(T value) {
  std::string bytes;
  wire::append(bytes, value);
  return bytes;
}

// A record as <table>_emit writes it, without a time before which it is not to be delivered.
std::string emitted_content() {
  return number(std::int32_t{9}) + field(20, number(std::int64_t{42})) +
         field(1184, number(std::int64_t{7})) + number(std::uint32_t{1184}) +
         number(std::int32_t{-1}) + field(2950, std::string(16, 'i')) + field(25, "order") +
         field(25, "key") + field(25, "Created") + field(3802, "\1{}") + field(114, "[1]");
}

std::string emitted() {
  const std::string content = emitted_content();
  return "M" + number(std::uint8_t{1}) + number(std::uint64_t{70}) + std::string("outbox:x\0", 9) +
         number(static_cast<std::int32_t>(content.size())) + content;
}

TEST(PgoutputTest, AnEmittedMessageIsARecord) {
  const std::string message = emitted();
  const Result<Change> change = decode(message);
  const auto& decoded = std::get<Emitted>(*change);
  EXPECT_TRUE(decoded.transactional);
  EXPECT_EQ(decoded.prefix, "outbox:x");
  const Result<Record> record = RowShape::read_emitted(decoded.content, 0);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->seq, 42);
  EXPECT_EQ(record->created_at_us, wire::kPostgresEpochUs + 7);
  EXPECT_EQ(record->due_at_us, 0);
  EXPECT_EQ(record->aggregate_type, "order");
  EXPECT_EQ(record->key, "key");
  EXPECT_EQ(record->type, "Created");
  EXPECT_EQ(record->headers, "{}");
  EXPECT_EQ(record->payload, "[1]");
}

TEST(PgoutputTest, AnEmittedMessageThatIsCutOffAnywhereIsRefused) {
  const std::string content = emitted_content();
  for (std::size_t size = 0; size < content.size(); ++size) {
    EXPECT_FALSE(RowShape::read_emitted(std::string_view{content}.substr(0, size), 0)) << size;
  }
  EXPECT_FALSE(RowShape::read_emitted(content + "x", 0));
}

TEST(PgoutputTest, ASlotOutlivesAFailoverWhereTheServerCanSeeToIt) {
  EXPECT_EQ(create_slot_sql("my\"slot", 150'004),
            "CREATE_REPLICATION_SLOT \"my\"\"slot\" LOGICAL pgoutput (SNAPSHOT 'use')");
  EXPECT_EQ(create_slot_sql("slot", 170'000),
            "CREATE_REPLICATION_SLOT \"slot\" LOGICAL pgoutput (SNAPSHOT 'use', FAILOVER)");
}

TEST(PgoutputTest, ABeginSaysWhenItWasCommitted) {
  EXPECT_EQ(std::get<Begin>(*decode(begin())).committed_at_us, 1'000);
}

TEST(PgoutputTest, ACommitSaysWhereTheNextMayBegin) {
  EXPECT_EQ(std::get<Commit>(*decode(commit())).end_lsn, 77U);
}

TEST(PgoutputTest, ARelationNamesItsColumns) {
  const Result<Change> change = decode(relation());
  const auto& decoded = std::get<Relation>(*change);
  EXPECT_EQ(decoded.schema, "billing");
  EXPECT_EQ(decoded.table, "outbox");
  ASSERT_EQ(decoded.columns.size(), 1U);
  EXPECT_EQ(decoded.columns[0].name, "seq");
  EXPECT_EQ(decoded.columns[0].type, 20U);
}

TEST(PgoutputTest, ARowsColumnsAreWalkedInPlace) {
  const std::string message = insert();
  const Result<Change> change = decode(message);
  Result<TupleReader> fields = TupleReader::over(std::get<Insert>(*change).tuple);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->next()->kind, Field::Kind::null);
  EXPECT_EQ(fields->next()->kind, Field::Kind::unchanged);
  EXPECT_EQ(fields->next()->value, "ab");
  EXPECT_EQ(fields->left(), 0U);
  EXPECT_FALSE(fields->next());
}

// Whether every column can be read.
bool is_whole(std::string_view message) {
  const Result<Change> change = decode(message);
  if (!change || !std::holds_alternative<Insert>(*change)) {
    return change.ok();
  }
  Result<TupleReader> fields = TupleReader::over(std::get<Insert>(*change).tuple);
  bool whole = fields.ok();
  while (whole && fields->left() > 0) {
    whole = fields->next().ok();
  }
  return whole;
}

TEST(PgoutputTest, WhatIsCutOffAnywhereIsRefused) {
  std::string committed = commit();
  committed.resize(committed.size() - sizeof(std::int64_t));  // the time, which nobody reads
  for (const std::string& message : {begin(), committed, relation(), insert(), emitted()}) {
    EXPECT_TRUE(is_whole(message));
    for (std::size_t size = 0; size < message.size(); ++size) {
      EXPECT_FALSE(is_whole(std::string_view{message}.substr(0, size)))
          << message.front() << " of " << size << " bytes";
    }
  }
}

TEST(PgoutputTest, AFrameIsDataOrAKeepalive) {
  std::string keepalive = "k";
  wire::append(keepalive, std::uint64_t{5});
  wire::append(keepalive, std::int64_t{0});
  wire::append(keepalive, std::uint8_t{1});
  EXPECT_EQ(std::get<Keepalive>(*unwrap(keepalive)).wal_end, 5U);
  EXPECT_TRUE(std::get<Keepalive>(*unwrap(keepalive)).reply_requested);
  std::string data = "w" + std::string(16, '\0');
  wire::append(data, std::int64_t{7});
  data += "rest";
  EXPECT_EQ(std::get<WalData>(*unwrap(data)).sent_at_us, 7);
  EXPECT_EQ(std::get<WalData>(*unwrap(data)).message, "rest");
  EXPECT_FALSE(unwrap(""));
  EXPECT_FALSE(unwrap("w" + std::string(23, '\0')));
  EXPECT_FALSE(unwrap("k"));
  EXPECT_FALSE(unwrap("x" + std::string(30, '\0')));
}

}  // namespace
}  // namespace outbox::postgres_wal
