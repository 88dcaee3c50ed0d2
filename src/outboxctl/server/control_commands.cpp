#include <string>

#include "outboxctl/server/api_client.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl::server {
namespace {

// What a command does at once: where it is posted, and what is said when it changed something and
// when it did not. The texts come after what it is about.
struct Control {
  std::string path;
  Json body = nullptr;  // null: none
  std::string about;    // "shard 7 of "; empty: the whole outbox
  std::string changed;
  std::string unchanged;
};

Result<void> carry_out(const CommonOptions& common, const Control& control, std::ostream& out) {
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  const auto answer =
      control.body.is_null() ? api->post(control.path) : api->post(control.path, control.body);
  if (!answer) return answer.error();
  if (common.format == Format::json) {
    print_line(out, *answer);
    return {};
  }
  out << control.about << "the outbox of " << api->server()
      << (field(*answer, "changed") == true ? control.changed : control.unchanged) << '\n';
  return {};
}

}  // namespace

Result<void> pause_relays(const CommonOptions& common, const PauseOptions& options, bool paused,
                          std::ostream& out) {
  Control control;
  if (options.shard) {
    control.path = "/shards/" + std::to_string(*options.shard);
    control.about = "shard " + std::to_string(*options.shard) + " of ";
  } else if (!options.topic.empty()) {
    control.path = "/topics/" + http::percent_encoded(options.topic);
    control.about = "topic " + text::printable(options.topic) + " of ";
  }
  control.path += paused ? "/pause" : "/resume";
  control.changed = paused ? " is now paused" : " is now going";
  control.unchanged = paused ? " was already paused" : " was already going";
  return carry_out(common, control, out);
}

Result<void> release_shard(const CommonOptions& common, const ShardOptions& options,
                           std::ostream& out) {
  Control control;
  control.path = "/shards/" + std::to_string(options.shard) + "/release";
  control.about = "shard " + std::to_string(options.shard) + " of ";
  control.changed = " is let go within about a second, and taken by whoever has the fewest";
  control.unchanged = " is free, or about to be";
  return carry_out(common, control, out);
}

Result<void> move_shard(const CommonOptions& common, const ShardOptions& options,
                        std::ostream& out) {
  const std::string relay = text::printable(options.relay);
  Control control;
  control.path = "/shards/" + std::to_string(options.shard) + "/move";
  control.body = Json::object({{"relay", options.relay}});
  control.about = "shard " + std::to_string(options.shard) + " of ";
  control.changed = " goes to " + relay + ", which keeps it for as long as it runs";
  control.unchanged = " was already to go to " + relay;
  return carry_out(common, control, out);
}

}  // namespace outbox::ctl::server
