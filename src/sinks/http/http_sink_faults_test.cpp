// Servers that misbehave, and the class of error that each must come to.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/http/http_sink_test_fixture.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::http_sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::Peer;
using test::ScriptedServer;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class HttpSinkFaultsTest : public HttpSinkTest {
 protected:
  // The destination failed, with a text like this.
  void expect_unavailable(const std::string& url, const std::string& text) {
    const auto error = outcome(url);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, ErrorCode::destination_unavailable);
    EXPECT_THAT(error->message, HasSubstr(text));
    EXPECT_THAT(error->message, HasSubstr(url));
  }
};

// Sends a byte every 20 ms until the peer has had enough.
void drip(Peer& peer) {
  while (peer.write("x")) {
    std::this_thread::sleep_for(milliseconds(20));  // the fault itself
  }
}

TEST_F(HttpSinkFaultsTest, SlowHeadersEndAtTheTimeout) {
  const ScriptedServer server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 200 OK\r\nX-Slow: ");
    drip(peer);
  });
  settings_.timeout = milliseconds(500);
  const auto began = steady_clock::now();
  expect_unavailable(server.url(), "no answer in time");
  EXPECT_LT(steady_clock::now() - began, seconds(5));
}

TEST_F(HttpSinkFaultsTest, AServerThatNeverAnswersEndsAtTheTimeout) {
  const ScriptedServer server([](Peer& peer) {
    while (!peer.read_request().empty()) {
    }
  });
  settings_.timeout = milliseconds(300);
  expect_unavailable(server.url(), "no answer in time");
}

TEST_F(HttpSinkFaultsTest, EndlessHeadersAreCutOff) {
  const ScriptedServer server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 200 OK\r\n");
    const std::string line = "X-More: " + std::string(1'000, 'x') + "\r\n";
    while (peer.write(line)) {
    }
  });
  const auto began = steady_clock::now();
  expect_unavailable(server.url(), "");
  EXPECT_LT(steady_clock::now() - began, seconds(5));
}

TEST_F(HttpSinkFaultsTest, AnEndlessBodyIsCutOffAndTheStatusCounts) {
  for (const auto* status : {"200 OK", "422 Unprocessable Content"}) {
    const ScriptedServer server([&](Peer& peer) {
      static_cast<void>(peer.read_request());
      peer.write("HTTP/1.1 " + std::string(status) + "\r\n\r\n");
      while (peer.write(std::string(1'000, 'x'))) {
      }
    });
    const auto began = steady_clock::now();
    const auto error = outcome(server.url());
    EXPECT_LT(steady_clock::now() - began, seconds(5));
    if (*status == '2') {
      EXPECT_FALSE(error.has_value()) << error->message;
    } else {
      ASSERT_TRUE(error.has_value());
      EXPECT_EQ(error->code, ErrorCode::message_rejected);
      EXPECT_THAT(error->message, HasSubstr("answered 422: xxx"));
      EXPECT_LT(error->message.size(), 500U);
    }
  }
}

TEST_F(HttpSinkFaultsTest, ASlowBodyIsCutOffAndTheStatusCounts) {
  const ScriptedServer server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    drip(peer);
  });
  settings_.timeout = seconds(60);
  const auto began = steady_clock::now();
  EXPECT_FALSE(outcome(server.url()).has_value());
  EXPECT_LT(steady_clock::now() - began, seconds(10));
}

TEST_F(HttpSinkFaultsTest, ABrokenConnectionIsTheDestinationsFault) {
  const ScriptedServer resets([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.reset();
  });
  expect_unavailable(resets.url(), "the connection broke");
  const ScriptedServer closes([](Peer& peer) { static_cast<void>(peer.read_request()); });
  expect_unavailable(closes.url(), "the connection broke");
  const ScriptedServer half_closes([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 200 OK\r\nX-Half: ");
  });
  expect_unavailable(half_closes.url(), "");
}

TEST_F(HttpSinkFaultsTest, WhatIsNotHttpIsTheDestinationsFault) {
  const ScriptedServer server(answer("SSH-2.0-OpenSSH_9.2\r\n"));
  expect_unavailable(server.url(), "the request failed");
}

TEST_F(HttpSinkFaultsTest, ARefusedConnectionIsTheDestinationsFault) {
  std::string url;
  {
    const ScriptedServer gone(answer(std::string(kNoContent)));
    url = gone.url();
  }
  expect_unavailable(url, "no connection");
}

TEST_F(HttpSinkFaultsTest, AServerErrorIsTheDestinationsFault) {
  const ScriptedServer server(
      answer("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\n\x1b[31m"));
  expect_unavailable(server.url(), R"(answered 500: \x1b[31m)");
}

