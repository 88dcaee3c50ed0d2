#include "support/config/schema.hpp"

#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::config {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Settings {
  Secret url;
  std::string brokers = "localhost:9092";
  std::int64_t in_flight = 10;
  bool receipts = true;
  std::chrono::milliseconds lease{5'000};
  std::string mode = "plain";
  std::map<std::string, std::string> properties;
};

class SchemaTest : public testing::Test {
 protected:
  SchemaTest() {
    schema_
        .text("source.url", settings_.url,
              {.help = "PostgreSQL to read from.",
               .env_aliases = {"DATABASE_URL", "DB_DSN"},
               .required = true,
               .example = "postgresql://outbox@localhost/shop"})
        .text("sink.brokers", settings_.brokers, {.help = "Kafka brokers."})
        .integer("relay.max_in_flight", settings_.in_flight, {1, 1'000}, {.help = "Messages."})
        .flag("source.receipts", settings_.receipts, {.help = "Keep receipts."})
        .duration("relay.lease", settings_.lease, {1'000, 60'000}, {.help = "Lease."})
        .choice("sink.headers", settings_.mode, {"plain", "cloudevents"}, {.help = "Headers."})
        .table("sink.properties", settings_.properties, {.help = "For librdkafka, as it is."});
  }

  ~SchemaTest() override { std::remove(path_.c_str()); }

  void file(const std::string& content) {
    std::ofstream(path_) << content;
    inputs_.file = path_;
  }

  std::string error() {
    const auto loaded = schema_.load(inputs_);
    EXPECT_FALSE(loaded.ok());
    return loaded.ok() ? "" : loaded.error().message;
  }

  std::string path_ = testing::TempDir() + "outbox_schema_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml";
  Settings settings_;
  Schema schema_;
  Inputs inputs_{
      .file = {}, .environment = {{"DATABASE_URL", "postgresql://db/shop"}}, .flags = {}};
};

TEST_F(SchemaTest, KeepsDefaultsWithoutInputs) {
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.brokers, "localhost:9092");
  EXPECT_EQ(settings_.in_flight, 10);
}

TEST_F(SchemaTest, ReadsEveryKindFromAFile) {
  file(
      "[source]\nurl = 'postgresql://db/a'\nreceipts = false\n"
      "[sink]\nbrokers = \"k1:9092,k2:9092\"\nheaders = \"cloudevents\"\n"
      "[relay]\nmax_in_flight = 20\nlease = \"7s\"\n");
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.brokers, "k1:9092,k2:9092");
  EXPECT_EQ(settings_.mode, "cloudevents");
  EXPECT_EQ(settings_.in_flight, 20);
  EXPECT_FALSE(settings_.receipts);
  EXPECT_EQ(settings_.lease, std::chrono::seconds(7));
}

TEST_F(SchemaTest, FlagBeatsEnvironmentBeatsFile) {
  file("[sink]\nbrokers = 'file'\n");
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.brokers, "file");
  inputs_.environment["OUTBOX_SINK__BROKERS"] = "environment";
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.brokers, "environment");
  inputs_.flags = {{"sink.brokers", "first"}, {"sink.brokers", "flag"}};
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.brokers, "flag");
}

TEST_F(SchemaTest, OwnEnvironmentNameBeatsAliasesAndTheFirstAliasTheSecond) {
  inputs_.environment["DB_DSN"] = "second";
  inputs_.environment["DATABASE_URL"] = "first";
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.url.reveal(), "first");
  inputs_.environment["OUTBOX_SOURCE__URL"] = "own";
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.url.reveal(), "own");
}

TEST_F(SchemaTest, LoadingAgainForgetsTheEarlierInputs) {
  inputs_.flags = {{"relay.max_in_flight", "99"}};
  ASSERT_TRUE(schema_.load(inputs_).ok());
  inputs_.flags.clear();
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.in_flight, 10);
}

