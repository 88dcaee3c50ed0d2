#include <string>
#include <utility>

#include "admin/pause.hpp"
#include "admin/shard_control.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl {
namespace {

Result<bool> set_paused(PostgresOutbox& outbox, const PauseOptions& options, bool paused) {
  if (options.shard) return admin::pause_shard(outbox, *options.shard, paused);
  if (!options.topic.empty()) return admin::pause_topic(outbox, options.topic, paused);
  return admin::set_paused(outbox, paused);
}

const char* effect_of(const PauseOptions& options, bool paused) {
  if (options.shard) {
    return paused ? "paused: its relay lets go of it within about a second, and nobody reads it\n"
                  : "going: a relay takes it\n";
  }
  if (!options.topic.empty()) {
    return paused ? "paused: its messages wait in their order, and other topics go on\n"
                  : "going: what has waited is sent\n";
  }
  return paused ? "paused: its relays stop within about a second, and nothing is lost\n"
                : "going: its relays send\n";
}

}  // namespace

Result<void> pause_relays(const CommonOptions& common, const PauseOptions& options, bool paused,
                          std::ostream& out) {
  if (!common.server.empty()) return server::pause_relays(common, options, paused, out);
  auto outbox = open_postgres_outbox(common, paused ? "pause" : "resume");
  if (!outbox) return std::move(outbox).error();
  const auto changed = set_paused(*outbox, options, paused);
  if (!changed) return changed.error();
  if (common.format == Format::json) {
    Json answer{{"table", common.table}, {"paused", paused}, {"changed", *changed}};
    if (options.shard) answer["shard"] = *options.shard;
    if (!options.topic.empty()) answer["topic"] = options.topic;
    print_line(out, answer);
    return {};
  }
  std::string what = common.table + " in " + outbox->where();
  if (options.shard) what = "shard " + std::to_string(*options.shard) + " of " + what;
  if (!options.topic.empty()) what = "topic " + text::printable(options.topic) + " of " + what;
  out << what << (*changed ? " is now " : " was already ") << effect_of(options, paused);
  return {};
}

}  // namespace outbox::ctl
