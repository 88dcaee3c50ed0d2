#include "sinks/http/settings.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/code_blocks.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::http_sink {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

HttpSettings good() {
  HttpSettings settings;
  settings.url = "https://example.com/events";
  return settings;
}

std::string refusal(const HttpSettings& settings) {
  const auto endpoint = make_endpoint(settings);
  EXPECT_FALSE(endpoint.ok());
  if (endpoint.ok()) return "";
  EXPECT_EQ(endpoint.error().code, ErrorCode::invalid_argument);
  return endpoint.error().message;
}

std::string refusal(const std::string& url) {
  HttpSettings settings;
  settings.url = url;
  return refusal(settings);
}

TEST(HttpSettings, NameTheDestinationWithoutItsSecrets) {
  HttpSettings settings;
  settings.url = "https://relay-user:p%40ssword@example.com:8443/a/b?token=t0ken#part";
  const auto endpoint = make_endpoint(settings);
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  EXPECT_EQ(endpoint->name, "https://example.com:8443/a/b");
  EXPECT_THAT(endpoint->confidential, Contains("p@ssword"));
  EXPECT_THAT(endpoint->confidential, Contains("p%40ssword"));
  EXPECT_THAT(endpoint->confidential, Contains("token=t0ken"));
  EXPECT_THAT(make_endpoint(good())->confidential, testing::IsEmpty());
}

TEST(HttpSettings, NeedAnHttpUrlAndDoNotQuoteIt) {
  EXPECT_THAT(refusal(""), HasSubstr("sink.http.url is empty"));
  for (const auto* url :
       {"example.com/hunter22", "ftp://example.com/hunter22", "file:///etc/hunter22", "https://",
        "https://user:hunter22@exa mple.com/", "gopher://hunter22", "/hunter22"}) {
    EXPECT_THAT(refusal(url), AllOf(HasSubstr("sink.http.url"), Not(HasSubstr("hunter22")))) << url;
  }
}

TEST(HttpSettings, MalformedValuesAreRefusedByName) {
  auto settings = good();
  settings.secrets = "whsec_hunter22";
  EXPECT_THAT(refusal(settings), AllOf(HasSubstr("sink.http.secrets"), Not(HasSubstr("hunter22"))));
  settings = good();
  settings.content_type = "a\r\nb: c";
  EXPECT_THAT(refusal(settings), HasSubstr("sink.http.content_type"));
  settings = good();
  settings.ce_source = "";
  EXPECT_THAT(refusal(settings), HasSubstr("sink.http.ce_source"));
  settings = good();
  settings.ca_file = "/does/not/exist.pem";
  EXPECT_THAT(refusal(settings), HasSubstr("/does/not/exist.pem"));
  settings = good();
  settings.requests_in_flight = 0;
  EXPECT_THAT(refusal(settings), HasSubstr("sink.http.requests_in_flight = 0"));
  settings = good();
  settings.max_buffered_messages = 0;
  EXPECT_THAT(refusal(settings), HasSubstr("sink.http.max_buffered_messages"));
}

TEST(HttpSettings, SecretsAreMaskedWhereSettingsAreShown) {
  auto settings = good();
  settings.url = "https://user:hunter22@example.com/events";
  settings.secrets = "whsec_hunter22";
  config::Schema schema;
  declare(schema, settings);
  ASSERT_TRUE(schema.load({}).ok());
  EXPECT_THAT(schema.show(), AllOf(HasSubstr("example.com"), Not(HasSubstr("hunter22"))));
}

class HttpSinkDocs : public testing::Test {
 protected:
  // What the block makes of the settings.
  HttpSettings load(const std::string& block) {
    const auto file = folder_.path() / "outbox.toml";
    std::ofstream(file) << block;
    HttpSettings settings;
    std::string type;
    config::Schema schema;
    schema.choice("sink.type", type, {"kafka", "http"}, {.help = "As the relay declares it."});
    declare(schema, settings);
    const auto loaded = schema.load({.file = file, .environment = {}, .flags = {}});
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << "\n" << block;
    return settings;
  }

  const std::vector<std::string> blocks_ =
      test::code_blocks(OUTBOX_SOURCE_DIR "/docs/sinks/http.md", "toml");
  test::TemporaryFolder folder_;
};

TEST_F(HttpSinkDocs, EveryConfigurationWorks) {
  ASSERT_EQ(blocks_.size(), 3U);
  for (const auto& block : blocks_) {
    const auto endpoint = make_endpoint(load(block));
    EXPECT_TRUE(endpoint.ok()) << endpoint.error().message << "\n" << block;
  }
}

TEST_F(HttpSinkDocs, TheLastBlockHasEverySettingWithItsDefault) {
  auto documented = load(blocks_.back());
  HttpSettings standard;
  standard.url = documented.url;
  config::Schema of_docs;
  declare(of_docs, documented);
  config::Schema of_code;
  declare(of_code, standard);
  EXPECT_EQ(of_docs.describe(), of_code.describe());
  std::istringstream lines(of_code.show());
  for (std::string line; std::getline(lines, line);) {
    const auto end = line.find(' ');
    if (!line.starts_with("sink.http.")) continue;
    const auto name = line.substr(10, end - 10);
    EXPECT_THAT(blocks_.back(), HasSubstr("\n" + name + " = "));
  }
}

}  // namespace
}  // namespace outbox::http_sink
