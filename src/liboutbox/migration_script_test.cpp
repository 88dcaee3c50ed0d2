#include "liboutbox/migration_script.hpp"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

namespace outbox {
namespace {

const TableName kTable{"billing", "events"};

TEST(FillPlaceholders, KnowsEachForm) {
  const auto filled = fill_placeholders(
      "${outbox} ${outbox_shard} ${name:outbox_id} '${bare:outbox_id}' ${schema} '${bare:schema}' "
      "${payload_type} $1 $$ {x}",
      kTable, PayloadType::bytea);
  ASSERT_TRUE(filled);
  EXPECT_EQ(*filled,
            R"("billing"."events" "billing"."events_shard" "events_id" 'events_id' "billing" )"
            R"('billing' bytea $1 $$ {x})");
}

TEST(FillPlaceholders, RefusesAnUnknownOne) {
  for (const char* sql : {"${inbox}", "${}", "${other:outbox}", "${name:schema}"}) {
    const auto filled = fill_placeholders(sql, kTable, PayloadType::json);
    ASSERT_FALSE(filled) << sql;
    EXPECT_EQ(filled.error().code, ErrorCode::internal);
  }
}

TEST(EmbeddedMigrations, AreNumberedWithoutAGapAndCanBeFilledIn) {
  int version = 0;
  for (const MigrationScript& script : embedded_migrations()) {
    char number[16];
    std::snprintf(number, sizeof number, "%04d_", ++version);
    EXPECT_TRUE(script.name.starts_with(number)) << script.name;
    EXPECT_FALSE(script.up.empty());
    EXPECT_FALSE(script.down.empty());
    EXPECT_TRUE(fill_placeholders(script.up, kTable, PayloadType::json)) << script.name;
    EXPECT_TRUE(fill_placeholders(script.down, kTable, PayloadType::json)) << script.name;
  }
  EXPECT_GE(version, 1);
}

}  // namespace
}  // namespace outbox
