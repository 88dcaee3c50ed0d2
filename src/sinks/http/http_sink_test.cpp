// The HTTP sink against servers that behave.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/http/http_sink_test_fixture.hpp"
#include "support/webhook/signature.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/webhook_receiver.hpp"

namespace outbox::http_sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::Peer;
using test::Records;
using test::ScriptedServer;
using test::WebhookReceiver;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

TEST_F(HttpSinkTest, PostsASignedWebhookThatIsACloudEvent) {
  const WebhookReceiver receiver;
  settings_.secrets = std::string{kSecret};
  settings_.ce_source = "//shop/orders";
  Records records;
  const auto& record = records.add("key 1", R"({"total":"12.00"})", R"({"traceparent":"00-1"})");
  const auto sender = harness(receiver.url());
  sender->send(records.all());
  ASSERT_TRUE(sender->settle());
  ASSERT_THAT(receiver.received(), SizeIs(1));
  const auto request = receiver.received().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, record.payload);
  const std::string id = record.id.to_string();
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"webhook-id", id},
                                          {"ce-specversion", "1.0"},
                                          {"ce-id", id},
                                          {"ce-source", "//shop/orders"},
                                          {"ce-type", "OrderCreated"},
                                          {"ce-time", "2025-11-24T22:24:24.000042Z"},
                                          {"ce-subject", "key%201"},
                                          {"ce-aggregatetype", "order"},
                                          {"content-type", "application/json"},
                                          {"traceparent", "00-1"},
                                          {"user-agent", "outbox"}}) {
    EXPECT_EQ(request.headers.find(name).value_or(""), value) << name;
    EXPECT_EQ(request.headers.count(name), 1U) << name;
  }
  EXPECT_EQ(request.headers.count("expect"), 0U);
  const std::string timestamp(request.headers.find("webhook-timestamp").value_or(""));
  EXPECT_NEAR(std::stod(timestamp), static_cast<double>(std::time(nullptr)), 60);
  EXPECT_EQ(
      request.headers.find("webhook-signature"),
      webhook::sign(*webhook::decode_secret(kSecret), id, std::stoll(timestamp), record.payload));
}

TEST_F(HttpSinkTest, WithoutSecretsRequestsAreNotSigned) {
  const WebhookReceiver receiver;
  EXPECT_FALSE(outcome(receiver.url()).has_value());
  EXPECT_EQ(receiver.received().at(0).headers.count("webhook-signature"), 0U);
}

TEST_F(HttpSinkTest, ReceiptsNameTheUrlWithoutItsSecrets) {
  const WebhookReceiver receiver;
  Records records;
  records.add("k", "{}");
  auto url = receiver.url();
  url.insert(std::string_view("http://").size(), "user:pass@");
  const auto sender = harness(url + "?token=x#part");
  EXPECT_THAT(sender->sink().health().detail, HasSubstr("nothing was sent"));
  sender->send(records.all());
  ASSERT_TRUE(sender->settle());
  const auto& delivery = sender->deliveries().at(0);
  EXPECT_EQ(delivery.topic, receiver.url());
  EXPECT_EQ(delivery.partition, 0);
  EXPECT_EQ(delivery.offset, -1);
  EXPECT_EQ(receiver.received().at(0).target, "/events?token=x");
  EXPECT_EQ(receiver.received().at(0).headers.find("authorization"), "Basic dXNlcjpwYXNz");
}

// Counts the requests under way, of each key and altogether.
class Overlap {
 public:
  ScriptedServer::Script script() {
    return [this](Peer& peer) {
      while (true) {
        const auto request = peer.read_request();
        if (request.empty()) return;
        const auto key = header(request, "ce-subject");
        enter(key);
        std::this_thread::sleep_for(milliseconds(2));  // work that takes time
        leave(key);
        if (!peer.write(kNoContent)) return;
      }
    };
  }
  int most() const { return most_; }
  int most_of_a_key() const { return most_of_a_key_; }

