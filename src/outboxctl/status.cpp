#include <algorithm>
#include <string>

#include "outboxctl/commands.hpp"
#include "outboxctl/outbox_admin.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl {
namespace {

std::string dash_if_empty(const std::string& text) {
  return text.empty() ? "-" : text;
}

Json as_json(const Overview& overview, const std::string& table) {
  auto positions = Json::array();
  for (const ShardPosition& position : overview.positions) {
    positions.push_back({{"shards", position.shards},
                         {"from_snapshot", position.from_snapshot},
                         {"to_snapshot", position.to_snapshot},
                         {"last_seq", position.last_seq},
                         {"written_at", position.written_at}});
  }
  const SourceStatus& relay = overview.relay;
  Json log;
  if (overview.log) {
    log = {{"slot", overview.log->slot},
           {"read", overview.log->read},
           {"lag_bytes", relay.lag_bytes},
           {"problem", overview.log->problem}};
  }
  return {{"table", table},
          {"log", log},
          {"version", overview.version},
          {"paused", overview.paused},
          {"paused_topics", overview.paused_topics},
          {"pending", relay.pending},
          {"pending_is_estimate", relay.pending_is_estimate},
          {"oldest_pending_age_ms", relay.oldest_pending_age_ms},
          {"delayed", overview.delayed},
          {"retrying", relay.retrying},
          {"held_keys", relay.held_keys},
          {"dead", relay.dead},
          {"processed", std::min(overview.processed, kProcessedLimit)},
          {"processed_is_lower_bound", overview.processed > kProcessedLimit},
          {"relay", {{"owner", relay.owner}, {"epoch", relay.epoch}, {"shards", relay.shards}}},
          {"positions", positions}};
}

void print_text(std::ostream& out, const Overview& overview, const std::string& name,
                const std::string& where) {
  const SourceStatus& relay = overview.relay;
  out << name << " in " << where << ", version " << overview.version
      << (overview.version < overview.newest_version ? " (outboxctl migrate brings it up to date)"
                                                     : "")
      << (overview.paused ? "\npaused: nothing is sent until 'outboxctl resume'" : "") << "\n";
  if (!overview.paused_topics.empty()) {
    out << "paused topics: " << text::printable(overview.paused_topics) << '\n';
  }
  if (overview.log) {
    out << "the write-ahead log is read, up to " << overview.log->read << ", from the slot "
        << overview.log->slot << ", for which the server keeps " << relay.lag_bytes << " bytes\n";
    if (!overview.log->problem.empty()) out << "PROBLEM: " << overview.log->problem << '\n';
  }
  out << '\n';
  TextTable counts{{"MESSAGES", "COUNT", ""}};
  counts.add({"pending", (relay.pending_is_estimate ? "~" : "") + std::to_string(relay.pending),
              relay.pending == 0
                  ? ""
                  : "the oldest for " + std::to_string(relay.oldest_pending_age_ms) + " ms"});
  counts.add({"delayed", std::to_string(overview.delayed), ""});
  counts.add({"retrying", std::to_string(relay.retrying),
              relay.held_keys == 0
                  ? ""
                  : "messages wait behind " + std::to_string(relay.held_keys) + " keys"});
  counts.add({"dead", std::to_string(relay.dead), relay.dead == 0 ? "" : "an operator decides"});
  counts.add({"processed",
              std::to_string(std::min(overview.processed, kProcessedLimit)) +
                  (overview.processed > kProcessedLimit ? "+" : ""),
              "receipts kept"});
  counts.print(out);
  out << "\nrelay: "
      << (relay.owner.empty() ? "none has connected yet"
                              : text::printable(relay.owner) + ", " + std::to_string(relay.shards) +
                                    " shards, epoch " + std::to_string(relay.epoch))
      << "\n\n";
  TextTable positions{{"SHARDS", "DONE UP TO SNAPSHOT", "READING TO", "LAST SEQ", "WRITTEN"}};
  for (const ShardPosition& position : overview.positions) {
    positions.add({position.shard_count == 64 ? "all" : position.shards,
                   dash_if_empty(position.from_snapshot), dash_if_empty(position.to_snapshot),
                   std::to_string(position.last_seq), dash_if_empty(position.written_at)});
  }
  positions.print(out);
}

}  // namespace

Result<void> show_status(const CommonOptions& common, std::ostream& out) {
  if (!common.server.empty()) return server::show_status(common, out);
  auto outbox = open_outbox(common);
  if (!outbox) return std::move(outbox).error();
  const auto overview = (*outbox)->overview();
  if (!overview) return overview.error();
  if (common.format == Format::json) {
    print_line(out, as_json(*overview, common.table));
  } else {
    print_text(out, *overview, common.table, (*outbox)->where());
  }
  return {};
}

}  // namespace outbox::ctl
