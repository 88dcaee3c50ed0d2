#include "support/config/command_line.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::config {
namespace {

using testing::HasSubstr;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    schema_.text("sink.brokers", brokers_, {.help = "Kafka brokers.", .example = "k:9092"});
  }

  Result<CommandLine> parse(const std::vector<const char*>& arguments) {
    std::vector<const char*> argv{"relay"};
    std::copy(arguments.begin(), arguments.end(), std::back_inserter(argv));
    return parse_command_line(static_cast<int>(argv.size()), argv.data(), "relay", "Relays.",
                              schema_, out_);
  }

  std::string brokers_;
  Schema schema_;
  std::ostringstream out_;
};

TEST_F(CommandLineTest, SetsSettingsAndRuns) {
  const auto line = parse({"--set", "sink.brokers=a=b"});
  ASSERT_TRUE(line.ok()) << line.error().message;
  EXPECT_TRUE(line->run);
  EXPECT_EQ(brokers_, "a=b");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CommandLineTest, InformationIsPrintedAndNothingRuns) {
  const auto version = parse({"--version"});
  ASSERT_TRUE(version.ok());
  EXPECT_FALSE(version->run);
  EXPECT_THAT(out_.str(), testing::StartsWith("relay 0."));
  for (const auto& [flag, text] : std::vector<std::pair<const char*, const char*>>{
           {"--help", "--check-config"},
           {"--check-config", "the configuration is valid"},
           {"--show-config", "sink.brokers = \"\"  # default"},
           {"--example-config", "# brokers = \"k:9092\""}}) {
    out_.str("");
    const auto line = parse({flag});
    ASSERT_TRUE(line.ok()) << flag;
    EXPECT_FALSE(line->run) << flag;
    EXPECT_THAT(out_.str(), HasSubstr(text));
  }
}

TEST_F(CommandLineTest, ErrorsNameTheProblem) {
  EXPECT_THAT(parse({"--set", "sink.brokes=x"}).error().message, HasSubstr("sink.brokers"));
  EXPECT_THAT(parse({"--set", "x"}).error().message, HasSubstr("path=value"));
  EXPECT_THAT(parse({"--bogus"}).error().message, HasSubstr("see relay --help"));
  EXPECT_THAT(parse({"--config", "/nonexistent.toml"}).error().message,
              HasSubstr("/nonexistent.toml"));
}

TEST_F(CommandLineTest, ArgumentsInTheWrongPlaceAreNotShown) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"--database-url", "postgresql://u:s3cret@h/db"},
                                             {"--database-url=postgresql://u:s3cret@h/db"},
                                             {"--check-config", "s3cret"},
                                             {"--check-config=s3cret"},
                                             {"-ps3cret"},
                                             {"--postgresql:s3cret"},
                                             {"--", "s3cret"}}) {
    const auto line = parse(arguments);
    ASSERT_FALSE(line.ok()) << arguments.front();
    EXPECT_THAT(line.error().message, testing::Not(HasSubstr("s3cret")));
    EXPECT_THAT(line.error().message, HasSubstr("relay --help"));
  }
  EXPECT_EQ(parse({"--url", "x", "-v", "y", "--a=b"}).error().message,
            "not expected: --url, -v, --a, an argument that is not shown, since it may be a "
            "secret; see relay --help");
}

}  // namespace
}  // namespace outbox::config
