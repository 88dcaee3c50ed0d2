#include "sinks/kafka/in_flight.hpp"

#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

TEST(InFlight, HoldsNoMoreThanItsLimitAndReusesSlots) {
  InFlight in_flight(2);
  Slot* first = in_flight.acquire();
  Slot* second = in_flight.acquire();
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(in_flight.acquire(), nullptr);
  EXPECT_EQ(in_flight.size(), 2U);
  first->tag = 7;
  in_flight.release(*first);
  EXPECT_EQ(in_flight.size(), 1U);
  EXPECT_EQ(in_flight.used(), std::vector<Slot*>{second});
  Slot* again = in_flight.acquire();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->tag, 0U);
}

}  // namespace
}  // namespace outbox::kafka
