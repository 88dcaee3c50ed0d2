// The settings as they are in effect, and where each came from.
#include <optional>
#include <string>
#include <utility>

#include "admin/outbox_state.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"
#include "outbox/migrations.hpp"

namespace outbox::api {
namespace {

using admin::Json;

// TOML's strings, as the schema writes them, are JSON's too.
std::string plain(const std::string& toml) {
  return toml.starts_with('"') ? Json::parse(toml).get<std::string>() : toml;
}

Json settings_json(const config::Schema& schema) {
  Json settings = Json::array();
  for (const config::Schema::Effective& setting : schema.effective()) {
    const std::string value = plain(setting.value);
    settings.push_back({{"path", setting.path},
                        {"value", setting.secret && value.empty() ? Json(nullptr) : Json(value)},
                        {"source", setting.origin},
                        {"secret", setting.secret},
                        {"help", setting.help},
                        {"default", plain(setting.standard)}});
  }
  return settings;
}

http::Response show(const ApiContext& context, const http::Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  // The settings are of use most when the database is away.
  std::optional<int> version;
  if (context.outbox != nullptr) {
    if (auto outbox = context.outbox->take(actor_of(request))) {
      const auto read = admin::schema_version(*outbox);
      if (read) version = *read;
    }
  }
  return json_answer(200, {{"schemaVersion", version ? Json(*version) : Json(nullptr)},
                           {"newestSchemaVersion", newest_migration()},
                           {"settings", settings_json(*context.schema)}});
}

}  // namespace

void add_config_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/config",
      [context](const http::Request& request) { return show(context, request); },
      http::Access::viewer);
}

}  // namespace outbox::api
