#include "outbox/shard.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "liboutbox/shard_test_vectors.hpp"

namespace outbox {
namespace {

TEST(ShardOf, AgreesWithTheTestVectors) {
  for (const auto& [key, shard] : kShardVectors)
    EXPECT_EQ(shard_of(key), shard) << key;
}

TEST(ShardOf, UsesEveryShard) {
  std::set<int> seen;
  for (int i = 0; i < 2'000; ++i)
    seen.insert(shard_of("order-" + std::to_string(i)));
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kShardCount));
  EXPECT_EQ(*seen.rbegin(), kShardCount - 1);
}

}  // namespace
}  // namespace outbox
