#include <utility>

#include "admin/shards.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/ranges.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"

namespace outbox::ctl {
namespace {

void print_text(std::ostream& out, const Json& state) {
  if (state["paused"] == true) out << "paused: nothing is sent until 'outboxctl resume'\n\n";
  if (state["mode"] == "wal") {
    out << "reads the write-ahead log, from the slot " << shown(state["slot"]) << "\n\n";
  }
  TextTable owners{{"OWNER", "EPOCH", "COUNT", "SHARDS"}};
  for (const Json& owner : state["owners"]) {
    const std::string name = shown(owner["owner"]);
    owners.add({name.empty() ? "(free)" : name, shown(owner["epoch"]),
                std::to_string(owner["shards"].size()), ranges(owner["shards"])});
  }
  owners.print(out);
  out << '\n';
  TextTable positions{
      {"SHARDS", "EPOCH", "N", "DONE UP TO SNAPSHOT", "READING TO", "LAST SEQ", "WRITTEN"}};
  for (const Json& position : state["positions"]) {
    positions.add({ranges(position["shards"]), shown(position["epoch"]), shown(position["n"]),
                   shown(position["from_snapshot"]), shown(position["to_snapshot"]),
                   shown(position["last_seq"]), shown(position["written_at"])});
  }
  positions.print(out);
  out << '\n';
  TextTable relays{{"RELAY", "SHARDS", "RENEWALS", "JOINED"}};
  for (const Json& relay : state["relays"]) {
    relays.add({shown(relay["owner"]), shown(relay["shards"]), shown(relay["renewals"]),
                shown(relay["joined_at"])});
  }
  relays.print(out);
}

}  // namespace

Result<void> show_shards(const CommonOptions& common, std::ostream& out) {
  if (!common.server.empty()) return server::show_shards(common, out);
  auto outbox = open_postgres_outbox(common, "shards");
  if (!outbox) return std::move(outbox).error();
  const auto state = admin::shards(*outbox);
  if (!state) return state.error();
  if (common.format == Format::json) {
    print_line(out, *state);
  } else {
    print_text(out, *state);
  }
  return {};
}

}  // namespace outbox::ctl
