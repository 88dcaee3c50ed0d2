#include "support/telemetry/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>

namespace outbox::telemetry {
namespace {

using testing::HasSubstr;

TEST(Metrics, RendersTheBuildAndWhatWasRegistered) {
  Metrics metrics("relay");
  auto& family = prometheus::BuildCounter()
                     .Name("outbox_things_total")
                     .Help("Things.")
                     .Register(metrics.registry());
  family.Add({{"topic", "a\"b"}}).Increment(3);
  const auto text = metrics.render();
  EXPECT_THAT(text, HasSubstr("outbox_build_info{program=\"relay\",version=\"0."));
  EXPECT_THAT(text, HasSubstr("# TYPE outbox_things_total counter"));
  EXPECT_THAT(text, HasSubstr("outbox_things_total{topic=\"a\\\"b\"} 3"));
}

}  // namespace
}  // namespace outbox::telemetry
