#include "sinks/http/key_queues.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::http_sink {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KeyQueuesTest : public testing::Test {
 protected:
  void push(std::uint64_t tag, std::string key) {
    Message message;
    message.tag = tag;
    message.key = std::move(key);
    queues_.push(std::move(message));
  }
  // 0: none.
  std::uint64_t next() {
    const auto message = queues_.next();
    return message ? message->tag : 0;
  }
  static std::vector<std::uint64_t> tags(const std::vector<Message>& messages) {
    std::vector<std::uint64_t> result;
    for (const auto& message : messages) {
      result.push_back(message.tag);
    }
    return result;
  }

  KeyQueues queues_;
};

TEST_F(KeyQueuesTest, GivesOneMessageOfAKeyAtATime) {
  push(1, "a");
  push(2, "a");
  push(3, "b");
  EXPECT_EQ(next(), 1U);
  EXPECT_EQ(next(), 3U);
  EXPECT_EQ(next(), 0U);
  push(4, "b");
  EXPECT_EQ(next(), 0U);
  queues_.done("a");
  EXPECT_EQ(next(), 2U);
  queues_.done("b");
  EXPECT_EQ(next(), 4U);
  queues_.done("a");
  queues_.done("b");
  EXPECT_EQ(next(), 0U);
  push(5, "a");
  EXPECT_EQ(next(), 5U);
}

TEST_F(KeyQueuesTest, LetsKeysTakeTurns) {
  for (std::uint64_t tag = 1; tag <= 3; ++tag) {
    push(tag, "a");
  }
  push(4, "b");
  EXPECT_EQ(next(), 1U);
  queues_.done("a");
  EXPECT_EQ(next(), 4U);
  EXPECT_EQ(next(), 2U);
}

TEST_F(KeyQueuesTest, TakesWhatIsBehindAMessageOfItsKey) {
  push(1, "a");
  push(2, "a");
  push(3, "b");
  push(4, "a");
  EXPECT_EQ(next(), 1U);
  EXPECT_THAT(tags(queues_.take_behind("a")), ElementsAre(2U, 4U));
  push(5, "a");
  queues_.done("a");
  EXPECT_EQ(next(), 3U);
  EXPECT_EQ(next(), 5U);
}

TEST_F(KeyQueuesTest, TakesAllThatWaitsButNotWhatIsUnderWay) {
  push(1, "a");
  push(2, "a");
  push(3, "a");
  EXPECT_EQ(next(), 1U);
  push(4, "b");
  EXPECT_THAT(tags(queues_.take_all()), testing::UnorderedElementsAre(2U, 3U, 4U));
  EXPECT_THAT(queues_.take_all(), IsEmpty());
  EXPECT_EQ(next(), 0U);
  push(5, "a");
  push(6, "b");
  EXPECT_EQ(next(), 6U);
  EXPECT_EQ(next(), 0U);  // 1 is still under way
  queues_.done("a");
  EXPECT_EQ(next(), 5U);
}

}  // namespace
}  // namespace outbox::http_sink
