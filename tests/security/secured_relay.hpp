// The real outbox-processor on a database of the test's own, as strangers, viewers and operators
// meet it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/process.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::security {

struct Ask {
  std::string method = "GET";
  std::string target = "/";
  std::string token{};  // of Authorization: Bearer; empty: none
  std::string extra{};  // header lines, each with its "\r\n"
  std::string body{};   // JSON
  std::string host = "127.0.0.1";
};

// An operation of the API.
struct Operation {
  std::string method;  // in upper case
  std::string path;    // its {parameters} are "1"

  [[nodiscard]] bool changes() const { return method != "GET"; }
  // Who signs in has no token yet, and whoever asks who he is may have none.
  [[nodiscard]] bool is_session() const { return path == "/api/v1/session"; }
};

// All of openapi.json, which a test of the API holds against the running server's routes.
[[nodiscard]] std::vector<Operation> operations();

class SecuredRelay {
 public:
  // `settings`: further variables of its environment. Throws when it is not ready in a minute.
  explicit SecuredRelay(const e2e::Environment& settings = {});

  [[nodiscard]] http::testing::Reply ask(const Ask& what) const;
  [[nodiscard]] int status(const Ask& what) const { return ask(what).status; }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& viewer() const { return viewer_; }  // tokens
  [[nodiscard]] const std::string& admin() const { return admin_; }
  [[nodiscard]] const std::filesystem::path& tokens_file() const { return tokens_; }
  [[nodiscard]] pg::Connection connect() const { return database_.connect(); }
  [[nodiscard]] const e2e::Environment& environment() const { return environment_; }
  [[nodiscard]] std::string log() const;

 private:
  std::string make_token(const std::string& name, const std::string& role) const;

  test::OutboxDatabase database_;
  test::TemporaryFolder folder_;
  std::filesystem::path tokens_ = folder_.path() / "tokens";
  std::filesystem::path log_ = folder_.path() / "outbox-processor.log";
  int port_ = e2e::free_port();
  std::string viewer_;
  std::string admin_;
  e2e::Environment environment_;
  std::optional<e2e::Process> process_;
};

// The output of outboxctl or outbox-processor with these arguments, standard error with it.
[[nodiscard]] std::string run(const std::vector<std::string>& command,
                              const e2e::Environment& environment);

// How many things a test has looked at. Appended as a line to the file that DEV_SECURITY_COUNTS
// names, for ./dev test security to show.
class Checks {
 public:
  explicit Checks(std::string what) : what_(std::move(what)) {}
  ~Checks();
  Checks(const Checks&) = delete;
  Checks& operator=(const Checks&) = delete;

  // Fails the test, and goes on, when `holds` is false.
  void expect(bool holds, const std::string& otherwise);

 private:
  std::string what_;
  int made_ = 0;
  int failed_ = 0;
};

}  // namespace outbox::security
