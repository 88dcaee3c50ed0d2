#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outboxctl/outboxctl_run_fixture.hpp"
#include "support/access/secret.hpp"
#include "support/access/tokens.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

class TokenCommandTest : public testing::Test {
 protected:
  TokenCommandTest() { unsetenv("OUTBOX_HTTP__TOKENS_FILE"); }

  Outcome token(const std::string& command, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"token", command});
    arguments.emplace_back("--file");
    arguments.push_back(file_.string());
    return outboxctl(std::move(arguments));
  }
  [[nodiscard]] std::string content() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "tokens";
};

TEST_F(TokenCommandTest, ANewTokenIsShownOnceAndItsDigestKept) {
  const Outcome made = token("new", {"--name", "alice", "--role", "operator"});
  ASSERT_EQ(made.code, ExitCode::ok) << made.err;
  const std::string secret = made.out.substr(0, made.out.find('\n'));
  EXPECT_EQ(secret.size(), 47);
  EXPECT_THAT(content(), HasSubstr("alice operator " + access::sha256_hex(secret) + "\n"));
  EXPECT_THAT(content(), Not(HasSubstr(secret)));
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(token("list").out, HasSubstr("alice  operator"));
  EXPECT_THAT(token("list").out, Not(HasSubstr(access::sha256_hex(secret))));
}

TEST_F(TokenCommandTest, ANameHasOneToken) {
  EXPECT_EQ(token("new", {"--name", "alice"}).code, ExitCode::ok);
  const std::string before = content();
  const Outcome again = token("new", {"--name", "alice"});
  EXPECT_EQ(again.code, ExitCode::failed);
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(content(), before);
}

TEST_F(TokenCommandTest, RevokesByName) {
  ASSERT_EQ(token("new", {"--name", "alice"}).code, ExitCode::ok);
  ASSERT_EQ(token("new", {"--name", "bob"}).code, ExitCode::ok);
  EXPECT_EQ(token("revoke", {"--name", "alice"}).code, ExitCode::ok);
  EXPECT_EQ(token("list", {"--format", "json"}).json(),
            nlohmann::json::parse(R"([{"name":"bob","role":"viewer"}])"));
  EXPECT_EQ(token("revoke", {"--name", "alice"}).code, ExitCode::failed);
}

TEST_F(TokenCommandTest, RefusesWhatIsNoNameOrRole) {
  EXPECT_EQ(token("new", {"--name", "a b"}).code, ExitCode::usage);
  EXPECT_EQ(token("new", {"--name", "alice", "--role", "admin"}).code, ExitCode::usage);
  EXPECT_EQ(token("new").code, ExitCode::usage);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(TokenCommandTest, TheEnvironmentMayNameTheFile) {
  std::string text = outboxctl({"token", "list"}).err;
  EXPECT_THAT(text, HasSubstr("OUTBOX_HTTP__TOKENS_FILE"));
  setenv("OUTBOX_HTTP__TOKENS_FILE", file_.c_str(), 1);
  const Outcome made = outboxctl({"token", "new", "--name", "ci", "--format", "json"});
  unsetenv("OUTBOX_HTTP__TOKENS_FILE");
  EXPECT_EQ(made.code, ExitCode::ok) << made.err;
  EXPECT_EQ(made.json()["role"], "viewer");
  EXPECT_EQ(made.json()["file"], file_.string());
}

}  // namespace
}  // namespace outbox::ctl