TEST_F(HttpSinkFaultsTest, RedirectsAreNotFollowed) {
  const ScriptedServer target(answer(std::string(kNoContent)));
  for (const auto& location : {target.url(), std::string("http://169.254.169.254/latest")}) {
    const ScriptedServer server(answer("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + location +
                                       "\r\nContent-Length: 0\r\n\r\n"));
    expect_unavailable(server.url(), "answered 307 (a redirect, and those are not followed");
    EXPECT_EQ(server.connections(), 1);
  }
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(HttpSinkFaultsTest, PrivateAddressesAreNotConnectedTo) {
  const ScriptedServer server(answer(std::string(kNoContent)));
  settings_.allow_private_networks = false;
  expect_unavailable(server.url(), "127.0.0.1 (loopback)");
  // By a name as well: what counts is the address that would be connected to.
  expect_unavailable("http://localhost:" + std::to_string(server.port()) + "/events", "(loopback)");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpSinkFaultsTest, OnlyATrustedCertificateOfTheRightNameIsTaken) {
  const test::TemporaryFolder right;
  const test::TemporaryFolder wrong;
  test::make_certificate(right.path(), "IP:127.0.0.1");
  test::make_certificate(wrong.path(), "DNS:elsewhere.example");

  const ScriptedServer server(answer(std::string(kNoContent)), right.path());
  expect_unavailable(server.url(), "its certificate is not trusted");
  settings_.ca_file = right.path() / "cert.pem";
  const auto trusted = outcome(server.url());
  EXPECT_FALSE(trusted.has_value()) << trusted->message;

  const ScriptedServer impostor(answer(std::string(kNoContent)), wrong.path());
  settings_.ca_file = wrong.path() / "cert.pem";
  expect_unavailable(impostor.url(), "its certificate is not trusted");
}

// Where TLS writes to a connection that the peer has broken, a SIGPIPE must not end the process.
TEST_F(HttpSinkFaultsTest, ABrokenTlsConnectionIsOnlyThat) {
  const test::TemporaryFolder folder;
  test::make_certificate(folder.path(), "IP:127.0.0.1");
  settings_.ca_file = folder.path() / "cert.pem";
  // Closes while a large request is still being written.
  const ScriptedServer server([](Peer& /*peer*/) {}, folder.path());
  test::Records records;
  records.add("k", std::string(4'000'000, 'x'));
  const auto sender = harness(server.url());
  for (int i = 0; i < 10; ++i) {
    sender->send(records.all());
    ASSERT_TRUE(sender->settle());
    EXPECT_EQ(sender->deliveries().back().error.value_or(Error{}).code,
              ErrorCode::destination_unavailable);
  }
}

TEST_F(HttpSinkFaultsTest, AnEchoedCredentialStaysOutOfTheError) {
  const ScriptedServer server([](Peer& peer) {
    while (true) {
      const auto request = peer.read_request();
      if (request.empty()) return;
      const auto at = request.find("Authorization: ");
      const auto echo =
          request.substr(0, request.find("\r\n")) + " " + request.substr(at, 60) + " s3same-word";
      peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: " + std::to_string(echo.size()) +
                 "\r\n\r\n" + echo);
    }
  });
  const auto url = "http://relay-user:s3same-word@127.0.0.1:" + std::to_string(server.port()) +
                   "/events?token=t0ken-word";
  const auto error = outcome(url);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::message_rejected);
  EXPECT_THAT(error->message, HasSubstr("Authorization: Basic ***"));
  for (const auto* secret : {"s3same-word", "relay-user", "t0ken-word"}) {
    EXPECT_THAT(error->message, Not(HasSubstr(secret)));
  }
}

// A poisonous message must not keep the others from being tried.
TEST_F(HttpSinkFaultsTest, AServerErrorHoldsBackItsKeyOnly) {
  const ScriptedServer server([](Peer& peer) {
    while (true) {
      const auto request = peer.read_request();
      if (request.empty()) return;
      const bool poison = request.find("ce-subject: poison") != std::string::npos;
      peer.write(poison ? "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
                        : std::string(kNoContent));
    }
  });
  test::Records records;
  records.add("poison", "1");
  records.add("poison", "2");
  for (int i = 0; i < 100; ++i) {
    records.add("key-" + std::to_string(i), "x");
  }
  settings_.requests_in_flight = 1;
  const auto sender = harness(server.url());
  sender->send(records.all());
  ASSERT_TRUE(sender->settle());
  EXPECT_THAT(sender->delivered_tags(), SizeIs(100));
  for (const std::uint64_t tag : {1U, 2U}) {
    ASSERT_THAT(sender->of_tag(tag), SizeIs(1));
    EXPECT_EQ(sender->of_tag(tag)[0].error->code, ErrorCode::destination_unavailable);
  }
}

TEST_F(HttpSinkFaultsTest, ADestinationThatIsDownIsNotAskedForEachMessage) {
  for (const auto* response : {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
                               "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}) {
    std::atomic<int> requests = 0;
    const ScriptedServer server([&](Peer& peer) {
      while (!peer.read_request().empty()) {
        ++requests;
        if (!peer.write(response)) return;
      }
    });
    test::Records records;
    for (int i = 0; i < 1'000; ++i) {
      records.add("key-" + std::to_string(i), "x");
    }
    settings_.requests_in_flight = 4;
    const auto sender = harness(server.url());
    const auto accepted = sender->sink().send(records.all()).accepted;  // until a failure
    ASSERT_TRUE(sender->sink().flush(seconds(20)).ok());
    sender->take(milliseconds(0));
    EXPECT_THAT(sender->deliveries(), SizeIs(accepted));
    EXPECT_LT(requests, 30);
    EXPECT_FALSE(sender->sink().health().reachable);
    EXPECT_THAT(sender->sink().health().detail, HasSubstr("answered 50"));
  }
}

TEST_F(HttpSinkFaultsTest, CloseDoesNotWaitForAnAnswer) {
  const ScriptedServer server([](Peer& peer) {
    while (!peer.read_request().empty()) {
    }
  });
  test::Records records;
  records.add("k", "x");
  const auto sender = harness(server.url());
  sender->send(records.all());
  while (server.connections() == 0)
    std::this_thread::yield();
  const auto began = steady_clock::now();
  sender->sink().close();
  EXPECT_LT(steady_clock::now() - began, seconds(2));
}

}  // namespace
}  // namespace outbox::http_sink
