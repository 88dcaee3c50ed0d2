#include <cstdlib>
#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/relay_config.hpp"
#include "support/config/command_line.hpp"

namespace outbox::ctl {
Result<config::Schema> load_settings(const ConfigOptions& options, Settings& settings) {
  config::Schema schema = make_schema(settings);
  const char* named = std::getenv("OUTBOX_CONFIG");
  const auto inputs = config::inputs_of(
      options.file.empty() && named != nullptr ? named : options.file, options.settings);
  if (!inputs) return inputs.error();
  if (auto loaded = schema.load(*inputs); !loaded) return std::move(loaded).error();
  if (auto fits = check_settings(settings); !fits) return std::move(fits).error();
  return schema;
}

Result<void> check_config(const CommonOptions& common, const ConfigOptions& options,
                          std::ostream& out) {
  Settings settings;
  const auto schema = load_settings(options, settings);
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
  const auto schema = load_settings(options, settings);
  if (!schema) return schema.error();
  if (common.format == Format::text) {
    out << schema->show();
    return {};
  }
  Json array = Json::array();
  for (const config::Schema::Effective& setting : schema->effective()) {
    array.push_back({{"path", setting.path}, {"value", setting.value}, {"origin", setting.origin}});
  }
  print_line(out, array);
  return {};
}

}  // namespace outbox::ctl
