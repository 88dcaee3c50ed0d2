#include <utility>

#include "admin/pause.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/server/server_commands.hpp"

namespace outbox::ctl {

Result<void> pause_relays(const CommonOptions& common, bool paused, std::ostream& out) {
  if (!common.server.empty()) return server::pause_relays(common, paused, out);
  auto outbox = open_postgres_outbox(common, paused ? "pause" : "resume");
  if (!outbox) return std::move(outbox).error();
  const auto changed = admin::set_paused(*outbox, paused);
  if (!changed) return changed.error();
  if (common.format == Format::json) {
    print_line(out, {{"table", common.table}, {"paused", paused}, {"changed", *changed}});
    return {};
  }
  out << common.table << " in " << outbox->where() << (*changed ? " is now " : " was already ")
      << (paused ? "paused: its relays stop within about a second, and nothing is lost\n"
                 : "going: its relays send\n");
  return {};
}

}  // namespace outbox::ctl
