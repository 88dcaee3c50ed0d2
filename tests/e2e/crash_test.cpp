// Each part of the system is killed in the middle of 5,000 orders and started again: every order
// still has its one invoice.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "demo/audit.hpp"
#include "demo/order_driver.hpp"
#include "tests/e2e/system.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::e2e {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kOrders = 5'000;
constexpr auto kLongest = 4min;

demo::AuditTargets targets_of(const Stack& stack) {
  demo::AuditTargets targets;
  targets.database_url = stack.postgres();
  targets.kafka_brokers = stack.kafka();
  targets.mongo_uri = stack.mongo();
  return targets;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"order-service", "outbox-processor", "invoice-service"}) {
      ASSERT_TRUE(system_.ready(program, 60s)) << program << " is not ready";
    }
  }

  // Sends the orders while `disturb` does its work.
  template <class Disturb>
  void send_orders(Disturb disturb) {
    demo::DriverOptions options;
    options.orders_url = system_.url("order-service");
    options.orders = kOrders;
    options.deadline = deadline_;
    std::jthread sending{[&] {
      const auto sent = demo::send_orders(
          options, [this](const demo::DriverReport& report) { accepted_ = report.accepted; });
      EXPECT_TRUE(sent) << sent.error().message;
    }};
    disturb();
  }

  // In the middle of the work: when so many orders were accepted.
  [[nodiscard]] bool accepted(std::int64_t orders) {
    return test::eventually([&] { return accepted_ >= orders; }, 90s);
  }

  Stack stack_{"crash"};
  System system_{stack_};
  std::atomic<std::int64_t> accepted_{0};
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + kLongest;
};

TEST_F(Crash, every_order_has_one_invoice_after_each_part_was_killed_in_the_middle_of_the_work) {
  send_orders([&] {
    for (const char* program : {"outbox-processor", "invoice-service"}) {
      const bool relay = std::string{program} == "outbox-processor";
      EXPECT_TRUE(accepted(relay ? 500 : 1'200));
      system_.kill(program);
      EXPECT_TRUE(accepted(relay ? 800 : 1'600));  // work piles up meanwhile
      system_.start(program);
      EXPECT_TRUE(system_.ready(program, 60s)) << program;
    }
    EXPECT_TRUE(accepted(2'200));
    stack_.kill("postgres");
    stack_.start("postgres");
    EXPECT_TRUE(accepted(3'400));
    stack_.kill("kafka");
    EXPECT_TRUE(accepted(3'800));
    stack_.start("kafka");
  });
  EXPECT_EQ(accepted_, kOrders);

  const demo::AuditTargets targets = targets_of(stack_);
  const auto settled = demo::await_settled(targets, deadline_, [](const demo::Progress&) {});
  EXPECT_TRUE(settled) << settled.error().message;
  const auto report = demo::audit(targets);
  ASSERT_TRUE(report) << report.error().message;
  std::printf(
      "measured: crash: %lld orders, %lld outbox rows, %lld processed, %lld invoices, lost %lld, "
      "duplicate effects %lld, duplicate records %lld\n",
      static_cast<long long>(report->orders), static_cast<long long>(report->outbox_rows),
      static_cast<long long>(report->processed), static_cast<long long>(report->invoices),
      static_cast<long long>(report->lost), static_cast<long long>(report->duplicate_effects),
      static_cast<long long>(report->duplicate_records));
  EXPECT_EQ(report->orders, kOrders);
  EXPECT_EQ(report->lost, 0);
  EXPECT_EQ(report->duplicate_effects, 0);
  EXPECT_TRUE(report->clean()) << (report->findings.empty() ? "" : report->findings.front());

  for (const char* program : {"order-service", "outbox-processor", "invoice-service"}) {
    EXPECT_EQ(system_.stop(program, 20s), 0) << program << " did not end cleanly on SIGTERM";
  }
}

}  // namespace
}  // namespace outbox::e2e
