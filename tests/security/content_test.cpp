// What producers and secrets hold must not get where it does harm.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "relay_settings/settings.hpp"
#include "tests/security/secured_relay.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::security {
namespace {

using Json = nlohmann::json;

const std::string kScript = R"(<script>alert("x")</script><img src=x onerror=alert(1)>)";

bool is_json(const http::testing::Reply& reply) {
  const auto type = reply.headers.find("Content-Type").value_or("");
  return (type == "application/json" || type == "application/problem+json") &&
         reply.headers.find("X-Content-Type-Options") == "nosniff" && Json::accept(reply.body);
}

TEST(SecurityContent, MarkupOfProducersStaysText) {
  const SecuredRelay relay;
  Checks checks("answers with markup in them");
  auto database = relay.connect();
  test::must_exec(database,
                  "insert into outbox (id, aggregatetype, aggregateid, type, payload, headers, "
                  "available_at) select gen_random_uuid(), x, x, x, to_json(x), "
                  "jsonb_build_object('h', x), '2100-01-01' from (select $$" +
                      kScript + "$$::text as x) s");
  ASSERT_TRUE(test::eventually([&] {
    return test::value_of(database, "select count(*) from outbox_exception") == "1";
  })) << relay.log();
  test::must_exec(database, "update outbox_exception set last_error = $$" + kScript + "$$");
  const auto message = relay.ask({.target = "/api/v1/messages/1"});
  checks.expect(message.status == 200 && is_json(message), message.body);
  const std::string text = Json::parse(message.body).dump();
  checks.expect(text.find(Json(kScript).dump()) != std::string::npos,
                "the text is changed: " + text);
  const std::string encoded = "%3Cscript%3Ealert(%22x%22)%3C%2Fscript%3E";
  for (const std::string& target :
       {std::string("/api/v1/messages"), std::string("/api/v1/dead-letters"),
        std::string("/api/v1/aggregates"), std::string("/api/v1/messages/1/trace"),
        "/api/v1/messages/" + encoded, "/api/v1/messages?status=" + encoded,
        "/api/v1/messages?topic=" + encoded, "/api/v1/aggregates/" + encoded + "/" + encoded,
        "/api/v1/audit?actor=" + encoded, "/api/v1/" + encoded, "/api/v1/messages?path=" + encoded,
        "/api/v1/messages?cursor=" + encoded, "/api/v1/operations/" + encoded}) {
    const auto reply = relay.ask({.target = target});
    checks.expect(is_json(reply), target + ": " + std::to_string(reply.status) + " " + reply.body);
    checks.expect(reply.status < 500, target + ": " + std::to_string(reply.status));
  }
}

TEST(SecurityContent, EveryAnswerHasItsSecurityHeaders) {
  const SecuredRelay relay;
  Checks checks("answers with the security headers");
  std::vector<std::string> targets{"/", "/metrics", "/livez", "/readyz", "/nowhere"};
  for (const Operation& operation : operations())
    targets.push_back(operation.path);
  for (const std::string& target : targets) {
    const auto reply = relay.ask({.target = target});
    const auto policy = reply.headers.find("Content-Security-Policy").value_or("");
    checks.expect(policy.find("frame-ancestors 'none'") != std::string_view::npos, target);
    checks.expect(policy.find("unsafe") == std::string_view::npos, target);
    checks.expect(reply.headers.find("X-Content-Type-Options") == "nosniff", target);
    const auto referrer = reply.headers.find("Referrer-Policy");
    checks.expect(referrer == "no-referrer" || referrer == "same-origin", target);
    if (target.starts_with("/api/")) {
      checks.expect(reply.headers.find("Cache-Control") == "no-store", target);
    }
  }
}

// A value with the canary in it that each secret setting takes.
const std::string kCanary = "Canary4711";
const e2e::Environment kSecrets{
    {"OUTBOX_SINK__HTTP__SECRETS", "whsec_" + kCanary + std::string(34, 'A')},
    {"OUTBOX_SINK__HTTP__URL", "http://u:" + kCanary + "@127.0.0.1:1/?key=" + kCanary},
    {"OUTBOX_SINK__PROPERTIES__SASL_PASSWORD", kCanary},
    {"OUTBOX_TRACE__CONSUMER_URL", "http://u:" + kCanary + "@127.0.0.1:1"},
    {"OUTBOX_TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:1"},  // refuses a password
    {"OUTBOX_TELEMETRY__OTLP_HEADERS", "authorization=" + kCanary},
    {"OUTBOX_SINK__PROPERTIES__SSL_KEY_PASSWORD", kCanary}};

std::string with_password(const std::string& url) {
  return url + (url.find('?') == std::string::npos ? "?" : "&") + "password=" + kCanary;
}

TEST(SecurityContent, SecretsAreInNoLogNoAnswerAndNoListing) {
  Checks checks("places that could hold a secret");
  e2e::Environment settings = kSecrets;
  settings["OUTBOX_LOG__LEVEL"] = "debug";
  const SecuredRelay relay(settings);
  const auto clean = [&](const std::string& text, const std::string& where) {
    checks.expect(text.find(kCanary) == std::string::npos, where + " holds a secret: " + text);
    checks.expect(text.find(relay.admin()) == std::string::npos, where + " holds a token");
  };
  for (const Operation& operation : operations()) {
    if (operation.path == "/api/v1/events") continue;
    clean(relay.ask({.target = operation.path, .token = relay.admin()}).body, operation.path);
  }
  for (const char* path : {"/metrics", "/readyz?verbose", "/"})
    clean(relay.ask({.target = path}).body, path);

  e2e::Environment with_url = relay.environment();
  with_url["DATABASE_URL"] = with_password(with_url["DATABASE_URL"]);
  const std::string bin = OUTBOX_BIN_DIR;
  clean(run({bin + "/outbox-processor", "--show-config"}, with_url), "--show-config");
  clean(run({bin + "/outbox-processor", "--check-config"}, with_url), "--check-config");
  clean(run({bin + "/outboxctl", "config", "show"}, with_url), "config show");
  clean(run({bin + "/outboxctl", "config", "show", "--format", "json"}, with_url), "config show");
  // And where the settings are wrong: what is said of them quotes no secret.
  with_url["OUTBOX_SINK__HTTP__SECRETS"] = kCanary;
  with_url["DATABASE_URL"] = "postgresql://u:" + kCanary + "@[broken";
  clean(run({bin + "/outboxctl", "status"}, with_url), "outboxctl status");
  with_url["OUTBOX_SINK__TYPE"] = "http";
  clean(run({bin + "/outbox-processor"}, with_url), "a start that fails");
  clean(relay.log(), "the log");
}

TEST(SecurityContent, TheCanariesAreInEverySecretSetting) {
  Checks checks("secret settings with a canary");
  Settings settings;
  config::Schema schema = make_schema(settings);
  e2e::Environment environment = kSecrets;
  environment["DATABASE_URL"] = with_password("postgresql://127.0.0.1/shop");
  const auto loaded = schema.load({.file = {}, .environment = environment, .flags = {}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (const auto& setting : schema.effective()) {
    if (!setting.secret) continue;
    checks.expect(setting.origin == "environment", setting.path + " has no canary");
    checks.expect(setting.value.find(kCanary) == std::string::npos, setting.path + " is shown");
  }
}

}  // namespace
}  // namespace outbox::security
