#include "sources/postgres_wal/pgoutput.hpp"

#include <gtest/gtest.h>

#include "support/pg/wire.hpp"

namespace outbox::postgres_wal {
namespace {

namespace wire = pg::wire;

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
  for (const std::string& message : {committed, relation(), insert()}) {
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
  EXPECT_EQ(std::get<WalData>(*unwrap("w" + std::string(24, '\0') + "rest")).message, "rest");
  EXPECT_FALSE(unwrap(""));
  EXPECT_FALSE(unwrap("w" + std::string(23, '\0')));
  EXPECT_FALSE(unwrap("k"));
  EXPECT_FALSE(unwrap("x" + std::string(30, '\0')));
}

}  // namespace
}  // namespace outbox::postgres_wal
