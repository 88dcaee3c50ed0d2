#include "sources/postgres_table/doorbell.hpp"

#include <gtest/gtest.h>

namespace outbox::postgres_table {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(DoorbellTest, LooksAgainAfterAShareOfTheSilence) {
  EXPECT_EQ(Doorbell::poll_after(milliseconds{4}), milliseconds{1});
  EXPECT_EQ(Doorbell::poll_after(milliseconds{10}), microseconds{2'500});
}

TEST(DoorbellTest, LooksNeitherAllTheTimeNorTooSeldom) {
  EXPECT_EQ(Doorbell::poll_after(milliseconds{0}), microseconds{400});
  EXPECT_EQ(Doorbell::poll_after(milliseconds{200}), milliseconds{5});
}

}  // namespace
}  // namespace outbox::postgres_table
