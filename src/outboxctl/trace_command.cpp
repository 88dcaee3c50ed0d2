#include <algorithm>
#include <utility>

#include "admin/trace.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"

namespace outbox::ctl {
namespace {

struct Event {
  std::string at;
  std::string what;
  std::string details;
};

std::vector<Event> events_of(const Json& message) {
  std::vector<Event> events;
  if (!message["created_at"].is_null()) {
    events.push_back({shown(message["created_at"]), "written",
                      "in transaction " + shown(message["transaction"])});
  }
  for (const Json& failure : message["failures"]) {
    events.push_back({shown(failure["failed_at"]), "attempt " + shown(failure["attempt"]),
                      shown(failure["error"]) + " (" + shown(failure["relay"]) + ")"});
  }
  for (const Json& action : message["audit"]) {
    events.push_back({shown(action["at"]), shown(action["action"]),
                      shown(action["actor"]) + " " + shown(action["details"])});
  }
  for (const Json& receipt : message["receipts"]) {
    events.push_back({shown(receipt["processed_at"]), "delivered",
                      shown(receipt["topic"]) + "[" + shown(receipt["partition"]) + "]@" +
                          shown(receipt["offset"])});
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  return events;
}

// What the events do not tell: where it is now.
std::string standing(const Json& message) {
  if (message["created_at"].is_null()) return "its row was removed";
  if (message["status"].is_null()) return "its shard has no position: see 'outboxctl shards'";
  std::string status = shown(message["status"]);
  if (status == "pending") return "pending: no relay has read past it";
  if (status == "held") {
    const Json& head = message["waits_behind"];
    return head.is_null()
               ? "held behind its key's first message"
               : "held behind " + shown(head["seq"]) + ", which is " + shown(head["state"]);
  }
  const Json& exception = message["exception"];
  if (exception.is_null()) return status;
  if (exception["replay"].get<bool>()) status += "; its replay is " + shown(exception["state"]);
  if (!exception["due_at"].is_null()) status += ", due at " + shown(exception["due_at"]);
  if (exception["attempts"] != 0) status += ", after " + shown(exception["attempts"]) + " attempts";
  if (!exception["topic"].is_null()) status += ", to " + shown(exception["topic"]);
  if (exception["edited"].get<bool>()) status += ", with an edited payload";
  if (!exception["last_error"].is_null()) status += ": " + shown(exception["last_error"]);
  return status;
}

void print_text(std::ostream& out, const Json& message) {
  out << "message " << shown(message["seq"]) << ", id " << shown(message["id"]) << '\n'
      << "  " << shown(message["type"]) << " of " << shown(message["aggregate_type"]) << ' '
      << shown(message["key"]) << ", " << shown(message["payload_bytes"]) << " bytes, shard "
      << shown(message["shard"]) << '\n';
  if (!message["available_at"].is_null()) {
    out << "  not to be delivered before " << shown(message["available_at"]) << '\n';
  }
  out << "  " << standing(message) << "\n\n";
  TextTable table{{"TIME", "EVENT", ""}};
  for (Event& event : events_of(message))
    table.add({std::move(event.at), std::move(event.what), std::move(event.details)});
  table.print(out);
}

}  // namespace

Result<void> trace_message(const CommonOptions& common, const std::string& name,
                           std::ostream& out) {
  if (!common.server.empty()) return server::trace_message(common, name, out);
  auto outbox = open_postgres_outbox(common, "trace");
  if (!outbox) return std::move(outbox).error();
  const auto messages = admin::trace(*outbox, name);
  if (!messages) return messages.error();
  if (common.format == Format::json) {
    print_line(out, Json(*messages));
    return {};
  }
  for (std::size_t i = 0; i < messages->size(); ++i) {
    if (i > 0) out << '\n';
    print_text(out, (*messages)[i]);
  }
  return {};
}

}  // namespace outbox::ctl
