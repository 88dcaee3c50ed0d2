#include "relay_settings/settings.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/code_blocks.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<void> load(config::Schema& schema, std::map<std::string, std::string> environment,
                  std::vector<std::pair<std::string, std::string>> flags = {}) {
  return schema.load(
      {.file = {}, .environment = std::move(environment), .flags = std::move(flags)});
}

TEST(Settings, TheUsualEnvironmentNamesGiveTheDatabase) {
  for (const char* name : {"DATABASE_URL", "DB_DSN", "OUTBOX_SOURCE__URL"}) {
    Settings settings;
    config::Schema schema = make_schema(settings);
    ASSERT_TRUE(load(schema, {{name, "postgresql://db/shop"}}));
    EXPECT_EQ(settings.source_url.reveal(), "postgresql://db/shop");
    EXPECT_EQ(settings.source_table, "outbox");
    EXPECT_EQ(settings.http_port, 8080);
    EXPECT_EQ(settings.http_address, "127.0.0.1");
  }
}

TEST(Settings, ExactlyOnceIsForPostgresAndKafka) {
  Settings settings;
  settings.source_url = "postgresql://db/shop";
  settings.kafka.exactly_once = true;
  EXPECT_TRUE(check_settings(settings));
  settings.sink_type = "http";
  ASSERT_FALSE(check_settings(settings));
  EXPECT_THAT(check_settings(settings).error().message, HasSubstr("sink.type"));
  settings.sink_type = "kafka";
  settings.source_url = "sqlite:shop.db";
  ASSERT_FALSE(check_settings(settings));
  EXPECT_THAT(check_settings(settings).error().message, HasSubstr("SQLite"));
}

TEST(Settings, OfConsumerGroupsThereAreAFew) {
  Settings settings;
  settings.kafka.consumer_groups = "a, b,c,d,e,f,g,h,i,j,";
  EXPECT_TRUE(check_settings(settings));
  settings.kafka.consumer_groups += "k";
  ASSERT_FALSE(check_settings(settings));
  EXPECT_THAT(check_settings(settings).error().message, HasSubstr("sink.consumer_groups"));
}

TEST(Settings, APageThatOthersReachNeedsTokensAndTls) {
  const auto refusal = [](const Settings& settings) {
    const Result<void> fits = check_settings(settings);
    return fits ? std::string() : fits.error().message;
  };
  for (const char* address : {"0.0.0.0", "10.0.0.1", "::", "192.0.2.1"}) {
    Settings settings;
    settings.http_address = address;
    EXPECT_THAT(refusal(settings), HasSubstr("http.tokens_file"));
    settings.http_tokens_file = "/etc/outbox/tokens";
    EXPECT_THAT(refusal(settings), HasSubstr("http.tls_certificate"));
    settings.http_tls_certificate = "cert.pem";
    EXPECT_THAT(refusal(settings), HasSubstr("go together"));
    settings.http_tls_key = "key.pem";
    EXPECT_EQ(refusal(settings), "");
  }
  for (const char* address : {"127.0.0.1", "::1", "127.1.2.3"}) {
    Settings settings;
    settings.http_address = address;
    EXPECT_EQ(refusal(settings), "");
  }
}

TEST(Settings, AProxyMayDoTlsButTokensAreNeededBehindIt) {
  for (const char* address : {"0.0.0.0", "127.0.0.1"}) {
    Settings settings;
    settings.http_address = address;
    settings.http_behind_proxy = true;
    ASSERT_FALSE(check_settings(settings));
    EXPECT_THAT(check_settings(settings).error().message, HasSubstr("http.tokens_file"));
    settings.http_tokens_file = "/etc/outbox/tokens";
    EXPECT_TRUE(check_settings(settings));
  }
}

TEST(Settings, ListsAreSeparatedByCommas) {
  EXPECT_THAT(list_of(" a.example , b:80,, \t"), testing::ElementsAre("a.example", "b:80"));
  EXPECT_THAT(list_of(""), testing::IsEmpty());
}

TEST(Settings, TheDatabaseIsRequiredAndItsPasswordHidden) {
  Settings settings;
  config::Schema schema = make_schema(settings);
  const Result<void> missing = load(schema, {});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("source.url"));
  ASSERT_TRUE(load(schema, {{"DATABASE_URL", "postgresql://relay:hunter2@db/shop"}}));
  EXPECT_THAT(schema.show(), HasSubstr("postgresql://relay:***@db/shop"));
  EXPECT_THAT(schema.show(), Not(HasSubstr("hunter2")));
}

