#include <array>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/sink.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLong{30'000};

std::vector<std::uint64_t> tags(const std::vector<Delivery>& deliveries) {
  std::vector<std::uint64_t> result;
  for (const Delivery& delivery : deliveries) {
    result.push_back(delivery.tag);
  }
  return result;
}

void push(DeliveryQueue& queue, std::uint64_t tag) {
  std::array<Delivery, 1> one{};
  one[0].tag = tag;
  queue.push(one);
}

TEST(DeliveryQueueTest, GivesEverythingThatIsThereInOrder) {
  DeliveryQueue queue;
  push(queue, 3);
  push(queue, 1);
  EXPECT_THAT(tags(queue.wait(milliseconds{0})), ::testing::ElementsAre(3, 1));
  EXPECT_THAT(queue.wait(milliseconds{0}), ::testing::IsEmpty());
}

TEST(DeliveryQueueTest, WaitsForAtMostTheTimeout) {
  DeliveryQueue queue;
  const auto began = steady_clock::now();
  EXPECT_THAT(queue.wait(milliseconds{20}), ::testing::IsEmpty());
  EXPECT_GE(steady_clock::now() - began, milliseconds{20});
}

TEST(DeliveryQueueTest, AWakeEndsOneWaitAlsoWhenItCameBefore) {
  DeliveryQueue queue;
  queue.wake();
  const auto began = steady_clock::now();
  EXPECT_THAT(queue.wait(kLong), ::testing::IsEmpty());
  EXPECT_LT(steady_clock::now() - began, kLong);
  const auto again = steady_clock::now();
  EXPECT_THAT(queue.wait(milliseconds{20}), ::testing::IsEmpty());
  EXPECT_GE(steady_clock::now() - again, milliseconds{20});
}

TEST(DeliveryQueueTest, HandsDeliveriesFromThreadToThread) {
  constexpr std::uint64_t kDeliveries = 20'000;
  DeliveryQueue queue;
  const std::jthread sink{[&queue] {
    for (std::uint64_t tag = 1; tag <= kDeliveries; ++tag) {
      push(queue, tag);
    }
  }};
  std::uint64_t next = 1;
  while (next <= kDeliveries) {
    const std::vector<Delivery> deliveries = queue.wait(kLong);
    ASSERT_FALSE(deliveries.empty());
    for (const Delivery& delivery : deliveries) {
      ASSERT_EQ(delivery.tag, next++);
    }
  }
}

TEST(DeliveryQueueTest, AWakeFromAnotherThreadEndsTheWait) {
  DeliveryQueue queue;
  const std::jthread waker{[&queue] { queue.wake(); }};
  const auto began = steady_clock::now();
  EXPECT_THAT(queue.wait(kLong), ::testing::IsEmpty());
  EXPECT_LT(steady_clock::now() - began, kLong);
}

}  // namespace
}  // namespace outbox
