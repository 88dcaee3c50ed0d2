#include "invoice-service/settings.hpp"

#include <gtest/gtest.h>

namespace outbox::invoices {
namespace {

TEST(Settings, NoCredentialIsShown) {
  Settings settings;
  auto schema = describe_settings(settings);
  const auto loaded = schema.load(
      {.file = {},
       .environment = {{"MONGO_URI",
                        "mongodb://i:canary1@db/?tlsCertificateKeyFilePassword=canary2"},
                       {"OUTBOX_EVENTS__SECRETS", "whsec_canary3"},
                       {"OUTBOX_KAFKA__PROPERTIES__SASL_PASSWORD", "canary4"},
                       {"OUTBOX_TELEMETRY__OTLP_ENDPOINT", "http://u:canary5@c"},
                       {"OUTBOX_TELEMETRY__OTLP_HEADERS", "authorization=canary6"}},
       .flags = {}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(settings.event_secrets.reveal(), "whsec_canary3");
  EXPECT_EQ(schema.show().find("canary"), std::string::npos) << schema.show();
}

}  // namespace
}  // namespace outbox::invoices
