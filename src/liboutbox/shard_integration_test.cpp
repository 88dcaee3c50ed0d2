#include <string>

#include <gtest/gtest.h>

#include "liboutbox/shard_test_vectors.hpp"
#include "outbox/shard.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

TEST(ShardColumn, AgreesWithTheLibrary) {
  const test::OutboxDatabase database;
  auto connection = database.connect();

  pg::Array keys{pg::Type::text};
  for (const auto& [key, shard] : kShardVectors)
    keys.bytes(key);
  for (int i = 0; i < 2'000; ++i)
    keys.bytes("key " + std::to_string(i));
  pg::Params params;
  params.array(keys);
  auto rows = connection.query(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
      "select gen_random_uuid(), 'order', key, 'Tested', '{}' from unnest($1) key "
      "returning aggregateid, shard",
      params);
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), static_cast<int>(keys.size()));
  for (int row = 0; row < rows->size(); ++row) {
    EXPECT_EQ(rows->int8(row, 1), shard_of(rows->text(row, 0))) << rows->text(row, 0);
  }
}

}  // namespace
}  // namespace outbox
