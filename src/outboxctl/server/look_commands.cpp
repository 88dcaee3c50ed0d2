#include <algorithm>
#include <utility>

#include "outboxctl/ranges.hpp"
#include "outboxctl/server/api_client.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"

namespace outbox::ctl::server {
namespace {

constexpr std::int64_t kLargestPage = 200;
// A page may be empty where the server had to look at much, so that pages are counted, too.
constexpr int kMostPages = 100;

// The items of as many pages as it takes for `limit` of them.
Result<Json> items_of(const ApiClient& api, const std::string& path,
                      const std::vector<std::pair<std::string_view, std::string>>& parameters,
                      std::int64_t limit) {
  Json items = Json::array();
  std::string cursor;
  for (int page = 0; page < kMostPages; ++page) {
    const auto rest = limit - static_cast<std::int64_t>(items.size());
    auto query = parameters;
    query.emplace_back("limit", std::to_string(std::min(rest, kLargestPage)));
    query.emplace_back("cursor", cursor);
    const auto answer = api.get(path + query_of(query));
    if (!answer) return answer.error();
    for (const Json& item : field(*answer, "items"))
      items.push_back(item);
    const Json& next = field(*answer, "nextCursor");
    if (!next.is_string() || std::cmp_greater_equal(items.size(), limit)) break;
    cursor = next.get<std::string>();
  }
  return items;
}

std::string dash(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().empty() ? "-" : shown(value);
}

void print_status(std::ostream& out, const Json& overview, const std::string& server) {
  out << "the outbox of " << server << ", version " << shown(field(overview, "version")) << '\n';
  if (field(overview, "paused") == true) out << "paused: nothing is sent until it is resumed\n";
  const Json& source = field(overview, "source");
  if (field(source, "problem").is_string()) {
    out << "PROBLEM: " << shown(field(source, "problem")) << '\n';
  }
  const Json& sink = field(overview, "sink");
  if (field(sink, "reachable") == false) out << "PROBLEM: " << shown(field(sink, "detail")) << '\n';
  for (const Json& alert : field(overview, "alerts")) {
    out << shown(field(alert, "severity")) << ": " << shown(field(alert, "title")) << ". "
        << shown(field(alert, "detail")) << ' ' << shown(field(alert, "remedy")) << '\n';
  }
  out << '\n';
  const Json& failed = field(overview, "failed");
  TextTable counts{{"MESSAGES", "COUNT", ""}};
  counts.add({"pending",
              (field(overview, "pendingIsEstimate") == true ? "~" : "") +
                  shown(field(overview, "pending")),
              "the oldest for " + shown(field(overview, "oldestPendingAgeSeconds")) + " s"});
  counts.add({"retrying", shown(field(failed, "retrying")),
              "messages wait behind " + shown(field(failed, "heldKeys")) + " keys"});
  counts.add({"dead", shown(field(failed, "dead")), ""});
  counts.add({"processed", shown(field(overview, "processed")), "since this relay began"});
  counts.print(out);
  const Json& shards = field(overview, "shards");
  out << "\nshards: " << shown(field(shards, "owned")) << " of " << shown(field(shards, "total"))
      << " are owned, by " << dash(field(shards, "owner")) << ", epoch "
      << shown(field(shards, "epoch")) << '\n';
}

// Where it went, or why it did not.
std::string outcome(const Json& message) {
  if (field(message, "lastError").is_string()) {
    return shown(field(message, "attempts")) + " attempts: " + shown(field(message, "lastError"));
  }
  if (!field(message, "topic").is_string()) return "";
  return shown(field(message, "topic")) + "[" + shown(field(message, "partition")) + "]@" +
         shown(field(message, "offset"));
}

// "shard=7, relay=a"
std::string details_of(const Json& detail) {
  std::string text;
  if (!detail.is_object()) return text;
  for (const auto& [name, value] : detail.items()) {
    text += (text.empty() ? "" : ", ") + name + "=" + shown(value);
  }
  return text;
}

void print_trace(std::ostream& out, const Json& trace) {
  const Json& message = field(trace, "message");
  if (message.is_object()) {
    out << "message " << shown(field(message, "seq")) << ", id " << shown(field(message, "id"))
        << ": " << shown(field(message, "status")) << '\n'
        << "  " << shown(field(message, "type")) << " of " << shown(field(message, "aggregateType"))
        << ' ' << shown(field(message, "aggregateId")) << "\n\n";
  }
  TextTable table{{"STAGE", "TIME", "AFTER (MS)", ""}};
  for (const Json& stage : field(trace, "stages")) {
    const Json& missing = field(stage, "missing");
    table.add({shown(field(stage, "name")), shown(field(stage, "at")),
               shown(field(stage, "durationMs")),
               missing.is_string() ? shown(missing) : details_of(field(stage, "detail"))});
  }
  table.print(out);
}

void print_shards(std::ostream& out, const Json& state) {
  if (field(state, "mode") == "wal") {
    out << "reads the write-ahead log, from the slot " << shown(field(state, "slot")) << "\n\n";
  }
  // Shards with the same owner and epoch as one row.
  std::vector<std::pair<std::pair<std::string, std::string>, Json>> owners;
  for (const Json& shard : field(state, "shards")) {
    const std::pair key{shown(field(shard, "owner")), shown(field(shard, "epoch"))};
    const auto same = std::find_if(owners.begin(), owners.end(),
                                   [&](const auto& owner) { return owner.first == key; });
    Json& shards =
        same == owners.end() ? owners.emplace_back(key, Json::array()).second : same->second;
    shards.push_back(field(shard, "shard"));
  }
  TextTable table{{"OWNER", "EPOCH", "COUNT", "SHARDS"}};
  for (const auto& [key, shards] : owners) {
    table.add({key.first.empty() || key.first == "-" ? "(free)" : key.first, key.second,
               std::to_string(shards.size()), ranges(shards)});
  }
  table.print(out);
  out << '\n';
  TextTable relays{{"RELAY", "SHARDS", "JOINED"}};
  for (const Json& relay : field(state, "relays")) {
    relays.add({shown(field(relay, "name")), shown(field(relay, "shards")),
                shown(field(relay, "joinedAt"))});
  }
  relays.print(out);
}

// Asks for one thing and shows it.
Result<void> show(const CommonOptions& common, const std::string& path, std::ostream& out,
                  void (*print)(std::ostream&, const Json&)) {
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  const auto answer = api->get(path);
  if (!answer) return answer.error();
  if (common.format == Format::json) {
    print_line(out, *answer);
  } else {
    print(out, *answer);
  }
  return {};
}

}  // namespace

Result<void> show_status(const CommonOptions& common, std::ostream& out) {
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  const auto overview = api->get("/overview");
  if (!overview) return overview.error();
  if (common.format == Format::json) {
    print_line(out, *overview);
  } else {
    print_status(out, *overview, api->server());
  }
  return {};
}

Result<void> list_messages(const CommonOptions& common, const MessagesOptions& options,
                           std::ostream& out) {
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  const auto messages = items_of(
      *api, "/messages", {{"status", options.status}, {"aggregateId", options.key}}, options.limit);
  if (!messages) return messages.error();
  if (common.format == Format::json) {
    print_line(out, *messages);
    return {};
  }
  TextTable table{{"SEQ", "STATUS", "KEY", "TYPE", "CREATED", "OUTCOME"}};
  for (const Json& message : *messages) {
    table.add({shown(field(message, "seq")), shown(field(message, "status")),
               shown(field(message, "aggregateId")), shown(field(message, "type")),
               shown(field(message, "createdAt")), outcome(message)});
  }
  table.print(out);
  return {};
}

Result<void> trace_message(const CommonOptions& common, const std::string& name,
                           std::ostream& out) {
  return show(common, "/messages/" + http::percent_encoded(name) + "/trace", out, print_trace);
}

Result<void> show_shards(const CommonOptions& common, std::ostream& out) {
  return show(common, "/shards", out, print_shards);
}

Result<void> list_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                               std::ostream& out) {
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  const admin::DeadLetterFilter& filter = options.filter;
  const auto letters = items_of(*api, "/dead-letters",
                                {{"aggregateId", filter.key},
                                 {"type", filter.type},
                                 {"error", filter.error},
                                 {"since", filter.since}},
                                options.limit);
  if (!letters) return letters.error();
  if (common.format == Format::json) {
    print_line(out, *letters);
    return {};
  }
  TextTable table{{"SEQ", "KEY", "TYPE", "FAILED", "ATTEMPTS", "ITS KEY", "LAST ERROR"}};
  for (const Json& letter : *letters) {
    table.add({shown(field(letter, "seq")), shown(field(letter, "aggregateId")),
               shown(field(letter, "type")), shown(field(letter, "failedAt")),
               shown(field(letter, "attempts")),
               field(letter, "holdsKey") == true ? "waits" : "goes on",
               shown(field(letter, "lastError"))});
  }
  table.print(out);
  return {};
}

}  // namespace outbox::ctl::server
