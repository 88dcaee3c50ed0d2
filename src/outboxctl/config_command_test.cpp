#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outboxctl/outboxctl_run_fixture.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

class ConfigCommandTest : public testing::Test {
 protected:
  ConfigCommandTest() {
    unsetenv("OUTBOX_CONFIG");
    unsetenv("DATABASE_URL");
    unsetenv("DB_DSN");
    setenv("OUTBOX_SOURCE__URL", "postgresql://relay:s3cret@db/shop", 1);
  }
  ~ConfigCommandTest() override {
    unsetenv("OUTBOX_SOURCE__URL");
    unsetenv("OUTBOX_CONFIG");
  }

  // The exit code; what was printed is in text_.
  ExitCode config(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "config");
    const Outcome outcome = outboxctl(std::move(arguments));
    text_ = outcome.out + outcome.err;
    return outcome.code;
  }
  std::string file(const std::string& text) {
    std::string path = folder_.path() / "outbox.toml";
    std::ofstream{path} << text;
    return path;
  }

  test::TemporaryFolder folder_;
  std::string text_;
};

TEST_F(ConfigCommandTest, ChecksAsTheRelayDoes) {
  EXPECT_EQ(config({"check", "--config", file("[sink]\nbrokers = \"k:9092\"\n")}), ExitCode::ok)
      << text_;
  EXPECT_THAT(text_, HasSubstr("valid"));
  EXPECT_EQ(config({"check", "--config", file("[relay]\nbatch_sice = 3\n")}), ExitCode::usage);
  EXPECT_THAT(text_, HasSubstr("relay.batch_size")) << "the nearest known one";
  EXPECT_THAT(text_, HasSubstr("outbox.toml:2"));
  EXPECT_EQ(config({"check", "--config", folder_.path() / "none.toml"}), ExitCode::usage);
  setenv("OUTBOX_CONFIG", file("[http]\nport = 70000\n").c_str(), 1);
  EXPECT_EQ(config({"check"}), ExitCode::usage);
  EXPECT_EQ(config({"check", "--format", "json", "--set", "http.port=1"}), ExitCode::usage)
      << "a wrong value is wrong also where it does not count: " << text_;
}

TEST_F(ConfigCommandTest, ShowsWhatCountsAndWhereItIsFrom) {
  const std::string path = file("[relay]\nbatch_size = 7\n[sink]\nbrokers = \"k:9092\"\n");
  ASSERT_EQ(config({"show", "--config", path, "--set", "log.level=debug"}), ExitCode::ok) << text_;
  EXPECT_THAT(text_, HasSubstr("relay.batch_size = 7  # file\n"));
  EXPECT_THAT(text_, HasSubstr("log.level = \"debug\"  # flag\n"));
  EXPECT_THAT(text_, HasSubstr("http.port = 8080  # default\n"));
  EXPECT_THAT(text_, HasSubstr("@db/shop\"  # environment\n"));
  EXPECT_THAT(text_, Not(HasSubstr("s3cret")));

  ASSERT_EQ(config({"show", "--config", path, "--format", "json"}), ExitCode::ok) << text_;
  EXPECT_THAT(text_, Not(HasSubstr("s3cret")));
  int found = 0;
  for (const auto& setting : nlohmann::json::parse(text_)) {
    if (setting["path"] != "relay.batch_size") continue;
    ++found;
    EXPECT_EQ(setting["value"], "7");
    EXPECT_EQ(setting["origin"], "file");
  }
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace outbox::ctl