TEST(Settings, AMalformedCollectorIsRefused) {
  Settings settings;
  settings.source_url = "postgresql://db/shop";
  settings.tracing.otlp_endpoint = "http://127.0.0.1:4318";
  EXPECT_TRUE(check_settings(settings));
  settings.tracing.otlp_endpoint = "127.0.0.1:4317";
  ASSERT_FALSE(check_settings(settings));
  EXPECT_THAT(check_settings(settings).error().message, HasSubstr("telemetry.otlp_endpoint"));
}

// A canary in every setting that may hold a credential, as far as the schema knows them.
TEST(Settings, NoCredentialIsShown) {
  Settings settings;
  config::Schema schema = make_schema(settings);
  ASSERT_TRUE(load(schema, {{"DATABASE_URL", "postgresql://relay:canary1@db/shop?password=canary2"},
                            {"OUTBOX_SINK__PROPERTIES__SASL_PASSWORD", "canary3"},
                            {"OUTBOX_SINK__PROPERTIES__SSL_KEY_PEM", "canary4"},
                            {"OUTBOX_SINK__HTTP__URL", "https://u:canary5@h/?token=canary6"},
                            {"OUTBOX_SINK__HTTP__SECRETS", "whsec_canary7"},
                            {"OUTBOX_TRACE__CONSUMER_URL", "http://u:canary10@invoices"},
                            {"OUTBOX_TELEMETRY__OTLP_ENDPOINT", "http://u:canary8@c"},
                            {"OUTBOX_TELEMETRY__OTLP_HEADERS", "authorization=canary9"}}));
  EXPECT_EQ(settings.tracing.otlp_headers.reveal(), "authorization=canary9");
  EXPECT_THAT(schema.show(), Not(HasSubstr("canary")));
  for (const auto& effective : schema.effective())
    EXPECT_THAT(effective.value, Not(HasSubstr("canary"))) << effective.path;
}

TEST(Settings, TuneTheRelay) {
  Settings settings;
  config::Schema schema = make_schema(settings);
  ASSERT_TRUE(load(schema,
                   {{"DATABASE_URL", "postgresql://db/shop"},
                    {"OUTBOX_RELAY__BATCH_SIZE", "7"},
                    {"OUTBOX_RETRY__MAX_DELAY", "2m"}},
                   {{"relay.batch_size", "9"}, {"sink.brokers", "kafka:9092"}}));
  EXPECT_EQ(settings.relay_batch_size, 9);
  EXPECT_EQ(settings.retry_max_delay, std::chrono::minutes{2});
  EXPECT_EQ(settings.kafka.brokers, "kafka:9092");
}

TEST(Settings, RefuseWhatIsOutOfBounds) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"relay.batch_size", "0"},
                                                        {"relay.batches_in_flight", "65"},
                                                        {"relay.drain_timeout", "11m"},
                                                        {"source.max_batch_bytes", "1"},
                                                        {"http.port", "65536"},
                                                        {"log.level", "loud"}}) {
    Settings settings;
    config::Schema schema = make_schema(settings);
    const Result<void> refused =
        load(schema, {{"DATABASE_URL", "postgresql://db/shop"}}, {{name, value}});
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error().message, HasSubstr(name));
  }
}

// The blocks of the documentation are whole files, or go on with what the page says of the source.
TEST(Settings, TakeWhatTheDocumentationShows) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "outbox.toml";
  for (const char* page : {"/docs/sources/sqlite.md", "/docs/sinks/http.md",
                           "/docs/sinks/stdout.md", "/docs/tracing.md"}) {
    const auto blocks = test::code_blocks(std::string{OUTBOX_SOURCE_DIR} + page, "toml");
    EXPECT_FALSE(blocks.empty()) << page;
    for (const std::string& block : blocks) {
      std::ofstream{file} << block;
      Settings settings;
      config::Schema schema = make_schema(settings);
      const Result<void> loaded = schema.load(
          {.file = file, .environment = {{"DATABASE_URL", "sqlite:shop.db"}}, .flags = {}});
      EXPECT_TRUE(loaded) << loaded.error().message << "\n" << block;
      EXPECT_TRUE(settings.source_url.reveal().starts_with("sqlite:"));
    }
  }
}

}  // namespace
}  // namespace outbox
