#include <utility>

#include "admin/shard_control.hpp"
#include "admin/shards.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/ranges.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl {
namespace {

// What operators have paused, and want to be elsewhere.
void print_wishes(std::ostream& out, const Json& state) {
  for (const Json& topic : state["paused_topics"]) {
    out << "topic " << shown(topic) << " is paused: nothing is sent to it\n";
  }
  if (!state["paused_shards"].empty()) {
    out << "paused shards, which nobody reads: " << ranges(state["paused_shards"]) << '\n';
  }
  for (const Json& move : state["preferred"]) {
    out << "wanted by an operator at " << shown(move["relay"]) << ": " << ranges(move["shards"])
        << '\n';
  }
  if (!state["paused_topics"].empty() || !state["paused_shards"].empty() ||
      !state["preferred"].empty()) {
    out << '\n';
  }
}

std::string who(const Json& owner) {
  return owner.is_null() ? "(free)" : shown(owner);
}

void print_moves(std::ostream& out, const Json& moves) {
  if (moves.empty()) return;
  TextTable table{{"MOVED", "SHARDS", "FROM", "TO", "EPOCH", "WHY"}};
  for (const Json& move : moves) {
    table.add({shown(move["at"]), ranges(move["shards"]), who(move["from"]), who(move["to"]),
               shown(move["epoch"]), shown(move["reason"])});
  }
  out << '\n';
  table.print(out);
}

void print_text(std::ostream& out, const Json& state) {
  if (state["paused"] == true) out << "paused: nothing is sent until 'outboxctl resume'\n\n";
  if (state["mode"] == "wal") {
    out << "reads the write-ahead log, from the slot " << shown(state["slot"]) << "\n\n";
  }
  print_wishes(out, state);
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
  print_moves(out, state["moves"]);
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

Result<void> release_shard(const CommonOptions& common, const ShardOptions& options,
                           std::ostream& out) {
  if (!common.server.empty()) return server::release_shard(common, options, out);
  auto outbox = open_postgres_outbox(common, "shards");
  if (!outbox) return std::move(outbox).error();
  const auto changed = admin::release_shard(*outbox, options.shard);
  if (!changed) return changed.error();
  if (common.format == Format::json) {
    print_line(out, {{"table", common.table}, {"shard", options.shard}, {"changed", *changed}});
    return {};
  }
  out << "shard " << options.shard << " of " << common.table << " in " << outbox->where()
      << (*changed ? " is let go within about a second, and taken by whoever has the fewest\n"
                   : " is free, or about to be\n");
  return {};
}

Result<void> move_shard(const CommonOptions& common, const ShardOptions& options,
                        std::ostream& out) {
  if (!common.server.empty()) return server::move_shard(common, options, out);
  auto outbox = open_postgres_outbox(common, "shards");
  if (!outbox) return std::move(outbox).error();
  const auto changed = admin::move_shard(*outbox, options.shard, options.relay);
  if (!changed) return changed.error();
  if (common.format == Format::json) {
    print_line(out, {{"table", common.table},
                     {"shard", options.shard},
                     {"relay", options.relay},
                     {"changed", *changed}});
    return {};
  }
  out << "shard " << options.shard << " of " << common.table << " in " << outbox->where()
      << (*changed ? " goes to " : " was already to go to ") << text::printable(options.relay)
      << ", which keeps it for as long as it runs\n";
  return {};
}

}  // namespace outbox::ctl
