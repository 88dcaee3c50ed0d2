#include "invoice-service/dead_letter_producer.hpp"

#include <gtest/gtest.h>

#include "tests/support/environment.hpp"

namespace outbox::invoices {
namespace {

using std::chrono::milliseconds;

TEST(DeadLetterProducer, TellsWhetherItReachesABroker) {
  const auto near =
      DeadLetterProducer::create(test::require_env("OUTBOX_TEST_KAFKA"), "letters", {});
  ASSERT_TRUE(near);
  EXPECT_TRUE((*near)->check(milliseconds(10'000)));
  const auto far = DeadLetterProducer::create("127.0.0.1:1", "letters", {});
  ASSERT_TRUE(far);
  const auto checked = (*far)->check(milliseconds(200));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::destination_unavailable);
}

// kafka.properties are one table for both clients.
TEST(DeadLetterProducer, TakesTheConsumersPropertiesToo) {
  const auto producer =
      DeadLetterProducer::create(test::require_env("OUTBOX_TEST_KAFKA"), "letters",
                                 {{"session.timeout.ms", "7000"},
                                  {"auto.offset.reset", "latest"},
                                  {"enable.ssl.certificate.verification", "false"},
                                  {"reconnect.backoff.max.ms", "500"}});
  ASSERT_TRUE(producer) << producer.error().message;
  EXPECT_TRUE((*producer)->check(milliseconds(10'000)));
}

}  // namespace
}  // namespace outbox::invoices
