// What the tests of the HTTP sink against servers share.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sinks/http/http_sink.hpp"
#include "tests/conformance/sink/sink_harness.hpp"
#include "tests/support/http/scripted_server.hpp"

namespace outbox::http_sink {

class HttpSinkTest : public testing::Test {
 protected:
  HttpSinkTest() {
    settings_.allow_private_networks = true;
    settings_.timeout = std::chrono::seconds(10);
  }

  // A connected sink to the URL, with the settings otherwise.
  [[nodiscard]] std::unique_ptr<test::SinkHarness> harness(const std::string& url) {
    settings_.url = url;
    return std::make_unique<test::SinkHarness>(std::make_unique<HttpSink>(settings_));
  }

  // Sends one message and tells what became of it.
  [[nodiscard]] std::optional<Error> outcome(const std::string& url) {
    test::Records records;
    records.add("k", "{}");
    const auto sender = harness(url);
    sender->send(records.all());
    EXPECT_TRUE(sender->settle(std::chrono::seconds(20)));
    if (sender->deliveries().size() != 1) return Error{ErrorCode::internal, "no delivery"};
    return sender->deliveries().front().error;
  }

  HttpSettings settings_;
};

// Answers every request of a connection with these bytes.
inline test::ScriptedServer::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](test::Peer& peer) {
    while (!peer.read_request().empty()) {
      if (!peer.write(bytes)) return;
    }
  };
}

inline constexpr std::string_view kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";

}  // namespace outbox::http_sink