 private:
  void enter(const std::string& key) {
    const std::lock_guard lock(mutex_);
    most_ = std::max(most_, ++all_);
    most_of_a_key_ = std::max(most_of_a_key_, ++of_key_[key]);
  }
  void leave(const std::string& key) {
    const std::lock_guard lock(mutex_);
    --all_;
    --of_key_[key];
  }

  std::mutex mutex_;
  std::map<std::string, int> of_key_;
  int all_ = 0;
  int most_ = 0;
  int most_of_a_key_ = 0;
};

TEST_F(HttpSinkTest, SendsKeysSideBySideAndOfEachKeyOneAtATime) {
  Overlap overlap;
  const ScriptedServer server(overlap.script());
  settings_.requests_in_flight = 4;
  Records records;
  for (int i = 0; i < 200; ++i) {
    records.add("key-" + std::to_string(i % 5), std::to_string(i));
  }
  const auto sender = harness(server.url());
  sender->send(records.all());
  ASSERT_TRUE(sender->settle());
  EXPECT_THAT(sender->delivered_tags(), SizeIs(200));
  EXPECT_EQ(overlap.most_of_a_key(), 1);
  EXPECT_EQ(overlap.most(), 4);
  EXPECT_EQ(server.connections(), 4);  // and kept
}

TEST_F(HttpSinkTest, AConnectionThatTheServerHasClosedIsNoFailure) {
  const ScriptedServer server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write(kNoContent);
  });
  Records records;
  for (int i = 0; i < 50; ++i) {
    records.add("k", std::to_string(i));
  }
  const auto sender = harness(server.url());
  sender->send(records.all());
  ASSERT_TRUE(sender->settle());
  for (const auto& delivery : sender->deliveries()) {
    EXPECT_FALSE(delivery.error.has_value()) << delivery.tag << ": " << delivery.error->message;
  }
}

