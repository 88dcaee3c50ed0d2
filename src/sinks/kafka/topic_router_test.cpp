#include "sinks/kafka/topic_router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

using testing::HasSubstr;

TEST(TopicRouter, RoutesBeatTheTemplate) {
  const auto router =
      TopicRouter::make("outbox.event.${aggregatetype}", {{"order", "order-events"}});
  ASSERT_TRUE(router.ok());
  EXPECT_EQ(router->topic_of("order").value(), "order-events");
  EXPECT_EQ(router->topic_of("customer").value(), "outbox.event.customer");
}

TEST(TopicRouter, TheTemplateMayHoldThePlaceholderAnywhereOrNotAtAll) {
  EXPECT_EQ(TopicRouter::make("all", {})->topic_of("x").value(), "all");
  EXPECT_EQ(TopicRouter::make("${aggregatetype}.${aggregatetype}", {})->topic_of("x").value(),
            "x.x");
}

TEST(TopicRouter, RefusesSettingsThatMakeNoTopicName) {
  EXPECT_THAT(TopicRouter::make("a b", {}).error().message, HasSubstr("sink.topic"));
  EXPECT_THAT(TopicRouter::make("", {}).error().message, HasSubstr("sink.topic"));
  EXPECT_THAT(TopicRouter::make("${aggregate}", {}).error().message, HasSubstr("sink.topic"));
  EXPECT_THAT(TopicRouter::make("t", {{"order", "or/ders"}}).error().message,
              HasSubstr("sink.routes"));
}

TEST(TopicRouter, RefusesAMessageWhoseTypeMakesNoTopicName) {
  const auto router = TopicRouter::make("${aggregatetype}", {{"..", "dots"}});
  ASSERT_TRUE(router.ok());
  for (const auto* type : {"", "a b", ".", "ü", "a/b", "a\n"}) {
    const auto topic = router->topic_of(type);
    ASSERT_FALSE(topic.ok()) << type;
    EXPECT_EQ(topic.error().code, ErrorCode::message_rejected);
    EXPECT_THAT(topic.error().message, HasSubstr("sink.routes"));
    EXPECT_THAT(topic.error().message, testing::Not(HasSubstr("\n")));
  }
  EXPECT_EQ(router->topic_of("..").value(), "dots");
  EXPECT_FALSE(router->topic_of(std::string(250, 'x')).ok());
  EXPECT_TRUE(router->topic_of(std::string(249, 'x')).ok());
}

TEST(TopicName, OfAMessageIsChecked) {
  EXPECT_EQ(checked_topic_name("orders-2").value(), "orders-2");
  for (const char* name : {"", "..", "a b", "ä"}) {
    const auto refused = checked_topic_name(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::message_rejected);
  }
}

}  // namespace
}  // namespace outbox::kafka