TEST_F(SchemaTest, UnknownKeyNamesThePlaceAndTheNearestKey) {
  file("\n[sink]\nbrokes = 'x'\n");
  EXPECT_THAT(error(),
              HasSubstr(path_ + ":3: unknown key sink.brokes; did you mean sink.brokers?"));
}

TEST_F(SchemaTest, UnknownEnvironmentVariableNamesTheNearestOne) {
  inputs_.environment["OUTBOX_SINK_BROKERS"] = "x";
  EXPECT_THAT(error(),
              HasSubstr("OUTBOX_SINK_BROKERS: unknown; did you mean OUTBOX_SINK__BROKERS?"));
}

TEST_F(SchemaTest, UnknownFlagNamesTheNearestKey) {
  inputs_.flags = {{"relay.leese", "5s"}};
  EXPECT_THAT(error(), HasSubstr("--set relay.leese: unknown key; did you mean relay.lease?"));
}

TEST_F(SchemaTest, LeavesForeignEnvironmentAlone) {
  inputs_.environment["PATH"] = "/bin";
  inputs_.environment["OUTBOX_TEST_KAFKA"] = "127.0.0.1:1";
  inputs_.environment["OUTBOX_CONFIG"] = "outbox.toml";
  EXPECT_TRUE(schema_.load(inputs_).ok());
}

TEST_F(SchemaTest, ReportsAllProblemsAtOnceAndSetsNothing) {
  file(
      "[sink]\nheaders = 'xml'\nbrokers = 'changed'\n[relay]\nlease = '1ms'\nmax_in_flight = "
      "'5'\n");
  inputs_.environment = {{"OUTBOX_SOURCE__RECEIPTS", "yes"}};
  inputs_.flags = {{"relay.max_in_flight", "0"}};
  const auto message = error();
  EXPECT_THAT(message, HasSubstr("6 problems"));
  EXPECT_THAT(message,
              HasSubstr(":2: sink.headers must be one of plain, cloudevents, not \"xml\""));
  EXPECT_THAT(message, HasSubstr(":5: relay.lease must be a duration"));
  EXPECT_THAT(message, HasSubstr("from 1s to 1m, not \"1ms\""));
  EXPECT_THAT(message, HasSubstr(":6: relay.max_in_flight must be an integer from 1 to 1000"));
  EXPECT_THAT(message, HasSubstr("OUTBOX_SOURCE__RECEIPTS: source.receipts must be true or false"));
  EXPECT_THAT(message, HasSubstr("--set: relay.max_in_flight must be an integer"));
  EXPECT_THAT(message, HasSubstr("source.url: is required"));
  EXPECT_THAT(message, HasSubstr("DATABASE_URL"));
  EXPECT_EQ(settings_.brokers, "localhost:9092");
}

TEST_F(SchemaTest, BoundsAreInclusive) {
  for (const auto* value : {"1", "1000"}) {
    inputs_.flags = {{"relay.max_in_flight", value}};
    EXPECT_TRUE(schema_.load(inputs_).ok()) << value;
  }
  for (const auto* value : {"0", "1001", "-1", "1e2"}) {
    inputs_.flags = {{"relay.max_in_flight", value}};
    EXPECT_FALSE(schema_.load(inputs_).ok()) << value;
  }
}

TEST_F(SchemaTest, TablePassesKeysAndValuesThroughAndMergesTheLayers) {
  file(
      "[sink.properties]\n\"security.protocol\" = \"SASL_SSL\"\nlinger.ms = 5\n"
      "socket.keepalive.enable = true\n\"sasl.username\" = \"file\"\n");
  inputs_.environment["OUTBOX_SINK__PROPERTIES__SASL_USERNAME"] = "environment";
  inputs_.flags = {{"sink.properties.client.id", "relay=1"}};
  ASSERT_TRUE(schema_.load(inputs_).ok());
  const std::map<std::string, std::string> expected = {{"security.protocol", "SASL_SSL"},
                                                       {"linger.ms", "5"},
                                                       {"socket.keepalive.enable", "true"},
                                                       {"sasl.username", "environment"},
                                                       {"client.id", "relay=1"}};
  EXPECT_EQ(settings_.properties, expected);
}

