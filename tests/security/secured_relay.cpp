#include "tests/security/secured_relay.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"

namespace outbox::security {
namespace {

std::string program(const std::string& name) {
  return std::string{OUTBOX_BIN_DIR} + "/" + name;
}

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string with_parameters(const std::string& pattern) {
  std::string path;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      path += pattern[i];
      continue;
    }
    path += '1';
    i = pattern.find('}', i);
  }
  return path;
}

}  // namespace

std::vector<Operation> operations() {
  const auto document = nlohmann::json::parse(
      content_of(std::string{OUTBOX_SOURCE_DIR} + "/src/outbox-processor/api/openapi.json"));
  std::vector<Operation> found;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [name, operation] : item.items()) {
      std::string method = name;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      found.push_back({method, with_parameters(path)});
    }
  }
  return found;
}

SecuredRelay::SecuredRelay(const e2e::Environment& settings)
    : viewer_(make_token("vic", "viewer")), admin_(make_token("ann", "operator")) {
  environment_ = {{"DATABASE_URL", database_.url()},
                  {"OUTBOX_SINK__TYPE", "null"},
                  {"OUTBOX_HTTP__PORT", std::to_string(port_)},
                  {"OUTBOX_HTTP__TOKENS_FILE", tokens_.string()}};
  for (const auto& [name, value] : settings)
    environment_[name] = value;
  process_.emplace(std::vector<std::string>{program("outbox-processor")}, environment_,
                   log_.string());
  const bool is_up = test::eventually([&] {
    const auto client = http::testing::Client::try_connect(static_cast<std::uint16_t>(port_));
    if (client == nullptr) return false;
    client->send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto reply = client->read();
    return reply && reply->status == 200;
  });
  if (!is_up) throw std::runtime_error("outbox-processor does not answer:\n" + log());
}

http::testing::Reply SecuredRelay::ask(const Ask& what) const {
  std::string bytes = what.method + " " + what.target + " HTTP/1.1\r\nHost: " + what.host +
                      "\r\nConnection: close\r\n" + what.extra;
  if (!what.token.empty()) bytes += "Authorization: Bearer " + what.token + "\r\n";
  if (!what.body.empty()) {
    bytes +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(what.body.size()) +
        "\r\n";
  }
  bytes += "\r\n" + what.body;
  http::testing::Client client(static_cast<std::uint16_t>(port_));
  client.send(bytes);
  const auto reply = client.read(what.method == "HEAD");
  EXPECT_TRUE(reply) << "no answer to " << what.method << " " << what.target;
  return reply.value_or(http::testing::Reply{});
}

std::string SecuredRelay::log() const {
  return content_of(log_);
}

std::string SecuredRelay::make_token(const std::string& name, const std::string& role) const {
  const std::string printed = run({program("outboxctl"), "token", "new", "--name", name, "--role",
                                   role, "--file", tokens_.string(), "--format", "json"},
                                  {});
  return nlohmann::json::parse(printed)["token"];
}

std::string run(const std::vector<std::string>& command, const e2e::Environment& environment) {
  const test::TemporaryFolder folder;
  const auto log = folder.path() / "output";
  e2e::Process process(command, environment, log.string());
  if (!process.wait(std::chrono::seconds(60))) {
    throw std::runtime_error(command.front() + " does not end");
  }
  return content_of(log);
}

Checks::~Checks() {
  const char* file = std::getenv("DEV_SECURITY_COUNTS");
  if (file == nullptr) return;
  std::ofstream(file, std::ios::app) << made_ << '\t' << failed_ << '\t' << what_ << '\n';
}

void Checks::expect(bool holds, const std::string& otherwise) {
  ++made_;
  if (holds) return;
  ++failed_;
  ADD_FAILURE() << otherwise;
}

}  // namespace outbox::security
