#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/postgres_outbox.hpp"
#include "outboxctl/text_table.hpp"

namespace outbox::ctl {
namespace {

std::string query() {
  return "select json_build_object("
         "'paused', (select bool_or(paused) from ${outbox_control}), "
         "'revision', (select max(revision) from ${outbox_control}), "
         "'mode', (select max(mode) from ${outbox_control}), "
         "'slot', (select max(slot) from ${outbox_control}), "
         "'owners', (select coalesce(json_agg(json_build_object('owner', s.owner, "
         "'epoch', s.epoch, 'shards', s.shards) order by s.owner, s.epoch), '[]') "
         "from (select owner, epoch, json_agg(shard order by shard) as shards "
         "from ${outbox_shard} group by owner, epoch) s), "
         "'positions', (select coalesce(json_agg(json_build_object('shards', p.shards, "
         "'epoch', p.epoch, 'n', p.n, 'from_snapshot', p.f, 'to_snapshot', p.t, "
         "'last_seq', p.last_seq, 'written_at', " +
         utc("p.written_at") +
         ") order by p.epoch, p.n), '[]') from (select json_agg(shard order by shard) as shards, "
         "epoch, n, from_snapshot::text as f, to_snapshot::text as t, last_seq, "
         "max(written_at) as written_at from ${outbox_position} "
         "group by epoch, n, from_snapshot::text, to_snapshot::text, last_seq) p), "
         "'relays', (select coalesce(json_agg(json_build_object('owner', r.owner, "
         "'renewals', r.renewals, 'joined_at', " +
         utc("r.joined_at") +
         ", 'shards', (select count(*) from ${outbox_shard} s where s.owner = r.owner)) "
         "order by r.owner), '[]') from ${outbox_relay} r))";
}

// "0-15, 32": ascending numbers.
std::string ranges(const Json& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() &&
           numbers[last + 1].get<int>() == numbers[last].get<int>() + 1) {
      ++last;
    }
    text += (text.empty() ? "" : ", ") + numbers[i].dump();
    if (last > i) text += "-" + numbers[last].dump();
    i = last + 1;
  }
  return text;
}

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
  auto outbox = PostgresOutbox::open(common, "shards");
  if (!outbox) return std::move(outbox).error();
  const auto state = outbox->documents(query());
  if (!state) return state.error();
  if (common.format == Format::json) {
    print_line(out, state->front());
  } else {
    print_text(out, state->front());
  }
  return {};
}

}  // namespace outbox::ctl
