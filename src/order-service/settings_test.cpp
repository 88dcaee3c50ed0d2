#include "order-service/settings.hpp"

#include <gtest/gtest.h>

namespace outbox::orders {
namespace {

TEST(Settings, TheUsualEnvironmentNamesGiveTheDatabase) {
  for (const char* name : {"DATABASE_URL", "DB_DSN", "OUTBOX_DATABASE__URL"}) {
    Settings settings;
    auto schema = make_schema(settings);
    ASSERT_TRUE(
        schema.load({.file = {}, .environment = {{name, "postgresql://db/orders"}}, .flags = {}})
            .ok());
    EXPECT_EQ(settings.database_url.reveal(), "postgresql://db/orders");
    EXPECT_EQ(settings.http_port, 3000);
    EXPECT_EQ(settings.http_address, "127.0.0.1");
  }
}

TEST(Settings, TheDatabaseIsRequiredAndItsPasswordHidden) {
  Settings settings;
  auto schema = make_schema(settings);
  EXPECT_FALSE(schema.load({}).ok());
  ASSERT_TRUE(schema
                  .load({.file = {},
                         .environment = {{"DATABASE_URL", "postgresql://o:hunter2@db/orders"}},
                         .flags = {}})
                  .ok());
  EXPECT_EQ(schema.show().find("hunter2"), std::string::npos);
}

TEST(Settings, NoCredentialIsShown) {
  Settings settings;
  auto schema = make_schema(settings);
  ASSERT_TRUE(
      schema
          .load({.file = {},
                 .environment = {{"DATABASE_URL", "postgresql://o:canary1@db/o?password=canary2"},
                                 {"OUTBOX_TELEMETRY__OTLP_ENDPOINT", "http://u:canary3@c"},
                                 {"OUTBOX_TELEMETRY__OTLP_HEADERS", "authorization=canary4"}},
                 .flags = {}})
          .ok());
  EXPECT_EQ(settings.tracing.otlp_headers.reveal(), "authorization=canary4");
  EXPECT_EQ(schema.show().find("canary"), std::string::npos) << schema.show();
}

}  // namespace
}  // namespace outbox::orders
