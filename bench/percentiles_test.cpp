#include "bench/percentiles.hpp"

#include <gtest/gtest.h>

namespace outbox::bench {
namespace {

TEST(PercentilesTest, AreWrittenInAnyOrderOfSamples) {
  EXPECT_EQ(percentiles_json("x", {3, 1, 2}),
            R"("x_p50_ms":2.0000,"x_p90_ms":3.0000,"x_p99_ms":3.0000,"x_p99.9_ms":3.0000,)"
            R"("x_max_ms":3.0000)");
  EXPECT_EQ(percentiles_json("x", {}), "");
}

}  // namespace
}  // namespace outbox::bench
