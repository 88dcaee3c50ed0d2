#include <cstdlib>
#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/output.hpp"
#include "relay_settings/settings.hpp"
#include "support/config/command_line.hpp"

namespace outbox::ctl {
namespace {

// Loads as outbox-processor would. `settings` must outlive the result.
Result<config::Schema> load(const ConfigOptions& options, Settings& settings) {
  config::Schema schema = make_schema(settings);
  const char* named = std::getenv("OUTBOX_CONFIG");
  const auto inputs = config::inputs_of(
      options.file.empty() && named != nullptr ? named : options.file, options.settings);
  if (!inputs) return inputs.error();
  if (auto loaded = schema.load(*inputs); !loaded) return std::move(loaded).error();
  return schema;
}

}  // namespace

Result<void> check_config(const CommonOptions& common, const ConfigOptions& options,
                          std::ostream& out) {
  Settings settings;
  const auto schema = load(options, settings);
  if (!schema) return schema.error();
  if (common.format == Format::json) {
    print_line(out, {{"valid", true}});
  } else {
    out << "the configuration is valid\n";
  }
  return {};
}

Result<void> show_config(const CommonOptions& common, const ConfigOptions& options,
                         std::ostream& out) {
  Settings settings;
  const auto schema = load(options, settings);
  if (!schema) return schema.error();
  if (common.format == Format::text) {
    out << schema->show();
    return {};
  }
  Json array = Json::array();
  for (const auto& [path, value, origin] : schema->effective())
    array.push_back({{"path", path}, {"value", value}, {"origin", origin}});
  print_line(out, array);
  return {};
}

}  // namespace outbox::ctl
