// Events by HTTP, against the route on a server of the test's own.
#include "invoice-service/event_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "invoice-service/http_api.hpp"
#include "invoice-service/signed_event.hpp"
#include "support/http/server.hpp"
#include "tests/support/http/json_schema.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::invoices {
namespace {

using http::testing::Reply;
using nlohmann::json;
using testing::cancelled_by_http;
using testing::created_by_http;
using testing::event_order;
using ::testing::HasSubstr;
using testing::SignedEvent;

// A store of which one can be away.
class FlakyInbox final : public Inbox<InvoiceEffect> {
 public:
  explicit FlakyInbox(InvoiceStore& store) : store_(&store) {}
  std::vector<Result<InboxOutcome>> apply(std::span<const InvoiceMessage> messages) override {
    if (!is_away) return store_->apply(messages);
    return {messages.size(), Error{ErrorCode::destination_unavailable, "host db-17 is away"}};
  }
  std::atomic<bool> is_away{false};

 private:
  InvoiceStore* store_;
};

class EventApiTest : public ::testing::Test {
 protected:
  EventApiTest() {
    http::Router router;
    const std::vector<std::string> secrets{testing::secret_bytes(testing::kOldSecretText),
                                           testing::secret_bytes(testing::kSecretText)};
    add_event_route(router, {secrets, std::chrono::minutes(5)}, batcher_, metrics_);
    server_.emplace(http::ServerOptions{.max_body = 10'000}, std::move(router));
    EXPECT_TRUE(server_->start());
  }

  std::unique_ptr<InvoiceStore> open() {
    auto opened = open_store("sqlite:" + (folder_.path() / "invoices.db").string(), "");
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
  }

  // Every answer is one that openapi.json tells of.
  Reply post_with(const std::string& body, const std::string& headers) {
    Reply reply = http::testing::request(server_->port(), "POST", "/v1/events", body, headers);
    const json document = json::parse(openapi_document());
    const json& responses = document["paths"]["/v1/events"]["post"]["responses"];
    EXPECT_TRUE(responses.contains(std::to_string(reply.status))) << reply.status;
    if (reply.status == 204) return reply;
    EXPECT_EQ(reply.headers.find("Content-Type"), "application/problem+json");
    EXPECT_THAT(http::testing::violations(document, document["components"]["schemas"]["Problem"],
                                          json::parse(reply.body)),
                ::testing::IsEmpty());
    return reply;
  }
  Reply post(const SignedEvent& event) { return post_with(event.body, event.headers()); }
  // Of an event that must be refused and change nothing.
  std::string refusal(const SignedEvent& event, int status) {
    const Reply reply = post(event);
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(invoices(), 0U);
    return json::parse(reply.body)["detail"];
  }
  std::size_t invoices() { return store_->list("", 500)->invoices.size(); }
  std::int64_t redeliveries(const std::string& id) {
    const auto fate = store_->find_message(*Uuid::parse(id));
    return fate && *fate ? (*fate)->redeliveries : -1;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<InvoiceStore> store_ = open();
  FlakyInbox inbox_{*store_};
  prometheus::Registry registry_;
  ConsumerMetrics metrics_{registry_};
  EventHandler handler_{inbox_, metrics_};
  EventBatcher batcher_{handler_, metrics_};
  std::optional<http::Server> server_;
};

TEST_F(EventApiTest, AnEventHasItsEffectAndAReplayNone) {
  const SignedEvent event = created_by_http(1);
  const Reply reply = post(event);
  EXPECT_EQ(reply.status, 204) << reply.body;
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ((*store_->find_by_order(event_order(1)))->total_minor, 2'600);

  EXPECT_EQ(post(event).status, 204);
  SignedEvent signed_anew = event;
  signed_anew.timestamp -= 100;
  EXPECT_EQ(post(signed_anew).status, 204);
  EXPECT_EQ(invoices(), 1U);
  EXPECT_EQ(redeliveries(event.id), 2);

  EXPECT_EQ(post(cancelled_by_http(1)).status, 204);
  EXPECT_EQ((*store_->find_by_order(event_order(1)))->status, kVoided);
}

TEST_F(EventApiTest, ATypeThatMeansNothingHereIsTaken) {
  SignedEvent painted = created_by_http(1);
  painted.type = "OrderPainted";
  painted.body = "";
  EXPECT_EQ(post(painted).status, 204);
  EXPECT_EQ(invoices(), 0U);
}

TEST_F(EventApiTest, WhatIsNotSignedRightlyIsRefused) {
  SignedEvent stranger = created_by_http(1);
  stranger.secret = std::string(24, 's');
  EXPECT_THAT(refusal(stranger, 401), HasSubstr("webhook-signature"));

  const SignedEvent event = created_by_http(1);
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    std::string headers = event.headers();
    const auto begin = headers.find(name);
    const std::string line = headers.substr(begin, headers.find('\n', begin) + 1 - begin);
    headers.erase(begin, line.size());
    const Reply without = post_with(event.body, headers);
    EXPECT_EQ(without.status, 401);
    EXPECT_TRUE(without.headers.find("WWW-Authenticate"));
    EXPECT_THAT(without.body, HasSubstr(name));
    EXPECT_EQ(post_with(event.body, event.headers() + line).status, 401) << "twice is not once";
  }
  EXPECT_EQ(post_with(event.body + " ", event.headers()).status, 401);

  SignedEvent of_another_time = event;
  of_another_time.signature =
      webhook::sign(event.secret, event.id, event.timestamp - 1, event.body);
  refusal(of_another_time, 401);
  SignedEvent of_another_id = event;
  of_another_id.signature =
      webhook::sign(event.secret, created_by_http(2).id, event.timestamp, event.body);
  refusal(of_another_id, 401);
}

TEST_F(EventApiTest, ATimestampFarFromTheClockIsRefused) {
  for (const int seconds : {-310, 310}) {
    SignedEvent event = created_by_http(1);
    event.timestamp += seconds;
    EXPECT_THAT(refusal(event, 401), HasSubstr("300 s"));
  }
  SignedEvent extreme = created_by_http(1);
  extreme.timestamp = std::numeric_limits<std::int64_t>::min();
  refusal(extreme, 401);
  for (const int seconds : {-290, 290}) {
    SignedEvent event = created_by_http(1);
    event.timestamp += seconds;
    EXPECT_EQ(post(event).status, 204);
  }
}

TEST_F(EventApiTest, EachOfTheSecretsWillDo) {
  SignedEvent with_the_old_one = created_by_http(1);
  with_the_old_one.secret = testing::secret_bytes(testing::kOldSecretText);
  EXPECT_EQ(post(with_the_old_one).status, 204);
  SignedEvent with_both = created_by_http(2);
  with_both.signature =
      webhook::sign(std::string(24, 's'), with_both.id, with_both.timestamp, with_both.body) + " " +
      webhook::sign(with_both.secret, with_both.id, with_both.timestamp, with_both.body);
  EXPECT_EQ(post(with_both).status, 204);
  EXPECT_EQ(invoices(), 2U);
}

TEST_F(EventApiTest, TheSignedIdIsTheMessages) {
  SignedEvent other = created_by_http(1);
  other.ce_id = created_by_http(2).id;
  EXPECT_THAT(refusal(other, 400), HasSubstr("ce-id"));
  SignedEvent no_uuid = created_by_http(1);
  no_uuid.id = no_uuid.ce_id = "msg_1";
  EXPECT_THAT(refusal(no_uuid, 400), HasSubstr("UUID"));
}

TEST_F(EventApiTest, WhatIsNoCloudEventIsRefused) {
  for (const char* name : {"ce-id", "ce-type", "ce-subject"}) {
    const SignedEvent event = created_by_http(1);
    std::string headers = event.headers();
    headers.replace(headers.find(name), 2, "xx");
    const Reply reply = post_with(event.body, headers);
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr(name));
  }
}

TEST_F(EventApiTest, WhatCannotBeReadStaysWithItsSender) {
  SignedEvent garbage = created_by_http(1);
  garbage.body = "{\"orderId\":";
  EXPECT_THAT(refusal(garbage, 422), HasSubstr("not JSON"));
  SignedEvent misplaced = created_by_http(1);
  misplaced.subject = event_order(2);
  EXPECT_THAT(refusal(misplaced, 422), HasSubstr("key"));

  EXPECT_EQ(post(created_by_http(1)).status, 204);
  SignedEvent second = created_by_http(1);
  second.id = second.ce_id = "0190cccc-0000-7000-8000-000000000001";
  const Reply reply = post(second);
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.body, HasSubstr("was made by message " + created_by_http(1).id));
}

TEST_F(EventApiTest, HeadersAreDecodedAsCloudEventsEncodesThem) {
  SignedEvent event = created_by_http(1);
  event.type = "Order%43reated";
  EXPECT_EQ(post(event).status, 204);
  EXPECT_EQ(invoices(), 1U);
  event.type = "Order%4";
  EXPECT_EQ(post(event).status, 400);
}

TEST_F(EventApiTest, WhatIsTooLargeIsRefused) {
  SignedEvent large = created_by_http(1);
  large.body = std::string(20'000, ' ') + large.body;
  refusal(large, 413);
}

TEST_F(EventApiTest, WhileTheStoreIsAwayTheSenderIsToComeAgain) {
  const SignedEvent event = created_by_http(1);
  inbox_.is_away = true;
  const Reply reply = post(event);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.find("Retry-After"), "1");
  EXPECT_EQ(reply.body.find("db-17"), std::string::npos);
  inbox_.is_away = false;
  EXPECT_EQ(post(event).status, 204);
  EXPECT_EQ(invoices(), 1U);
}

}  // namespace
}  // namespace outbox::invoices
