// Each part of the system is killed in the middle of 5,000 orders and started again: every order
// still has its one invoice.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "demo/audit.hpp"
#include "demo/order_driver.hpp"
#include "inbox/mongo/client.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "support/pg/connection.hpp"
#include "tests/e2e/system.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::e2e {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kOrders = 5'000;
constexpr std::int64_t kFirst = 200;    // before any kill
constexpr std::int64_t kStage = 1'000;  // with one kill each, and the rest at last
// While a kill is due that takes a moment, so that orders are left when it is done.
constexpr auto kSlowly = 5ms;
constexpr auto kLongest = 4min;

demo::AuditTargets targets_of(const test::OwnStack& stack) {
  demo::AuditTargets targets;
  targets.orders_database = stack.variable("OUTBOX_TEST_POSTGRES");
  targets.kafka_brokers = stack.variable("OUTBOX_TEST_KAFKA");
  targets.invoices_database = stack.variable("OUTBOX_TEST_MONGO");
  return targets;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    mongo::ClientOptions options;
    options.uri = targets_.invoices_database;
    options.database = targets_.mongo_database;
    auto client = mongo::Client::create(options);
    ASSERT_TRUE(client) << client.error().message;
    mongo_ = std::move(client).value();
    for (const char* program : {"order-service", "outbox-processor", "invoice-service"}) {
      ASSERT_TRUE(system_.ready(program, 60s)) << program << " is not ready";
    }
  }

  // Sends orders in a thread that the result joins. A stage begins only when its kill is due, so
  // that the orders cannot be over before.
  [[nodiscard]] std::jthread send(std::int64_t orders) {
    begun_ = accepted_.load();
    return std::jthread{[this, orders, before = accepted_.load()] {
      demo::DriverOptions options;
      options.orders_url = system_.url("order-service");
      options.orders = orders;
      options.deadline = deadline_;
      const auto sent = demo::send_orders(options, [&](const demo::DriverReport& report) {
        accepted_ = before + report.accepted;
        if (slowly_) std::this_thread::sleep_for(kSlowly);
      });
      EXPECT_TRUE(sent) << sent.error().message;
    }};
  }

  // Messages that are committed and not marked; -1 while PostgreSQL is away.
  [[nodiscard]] std::int64_t pending() {
    const Result<SourceStatus> status = status_.read();
    return status ? status->pending : -1;
  }

  [[nodiscard]] std::int64_t delivered() const {
    auto connection = pg::Connection::connect(targets_.orders_database);
    if (!connection) return -1;
    const auto rows = connection->query("select count(*) from outbox_receipt");
    return rows ? rows->int8(0, 0) : -1;
  }

  // Every document is one, as nothing is cancelled.
  [[nodiscard]] std::int64_t invoices() const {
    mongo::Bson id_only;
    id_only.integer("_id", 1);
    mongo::Bson options;
    options.document("projection", id_only);
    const auto found = mongo_->collection("invoices").find(mongo::Bson(), options);
    return found ? static_cast<std::int64_t>(found->size()) : -1;
  }

  // Returns in the middle of a stage, while the relay has work in flight.
  void await_the_middle() {
    ASSERT_TRUE(
        test::eventually([&] { return accepted_ >= begun_ + kStage / 4 && pending() > 0; }));
    ASSERT_LT(accepted_, begun_ + kStage) << "the kill would come too late";
  }

  test::OwnStack stack_{"crash", "postgres,kafka,mongo"};
  demo::AuditTargets targets_ = targets_of(stack_);
  postgres_table::StatusReader status_{targets_.orders_database, "outbox", 0ms};
  std::unique_ptr<mongo::Client> mongo_;
  System system_{stack_};
  std::atomic<std::int64_t> accepted_{0};
  std::atomic<bool> slowly_{false};
  std::int64_t begun_ = 0;  // how many were accepted before this stage
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + kLongest;
};

TEST_F(Crash, every_order_has_one_invoice_after_each_part_was_killed_in_the_middle_of_the_work) {
  send(kFirst).join();
  ASSERT_TRUE(test::eventually([&] { return invoices() == kFirst; }));

  {
    const std::jthread sending = send(kStage);
    await_the_middle();
    system_.kill("outbox-processor");
  }
  EXPECT_GT(pending(), 0);
  const std::int64_t before_the_relay = delivered();
  system_.start("outbox-processor");
  EXPECT_TRUE(test::eventually([&] { return delivered() > before_the_relay; }));

  std::int64_t invoices_at_kill = 0;
  {
    const std::jthread sending = send(kStage);
    await_the_middle();
    const std::int64_t orders_at_kill = accepted_;
    system_.kill("invoice-service");
    invoices_at_kill = invoices();
    EXPECT_LT(invoices_at_kill, orders_at_kill);
  }
  // It gets no partition before the session of the killed one times out, and nobody waits for that.
  system_.start("invoice-service");

  {
    slowly_ = true;
    const std::jthread sending = send(kStage);
    await_the_middle();
    stack_.kill("postgres");
    EXPECT_LT(accepted_, begun_ + kStage);
    stack_.start("postgres");
    const std::int64_t before_it_goes_on = delivered();
    EXPECT_TRUE(test::eventually([&] { return delivered() > before_it_goes_on; }));
    slowly_ = false;
  }
  ASSERT_TRUE(test::eventually([&] {
    std::this_thread::sleep_for(500ms);  // counting is work for the server that has to store them
    return invoices() > invoices_at_kill;
  })) << "the restarted invoice-service does nothing";

  {
    slowly_ = true;
    const std::jthread sending = send(kStage);
    await_the_middle();
    stack_.kill("kafka");
    EXPECT_LT(accepted_, begun_ + kStage);
    slowly_ = false;
  }
  EXPECT_GT(pending(), 0);
  EXPECT_LT(accepted_, kOrders);
  EXPECT_LT(invoices(), accepted_);
  stack_.start("kafka");
  send(kOrders - accepted_).join();
  EXPECT_EQ(accepted_, kOrders);

  // The invoices that were missing when the broker came back are made after its crash.
  const auto settled = demo::await_settled(targets_, deadline_, [](const demo::Progress&) {});
  EXPECT_TRUE(settled) << settled.error().message;
  const auto report = demo::audit(targets_);
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
