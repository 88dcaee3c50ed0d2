#include "support/kafka/admin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/environment.hpp"
#include "tests/support/kafka_topic.hpp"

namespace outbox::kafka {
namespace {

Admin admin() {
  return Admin::connect(test::require_env("OUTBOX_TEST_KAFKA")).value();
}

TEST(AdminTest, ATopicIsMadeGrownAndRemoved) {
  Admin kafka = admin();
  const std::string name = test::unique_topic_name("admin.test");
  ASSERT_TRUE(kafka.create_topic(name, 2, -1, {{"retention.ms", "60000"}}));
  EXPECT_EQ(kafka.partitions(name).value(), 2);
  EXPECT_EQ(kafka.ends(name, 2).value(), (std::vector<std::int64_t>{0, 0}));
  const auto again = kafka.create_topic(name, 2);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  ASSERT_TRUE(kafka.set_partitions(name, 3));
  ASSERT_TRUE(kafka.remove_topic(name));
}

TEST(AdminTest, WhatIsNotThereOrMakesNoSenseIsSaidWithItsName) {
  Admin kafka = admin();
  const auto removed = kafka.remove_topic("admin.test-nobody-made-this");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, ErrorCode::not_found);
  EXPECT_THAT(removed.error().message, testing::HasSubstr("admin.test-nobody-made-this"));
  const auto made =
      kafka.create_topic(test::unique_topic_name("admin.test"), 1, -1, {{"no.such.setting", "1"}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::destination_unavailable);
}

}  // namespace
}  // namespace outbox::kafka
