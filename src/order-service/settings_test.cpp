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
    EXPECT_EQ(settings.database_url, "postgresql://db/orders");
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

}  // namespace
}  // namespace outbox::orders
