// The server by TLS, asked by OpenSSL's client.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "support/http/server.hpp"
#include "tests/support/http/scripted_server.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/http/tls_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::http {
namespace {

class TlsServer : public ::testing::Test {
 protected:
  TlsServer() { test::make_certificate(folder_.path(), "IP:127.0.0.1"); }

  [[nodiscard]] TlsFiles files() const {
    return {(folder_.path() / "cert.pem").string(), (folder_.path() / "key.pem").string()};
  }
  std::unique_ptr<Server> started() {
    Router router;
    router.add("GET", "/hello", [](const Request&) { return text_response(200, "hello"); });
    router.add("POST", "/echo", [](const Request& r) { return text_response(200, r.body); });
    auto server = std::make_unique<Server>(ServerOptions{.tls = files()}, std::move(router));
    const auto result = server->start();
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    return server;
  }

  test::TemporaryFolder folder_;
};

TEST_F(TlsServer, AnswersRequestsOnOneConnection) {
  const auto server = started();
  testing::TlsClient client(server->port(), files().certificate);
  ASSERT_EQ(client.problem(), "");
  const std::string body(300'000, 'b');
  for (int i = 0; i < 3; ++i) {
    const std::string reply = client.ask(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + body, body.size());
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(reply.ends_with(body));
  }
}

TEST_F(TlsServer, SpeaksNothingOlderThanTls12) {
  const auto server = started();
  EXPECT_NE(testing::TlsClient(server->port(), files().certificate, TLS1_1_VERSION).problem(), "");
  EXPECT_EQ(testing::TlsClient(server->port(), files().certificate, TLS1_2_VERSION).problem(), "");
  EXPECT_EQ(testing::TlsClient(server->port(), files().certificate, TLS1_3_VERSION).problem(), "");
}

TEST_F(TlsServer, HangsUpOnWhoSpeaksInTheClear) {
  const auto server = started();
  testing::Client client(server->port());
  client.send_request("GET", "/hello");
  EXPECT_FALSE(client.read());
}

TEST_F(TlsServer, SaysWhichFileItCannotUse) {
  const std::string nowhere = (folder_.path() / "nowhere.pem").string();
  for (const auto& [broken, named] :
       {std::pair{TlsFiles{nowhere, files().key}, nowhere},
        std::pair{TlsFiles{files().certificate, nowhere}, nowhere},
        std::pair{TlsFiles{files().certificate, files().certificate}, files().certificate}}) {
    Server server(ServerOptions{.tls = broken}, Router{});
    const auto result = server.start();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(result.error().message.find(named), std::string::npos) << result.error().message;
  }
}

}  // namespace
}  // namespace outbox::http
