// The audit on real servers: it must see what is wrong, whoever made it so.
#include "demo/audit.hpp"

#include <gtest/gtest.h>

#include "demo/topic_scan.hpp"
#include "inbox/mongo/document_inbox.hpp"
#include "inbox/mongo/test_database.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/kafka_topic.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    targets_.orders_database = database_.url();
    targets_.kafka_brokers = test::require_env("OUTBOX_TEST_KAFKA");
    targets_.topic = topic_.name();
    targets_.invoices_database = mongo_.uri();
    targets_.mongo_database = mongo_.name();
    run("create table orders (id uuid primary key, total_minor bigint not null, "
        "currency text not null, cancelled_at timestamptz)");
  }

  void run(const std::string& sql) {
    auto connection = database_.connect();
    const auto done = connection.exec(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

  // An order with its message, as order-service writes them; the message's id.
  Uuid write_order(const Uuid& order, std::int64_t total) {
    const Uuid message = Uuid::v7();
    run("begin; insert into orders values ('" + order.to_string() + "', " + std::to_string(total) +
        ", 'EUR', null); insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
        "('" +
        message.to_string() + "', 'order', '" + order.to_string() +
        "', 'OrderCreated', '{}'); commit");
    return message;
  }

  void make_invoice(const Uuid& order, const Uuid& message, std::int64_t total) {
    mongo::DocumentEffect effect;
    effect.document_id = order.to_string();
    effect.name = "created";
    effect.amount_minor = total;
    effect.initial.text("number", "INV-1")
        .text("status", "issued")
        .text("currency", "EUR")
        .integer("totalMinor", total);
    mongo::DocumentInbox inbox(mongo_.client(), "invoices");
    const mongo::DocumentMessage one{message, std::move(effect)};
    const auto outcomes = inbox.apply(std::span(&one, 1));
    ASSERT_TRUE(outcomes[0]) << outcomes[0].error().message;
  }

  AuditReport audited() {
    auto report = audit(targets_);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? std::move(report).value() : AuditReport{};
  }

  test::OutboxDatabase database_;
  mongo::TestDatabase mongo_;
  test::KafkaTopic topic_ = test::KafkaTopic::create(test::require_env("OUTBOX_TEST_KAFKA"),
                                                     test::unique_topic_name("audit"), 3);
  AuditTargets targets_;
};

TEST_F(AuditTest, CountsOrdersMessagesAndInvoices) {
  const Uuid right = Uuid::v7();
  const Uuid wrong = Uuid::v7();
  const Uuid without = Uuid::v7();
  make_invoice(right, write_order(right, 250), 250);
  make_invoice(wrong, write_order(wrong, 250), 251);
  write_order(without, 250);

  const AuditReport report = audited();
  EXPECT_EQ(report.orders, 3);
  EXPECT_EQ(report.outbox_rows, 3);
  EXPECT_EQ(report.created_rows, 3);
  EXPECT_EQ(report.processed, 0) << "no relay has run";
  EXPECT_EQ(report.invoices, 2);
  EXPECT_EQ(report.lost, 2);
  EXPECT_EQ(report.duplicate_effects, 1) << "the other amount";
  EXPECT_EQ(report.records, 0);
  EXPECT_GE(report.p99_ms, 0);
  EXPECT_FALSE(report.clean());
}

TEST_F(AuditTest, SaysWhatIsMissingWhenTheTimeIsUp) {
  write_order(Uuid::v7(), 1);
  const auto waited =
      await_settled(targets_, steady_clock::now() + milliseconds(600), [](const Progress&) {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::timeout);
  EXPECT_NE(waited.error().message.find("1 of 1 orders have no invoice"), std::string::npos)
      << waited.error().message;
}

TEST_F(AuditTest, AnEmptySystemIsSettledAndClean) {
  EXPECT_TRUE(
      await_settled(targets_, steady_clock::now() + milliseconds(10'000), [](const Progress&) {}));
  EXPECT_TRUE(audited().clean());
}

TEST_F(AuditTest, AServerThatIsAwayIsAnErrorWithoutThePassword) {
  targets_.invoices_database = "mongodb://user:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=300";
  const auto report = audit(targets_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace outbox::demo
