// The program as a whole: what it does with events, and what survives kills and outages.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "invoice-service/mongo_invoice.hpp"
#include "invoice-service/service_fixture.hpp"
#include "invoice-service/signed_event.hpp"
#include "invoice-service/tcp_proxy.hpp"
#include "support/sqlite/database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::invoices {
namespace {

using http::testing::request;
using std::chrono::seconds;
using test::eventually;
using testing::cancelled_event;
using testing::created_event;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::order_id;
using testing::ServiceTest;

const std::vector<std::string> kCreatedOnce{"created 2600"};

std::vector<EventRecord> created_events(int first, int count) {
  std::vector<EventRecord> events;
  for (int n = first; n < first + count; ++n)
    events.push_back(created_event(n));
  return events;
}

TEST_F(ServiceTest, AnOrderBecomesAnInvoiceAndARedeliveryChangesNothing) {
  Instance service = start();
  produce({created_event(1)});
  ASSERT_TRUE(await_invoices(1, seconds(20)));
  const auto before = database_.client().collection(kInvoices).find_by_id(order_id(1));
  produce({created_event(1), created_event(2)});
  ASSERT_TRUE(await_invoices(2, seconds(20)));
  const auto after = database_.client().collection(kInvoices).find_by_id(order_id(1));
  EXPECT_TRUE(bson_equal((*before)->get(), (*after)->get()));
  EXPECT_EQ(ledger(1), kCreatedOnce);

  const std::string message(*created_event(1).header("id"));
  produce({created_event(1)});
  ASSERT_TRUE(eventually([&] { return redeliveries() == 2; }));
  const auto reply = request(service.port, "GET", "/v1/events/" + message);
  ASSERT_EQ(reply.status, 200);
  const auto fate = nlohmann::json::parse(reply.body);
  EXPECT_EQ(fate["effect"], "created");
  EXPECT_EQ(fate["duplicates"], 2);
  EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_F(ServiceTest, AnEventThatComesByKafkaAndByHttpHasOneEffect) {
  Instance service = start({{"OUTBOX_EVENTS__SECRETS", testing::kSecretText}});
  const auto by_http = testing::created_by_http(1);
  ASSERT_EQ(created_event(1).header("id"), by_http.id);
  produce({created_event(1)});
  ASSERT_TRUE(await_invoices(1, seconds(20)));
  EXPECT_EQ(request(service.port, "POST", "/v1/events", by_http.body, by_http.headers()).status,
            204);
  EXPECT_EQ(ledger(1), kCreatedOnce);
  EXPECT_EQ(redeliveries(), 1);
}

TEST_F(ServiceTest, KafkasEventsBecomeInvoicesInSqliteToo) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "invoices.db").string();
  Instance service = start({{"MONGO_URI", ""}, {"OUTBOX_STORE__URL", "sqlite:" + path}});
  produce(created_events(0, 2'000));
  produce(created_events(0, 10));
  auto database = sqlite::Database::open(path, {});
  ASSERT_TRUE(database);
  const auto number = [&](const char* sql) { return database->integer(sql).value(); };
  EXPECT_TRUE(
      eventually([&] { return number("select coalesce(sum(redeliveries), 0) from inbox") == 10; },
                 seconds(20)));
  EXPECT_EQ(number("select count(*) from invoice"), 2'000);
  EXPECT_EQ(number("select count(*) from invoice_effect"), 2'000);
  EXPECT_THAT(documents(), IsEmpty());
}

TEST_F(ServiceTest, ACancellationVoidsTheInvoiceBeforeOrAfterItIsMade) {
  Instance service = start();
  // The second order's events are in the wrong order, as after a redelivery by hand.
  produce({created_event(1), cancelled_event(1), cancelled_event(2), created_event(2)});
  ASSERT_TRUE(
      eventually([&] { return ledger(1).size() == 2 && ledger(2).size() == 2; }, seconds(20)));
  EXPECT_THAT(ledger(1), ElementsAre("created 2600", "voided 0"));
  EXPECT_THAT(ledger(2), ElementsAre("voided 0", "created 2600"));
  for (const int order : {1, 2}) {
    const auto reply = request(service.port, "GET", "/v1/invoices/" + invoice_id(order_id(order)));
    ASSERT_EQ(reply.status, 200);
    const auto invoice = nlohmann::json::parse(reply.body);
    EXPECT_EQ(invoice["status"], "voided");
    EXPECT_EQ(invoice["total"], "26.00");
  }
}

TEST_F(ServiceTest, WhatCannotBeProcessedGoesToTheDeadLettersAndStopsNothing) {
  EventRecord garbage = created_event(1);
  garbage.payload = "{\"orderId\":";
  EventRecord second = created_event(2);
  second.headers[0].second = "0190cccc-0000-7000-8000-000000000001";
  EventRecord painted = created_event(3);
  painted.headers[1].second = "OrderPainted";
  produce({garbage, created_event(1), created_event(2), second, painted, created_event(4)});
  Instance service = start();
  ASSERT_TRUE(await_invoices(3, seconds(20)));
  ASSERT_TRUE(eventually([&] { return dead_letters().size() == 2; }, seconds(20)));

  for (const auto& letter : dead_letters()) {
    EXPECT_EQ(letter.header("dlq.topic"), topic_.name());
    ASSERT_TRUE(letter.header("dlq.partition") && letter.header("dlq.offset"));
    if (letter.key == order_id(1)) {
      EXPECT_THAT(*letter.header("dlq.error"), HasSubstr("not JSON"));
      EXPECT_EQ(letter.value, garbage.payload);
      EXPECT_EQ(letter.header("id"), garbage.header("id"));
    } else {
      EXPECT_EQ(letter.key, order_id(2));
      EXPECT_THAT(*letter.header("dlq.error"), HasSubstr("was made by message"));
    }
  }
  EXPECT_EQ(ledger(2), kCreatedOnce);
  const std::string metrics = request(service.port, "GET", "/metrics").body;
  EXPECT_THAT(metrics,
              HasSubstr("outbox_consumer_events_total{outcome=\"skipped\",type=\"other\"} 1"));
}

TEST_F(ServiceTest, ADeadLetterThatIsTooLargeStillTellsWhereTheRecordIs) {
  EventRecord large = created_event(1);
  large.payload = std::string(testing::kMaxDeadLetterBytes + 1'000, 'x');
  produce({large, created_event(2)});
  Instance service = start();
  ASSERT_TRUE(await_invoices(1, seconds(20)));
  ASSERT_TRUE(eventually([&] { return dead_letters().size() == 1; }, seconds(20)));
  const auto letter = dead_letters().front();
  EXPECT_EQ(letter.header("dlq.payload_omitted"), "true");
  EXPECT_EQ(letter.header("dlq.topic"), topic_.name());
  EXPECT_TRUE(letter.header("dlq.offset"));
  EXPECT_EQ(letter.key, order_id(1));
}

TEST_F(ServiceTest, ADeadLetterWithAHugeKeyAndReasonStopsNothing) {
  EventRecord large = created_event(1);
  large.key = std::string(testing::kMaxDeadLetterBytes + 1'000, 'k');
  const std::string name(testing::kMaxDeadLetterBytes + 1'000, 'n');
  large.payload = "{\"" + name + "\":1,\"" + name + "\":2}";
  produce({large, created_event(2)});
  Instance service = start();
  ASSERT_TRUE(await_invoices(1, seconds(20)));
  ASSERT_TRUE(eventually([&] { return dead_letters().size() == 1; }, seconds(20)));
  const auto letter = dead_letters().front();
  EXPECT_EQ(letter.header("dlq.payload_omitted"), "true");
  EXPECT_TRUE(letter.header("dlq.offset"));
  EXPECT_THAT(*letter.header("dlq.error"), HasSubstr("not JSON at #/nnn"));
  EXPECT_EQ(letter.key, std::nullopt);
}

TEST_F(ServiceTest, TextThatIsHardToStoreBecomesAnInvoiceAllTheSame) {
  EventRecord odd = created_event(1);
  const std::string text = R"(\u0000$where.\"'\ud83d\ude00)";
  odd.payload->replace(odd.payload->find("p1"), 2, text);
  odd.payload->replace(odd.payload->find("c1"), 2, text);
  produce({odd});
  Instance service = start();
  ASSERT_TRUE(await_invoices(1, seconds(20)));
  const auto reply = request(service.port, "GET", "/v1/invoices/" + invoice_id(order_id(1)));
  ASSERT_EQ(reply.status, 200);
  const auto expected = nlohmann::json::parse("\"" + text + "\"");
  EXPECT_EQ(nlohmann::json::parse(reply.body)["customerId"], expected);
  EXPECT_EQ(nlohmann::json::parse(reply.body)["items"][0]["productId"], expected);
}

TEST_F(ServiceTest, AKillInTheMiddleLosesAndDoublesNothing) {
  constexpr int kOrders = 3'000;
  Instance service = start({{"OUTBOX_KAFKA__BATCH", "20"}});
  produce(created_events(0, kOrders));
  ASSERT_TRUE(await_invoices(100, seconds(30)));
  service.process.kill();
  const std::size_t at_kill = documents().size();
  EXPECT_LT(at_kill, static_cast<std::size_t>(kOrders)) << "the kill came too late to mean much";

  Instance again = start();
  ASSERT_TRUE(await_invoices(kOrders, seconds(60)));
  for (const auto& document : documents()) {
    EXPECT_EQ(mongo::find_documents(document, "effects").size(), 1U);
  }
}

TEST_F(ServiceTest, SigtermCommitsWhatWasDoneAndLeavesTheGroup) {
  Instance service = start();
  produce(created_events(0, 500));
  ASSERT_TRUE(await_invoices(500, seconds(30)));
  service.process.signal(SIGTERM);
  EXPECT_EQ(service.process.wait(seconds(15)), 0);

  // A consumer that had not left the group would hold its partitions for a session of 45 s.
  Instance again = start();
  produce({created_event(500)});
  ASSERT_TRUE(await_invoices(501, seconds(20)));
  EXPECT_EQ(redeliveries(), 0) << "offsets of finished effects were not committed";
}

TEST_F(ServiceTest, ARebalanceLosesAndDoublesNothing) {
  constexpr int kOrders = 3'000;
  Instance first = start({{"OUTBOX_KAFKA__BATCH", "50"}});
  produce(created_events(0, kOrders / 2));
  Instance second = start({{"OUTBOX_KAFKA__BATCH", "50"}});
  produce(created_events(kOrders / 2, kOrders / 2));
  EXPECT_TRUE(eventually(
      [&] {
        return request(second.port, "GET", "/metrics")
                   .body.find("outbox_consumer_assigned_partitions 2") != std::string::npos;
      },
      seconds(30)))
      << "the second instance got no partitions";
  first.process.signal(SIGTERM);
  EXPECT_EQ(first.process.wait(seconds(15)), 0);
  ASSERT_TRUE(await_invoices(kOrders, seconds(60)));
  for (const auto& document : documents()) {
    EXPECT_EQ(mongo::find_documents(document, "effects").size(), 1U);
  }
}

TEST_F(ServiceTest, WhileMongoIsAwayItStaysInTheGroupAndLosesNothing) {
  const std::string uri = database_.uri();
  const auto colon = uri.rfind(':');
  testing::TcpProxy proxy(static_cast<std::uint16_t>(std::stoi(uri.substr(colon + 1))));
  Instance service =
      start({{"MONGO_URI", "mongodb://127.0.0.1:" + std::to_string(proxy.port()) +
                               "/?serverSelectionTimeoutMS=300&connectTimeoutMS=300"}});
  produce(created_events(0, 50));
  ASSERT_TRUE(await_invoices(50, seconds(20)));

  proxy.cut(true);
  produce(created_events(50, 200));
  ASSERT_TRUE(eventually(
      [&] {
        return request(service.port, "GET", "/metrics").body.find("outbox_consumer_paused 1") !=
               std::string::npos;
      },
      seconds(20)));
  EXPECT_EQ(request(service.port, "GET", "/livez").status, 200);
  EXPECT_EQ(request(service.port, "GET", "/v1/invoices/" + invoice_id(order_id(1))).status, 503);
  EXPECT_EQ(request(service.port, "GET", "/health").status, 503);
  produce(created_events(250, 200));

  proxy.cut(false);
  ASSERT_TRUE(await_invoices(450, seconds(30)));
  for (const auto& document : documents()) {
    EXPECT_EQ(mongo::find_documents(document, "effects").size(), 1U);
  }
  EXPECT_THAT(request(service.port, "GET", "/metrics").body, HasSubstr("outbox_consumer_paused 0"));
}

}  // namespace
}  // namespace outbox::invoices