TEST_F(SchemaTest, TableRefusesListsAndPlainValues) {
  file("[sink]\nproperties = 'x'\n");
  EXPECT_THAT(error(), HasSubstr("sink.properties must be a table"));
  file("[sink.properties]\na = [1]\n");
  EXPECT_THAT(error(), HasSubstr("sink.properties.a must be a string"));
}

TEST_F(SchemaTest, EmptySectionsAreFine) {
  file("[sink]\n[sink.properties]\n[relay]\n");
  EXPECT_TRUE(schema_.load(inputs_).ok());
  file("[sinks]\n");
  EXPECT_THAT(error(), HasSubstr("unknown key sinks"));
}

TEST_F(SchemaTest, MissingAndBrokenFilesAreNamed) {
  inputs_.file = "/nonexistent/outbox.toml";
  EXPECT_THAT(error(), HasSubstr("cannot read the configuration file /nonexistent/outbox.toml"));
  file("[sink\n");
  EXPECT_THAT(error(), HasSubstr(path_ + ":1: not valid TOML"));
}

TEST_F(SchemaTest, EmptyFileIsFine) {
  file("");
  EXPECT_TRUE(schema_.load(inputs_).ok());
}

TEST_F(SchemaTest, SecretsAppearNeitherInErrorsNorInTheListing) {
  file("[source]\nurl = hunter2\n");
  EXPECT_THAT(error(), Not(HasSubstr("hunter2")));
  file("[source]\nurl = 20071997\n[sink.properties]\n\"sasl.password\" = [20071997]\n");
  EXPECT_THAT(error(), Not(HasSubstr("20071997")));

  file(
      "[source]\nurl = 'postgresql://app:hunter2@db/shop'\n"
      "[sink.properties]\n\"sasl.password\" = 'hunter2'\n\"sasl.username\" = 'app'\n");
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_EQ(settings_.properties["sasl.password"], "hunter2");
  EXPECT_THAT(schema_.show(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(schema_.show(), HasSubstr("source.url = \"postgresql://db/shop\"  # environment"));
  EXPECT_THAT(schema_.show(), HasSubstr("sink.properties.sasl.password = \"***\"  # file"));
  EXPECT_THAT(schema_.show(), HasSubstr("sink.properties.sasl.username = \"app\"  # file"));
}

TEST_F(SchemaTest, ListingTellsWhereEachValueCameFrom) {
  file("[relay]\nlease = '30s'\n");
  inputs_.flags = {{"relay.max_in_flight", "7"}};
  inputs_.environment["OUTBOX_SOURCE__RECEIPTS"] = "false";
  ASSERT_TRUE(schema_.load(inputs_).ok());
  EXPECT_THAT(schema_.show(), HasSubstr("relay.lease = \"30s\"  # file\n"));
  EXPECT_THAT(schema_.show(), HasSubstr("relay.max_in_flight = 7  # flag\n"));
  EXPECT_THAT(schema_.show(), HasSubstr("source.receipts = false  # environment\n"));
  EXPECT_THAT(schema_.show(), HasSubstr("sink.brokers = \"localhost:9092\"  # default\n"));
}

TEST_F(SchemaTest, TheExampleFileLoadsAndMeansTheDefaults) {
  const auto example = schema_.describe();
  EXPECT_THAT(example, HasSubstr("Environment: OUTBOX_SOURCE__URL, DATABASE_URL, DB_DSN."));
  EXPECT_THAT(example, HasSubstr("Allowed: from 1s to 1m."));
  file(example);
  inputs_.environment.clear();
  const auto loaded = schema_.load(inputs_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << "\n" << example;
  EXPECT_EQ(settings_.url.reveal(), "postgresql://outbox@localhost/shop");
  EXPECT_EQ(settings_.brokers, "localhost:9092");
  EXPECT_EQ(settings_.lease, std::chrono::seconds(5));
}

}  // namespace
}  // namespace outbox::config
