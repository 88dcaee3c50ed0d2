// The program without any server: events by HTTP, invoices in SQLite.
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "invoice-service/invoice.hpp"
#include "invoice-service/signed_event.hpp"
#include "support/sqlite/database.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/span_collector.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::invoices {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::cancelled_by_http;
using testing::created_by_http;
using ::testing::HasSubstr;
using testing::SignedEvent;

class HttpServiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] e2e::Process start(const e2e::Environment& changes = {}) const {
    e2e::Environment environment{{"OUTBOX_STORE__URL", "sqlite:" + database_},
                                 {"OUTBOX_EVENTS__SECRETS", testing::kSecretText},
                                 {"OUTBOX_HTTP__PORT", std::to_string(port_)}};
    for (const auto& [name, value] : changes)
      environment[name] = value;
    return e2e::Process({INVOICE_SERVICE}, environment, log_);
  }
  // The status of an answer; 0 while nobody answers.
  [[nodiscard]] int status(const std::string& method, const std::string& target,
                           const std::string& body = "", const std::string& headers = "") const {
    const auto client = http::testing::Client::try_connect(port_);
    if (!client || !client->send_request(method, target, body, headers)) return 0;
    const auto reply = client->read();
    return reply ? reply->status : 0;
  }
  [[nodiscard]] bool ready() const {
    return test::eventually([&] { return status("GET", "/readyz") == 200; }, seconds(20));
  }
  [[nodiscard]] int post(const SignedEvent& event, const std::string& headers = "") const {
    return status("POST", "/v1/events", event.body, event.headers() + headers);
  }
  [[nodiscard]] json get(const std::string& target) const {
    return json::parse(http::testing::request(port_, "GET", target).body);
  }
  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::int64_t number(const std::string& sql) const {
    auto database = sqlite::Database::open(database_, {});
    const auto value = database->integer(sql);
    EXPECT_TRUE(value) << sql;
    return value ? *value : -1;
  }

  test::TemporaryFolder folder_;
  std::string database_ = (folder_.path() / "invoices.db").string();
  std::string log_ = (folder_.path() / "log").string();
  std::uint16_t port_ = static_cast<std::uint16_t>(e2e::free_port());
};

TEST_F(HttpServiceTest, NeedsNoServerForAnInvoice) {
  e2e::Process service = start();
  ASSERT_TRUE(ready()) << log();
  EXPECT_EQ(post(created_by_http(1)), 204);
  EXPECT_EQ(post(created_by_http(1)), 204);
  EXPECT_EQ(post(cancelled_by_http(1)), 204);
  const json invoice = get("/v1/invoices/" + invoice_id(testing::event_order(1)));
  EXPECT_EQ(invoice["status"], "voided");
  EXPECT_EQ(invoice["total"], "26.00");
  EXPECT_EQ(get("/v1/invoices")["invoices"].size(), 1U);
  EXPECT_EQ(get("/v1/events/" + created_by_http(1).id)["duplicates"], 1);
  EXPECT_EQ(get("/health"),
            json::parse(R"({"status":"up","service":"invoice-service","sqlite":"up"})"));
  const json checks = get("/readyz?verbose")["checks"];
  ASSERT_EQ(checks.size(), 1U) << "there is no Kafka to be ready";
  EXPECT_EQ(checks[0]["name"], "sqlite");

  service.signal(SIGTERM);
  EXPECT_EQ(service.wait(seconds(10)), 0);
  EXPECT_EQ(log().find("whsec_"), std::string::npos);
}

TEST_F(HttpServiceTest, AnEventsTraceIsKeptAndGoesOnInASpan) {
  const std::string traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const test::SpanCollector collector;
  e2e::Process service = start({{"OUTBOX_TELEMETRY__OTLP_ENDPOINT", collector.endpoint()},
                                {"OUTBOX_TELEMETRY__OTLP_HEADERS", "authorization=hunter2"}});
  ASSERT_TRUE(ready()) << log();
  EXPECT_EQ(post(created_by_http(1), "traceparent: " + traceparent + "\r\n"), 204);
  EXPECT_EQ(post(created_by_http(2)), 204);
  EXPECT_EQ(get("/v1/events/" + created_by_http(1).id)["traceparent"], traceparent);
  EXPECT_TRUE(get("/v1/events/" + created_by_http(2).id)["traceparent"].is_null());
  service.signal(SIGTERM);
  EXPECT_EQ(service.wait(seconds(10)), 0);
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 1U) << log();
  EXPECT_EQ(spans[0].service, "invoice-service");
  EXPECT_EQ(spans[0].text("name"), "process /v1/events");
  EXPECT_EQ(spans[0].text("parentSpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(spans[0].attribute("messaging.message.id"), created_by_http(1).id);
  EXPECT_EQ(spans[0].attribute("outbox.outcome"), "created");
  EXPECT_THAT(collector.problems(), ::testing::IsEmpty());
  EXPECT_EQ(log().find("hunter2"), std::string::npos);
}

TEST_F(HttpServiceTest, SaysWhatIsMissingWhenNoEventsCanComeIn) {
  e2e::Process service = start({{"OUTBOX_EVENTS__SECRETS", ""}});
  EXPECT_EQ(service.wait(seconds(10)), 1);
  EXPECT_THAT(log(), HasSubstr("kafka.brokers"));
  EXPECT_THAT(log(), HasSubstr("events.secrets"));
}

TEST_F(HttpServiceTest, DoesNotStartWithASecretThatIsNone) {
  e2e::Process service = start({{"OUTBOX_EVENTS__SECRETS", "hunter2"}});
  EXPECT_EQ(service.wait(seconds(10)), 1);
  EXPECT_THAT(log(), HasSubstr("events.secrets"));
  EXPECT_EQ(log().find("hunter2"), std::string::npos);
}

TEST_F(HttpServiceTest, WithoutASecretTakesNoEvents) {
  e2e::Process service =
      start({{"OUTBOX_EVENTS__SECRETS", ""}, {"OUTBOX_KAFKA__BROKERS", "127.0.0.1:1"}});
  ASSERT_TRUE(test::eventually([&] { return status("GET", "/livez") == 200; }, seconds(20)));
  EXPECT_EQ(post(created_by_http(1)), 404);
}

// A sender that repeats what was not acknowledged, while the service is killed again and again.
TEST_F(HttpServiceTest, KillsLoseAndDoubleNothing) {
  constexpr int kOrders = 400;
  constexpr int kSenders = 4;
  e2e::Process service = start();
  ASSERT_TRUE(ready()) << log();
  std::atomic<int> acknowledged{0};
  {
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&, sender](const std::stop_token& stop) {
        for (int order = sender; order < kOrders; order += kSenders) {
          while (post(created_by_http(order)) != 204) {
            if (stop.stop_requested()) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
          ++acknowledged;
        }
      });
    }
    for (int kill = 1; kill <= 5; ++kill) {
      EXPECT_TRUE(test::eventually([&] { return acknowledged > kill * kOrders / 6; }, seconds(30)));
      service.kill();
      EXPECT_EQ(number("select count(*) from (select * from pragma_integrity_check where "
                       "integrity_check <> 'ok')"),
                0);
      service = start();
    }
    EXPECT_TRUE(test::eventually([&] { return acknowledged == kOrders; }, seconds(30))) << log();
  }
  EXPECT_EQ(number("select count(*) from invoice where number is not null"), kOrders);
  EXPECT_EQ(number("select count(*) from invoice_effect"), kOrders);
  EXPECT_EQ(number("select sum(amount_minor) from invoice_effect"), kOrders * 2'600);
}

}  // namespace
}  // namespace outbox::invoices