TEST_F(HttpSinkTest, TheBufferIsBoundedInBytes) {
  const ScriptedServer server([](Peer& peer) {
    while (!peer.read_request().empty()) {
    }
  });
  settings_.max_buffered_bytes = 10'000;
  Records records;
  for (int i = 0; i < 10; ++i) {
    records.add("k", std::string(3'000, 'x'));
  }
  const auto sender = harness(server.url());
  EXPECT_EQ(sender->sink().send(records.all()).accepted, 3U);
}

TEST_F(HttpSinkTest, TheEnvironmentsProxyIsNotUsed) {
  ASSERT_EQ(::setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  ASSERT_EQ(::setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
  const WebhookReceiver receiver;
  EXPECT_FALSE(outcome(receiver.url()).has_value());
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

// A server that is busy for its first request and well afterwards.
ScriptedServer::Script busy_once(std::atomic<int>& requests, std::string_view status,
                                 std::string retry_after) {
  return [&requests, status, retry_after = std::move(retry_after)](Peer& peer) {
    while (!peer.read_request().empty()) {
      const bool first = requests++ == 0;
      if (!peer.write(first ? fmt::format("HTTP/1.1 {}\r\nRetry-After: {}\r\n"
                                          "Content-Length: 0\r\n\r\n",
                                          status, retry_after)
                            : std::string(kNoContent))) {
        return;
      }
    }
  };
}

std::string http_date(std::time_t time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(time));
}

class RetryAfterTest : public HttpSinkTest {
 protected:
  // Three messages to a server that asks for a pause: how long until the sink takes them again.
  milliseconds pause(std::string_view status, const std::string& retry_after) {
    std::atomic<int> requests = 0;
    const ScriptedServer server(busy_once(requests, status, retry_after));
    settings_.requests_in_flight = 1;
    Records records;
    for (const auto* key : {"a", "b", "a"}) {
      records.add(key, "{}");
    }
    DeliveryQueue queue;
    settings_.url = server.url();
    HttpSink sink(settings_);
    EXPECT_TRUE(sink.connect(queue).ok());
    EXPECT_EQ(sink.send(records.all()).accepted, 3U);
    EXPECT_TRUE(sink.flush(seconds(10)).ok());
    // What waited comes back at once, so that nothing is held up by the pause.
    const auto failed = queue.wait(milliseconds(0));
    EXPECT_THAT(failed, SizeIs(3));
    for (const auto& delivery : failed) {
      EXPECT_EQ(delivery.error.value_or(Error{}).code, ErrorCode::destination_unavailable);
    }
    EXPECT_EQ(requests, 1);

    const auto began = steady_clock::now();
    EXPECT_EQ(sink.send(records.all()).accepted, 0U);
    static_cast<void>(queue.wait(milliseconds(0)));  // the wake of the failure
    while (sink.send(records.all()).accepted == 0 && steady_clock::now() - began < seconds(10)) {
      static_cast<void>(queue.wait(seconds(10)));  // the end of the pause wakes
    }
    const auto paused = steady_clock::now() - began;
    EXPECT_TRUE(sink.flush(seconds(10)).ok());
    EXPECT_EQ(requests, 4);
    return std::chrono::duration_cast<milliseconds>(paused);
  }
};

TEST_F(RetryAfterTest, PausesForItsSeconds) {
  for (const auto* status : {"429 Too Many Requests", "503 Service Unavailable"}) {
    const auto paused = pause(status, "1");
    EXPECT_GT(paused, milliseconds(900));
    EXPECT_LT(paused, seconds(5));
  }
}

TEST_F(RetryAfterTest, PausesUntilItsDate) {
  const auto paused = pause("503 Service Unavailable", http_date(std::time(nullptr) + 2));
  EXPECT_GT(paused, milliseconds(500));
  EXPECT_LT(paused, seconds(5));
}

TEST_F(RetryAfterTest, PausesNoLongerThanTheSettingsAllow) {
  settings_.max_retry_after = milliseconds(300);
  for (const auto& value : {std::string("86400"), std::string("9223372036854775807"),
                            http_date(std::time(nullptr) + 86'400)}) {
    const auto paused = pause("429 Too Many Requests", value);
    EXPECT_GT(paused, milliseconds(200)) << value;
    EXPECT_LT(paused, seconds(5)) << value;
  }
}

TEST_F(RetryAfterTest, CountsForItsOwnAnswerOnly) {
  std::atomic<int> requests = 0;
  const ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      const char* retry_after = requests++ == 0 ? "Retry-After: 1\r\n" : "";
      if (!peer.write(
              fmt::format("HTTP/1.1 503 Busy\r\n{}Content-Length: 0\r\n\r\n", retry_after))) {
        return;
      }
    }
  });
  settings_.requests_in_flight = 1;
  settings_.max_retry_after = milliseconds(200);
  DeliveryQueue queue;
  settings_.url = server.url();
  HttpSink sink(settings_);
  ASSERT_TRUE(sink.connect(queue).ok());
  Records records;
  records.add("k", "{}");
  ASSERT_EQ(sink.send(records.all()).accepted, 1U);
  ASSERT_TRUE(sink.flush(seconds(10)).ok());
  EXPECT_EQ(sink.send(records.all()).accepted, 0U);  // the failure
  EXPECT_TRUE(test::eventually([&] { return sink.send(records.all()).accepted == 1; }));
  ASSERT_TRUE(sink.flush(seconds(10)).ok());
  EXPECT_EQ(sink.send(records.all()).accepted, 0U);  // the failure
  EXPECT_EQ(sink.send(records.all()).accepted, 1U);  // and no pause
}

TEST_F(RetryAfterTest, DoesNotPauseForOtherAnswersAndValues) {
  EXPECT_LT(pause("502 Bad Gateway", "60"), seconds(1));
  for (const auto& value :
       {std::string("0"), std::string("-5"), std::string("soon"), http_date(1'000'000'000)}) {
    EXPECT_LT(pause("503 Service Unavailable", value), seconds(1)) << value;
  }
}

}  // namespace
}  // namespace outbox::http_sink
