#include <chrono>
#include <thread>
#include <utility>

#include "outboxctl/confirm.hpp"
#include "outboxctl/payload_file.hpp"
#include "outboxctl/server/api_client.hpp"
#include "outboxctl/server/server_commands.hpp"

namespace outbox::ctl::server {
namespace {

constexpr std::chrono::milliseconds kLook{200};
// As long as nothing moves.
constexpr std::chrono::minutes kPatience{10};

// What a change is called, before and after.
struct Words {
  const char* path;     // "/dead-letters/retry"
  const char* done;     // "retried"
  const char* planned;  // "would retry"
};

std::string progress_of(const Json& operation) {
  return shown(field(operation, "done")) + " of " + shown(field(operation, "total"));
}

// The operation when it has ended.
Result<Json> wait_for(const ApiClient& api, Json operation, Console& console) {
  const std::string path = "/operations/" + shown(field(operation, "id"));
  std::string progress = progress_of(operation);
  auto moved = std::chrono::steady_clock::now();
  while (field(operation, "state") == "running") {
    std::this_thread::sleep_for(kLook);
    auto now = api.get(path);
    if (!now) {
      return Error{now.error().code, now.error().message + "; what was begun goes on, see " +
                                         api.server() + "/api/v1" + path};
    }
    operation = *std::move(now);
    const std::string reached = progress_of(operation);
    if (reached != progress) {
      progress = reached;
      moved = std::chrono::steady_clock::now();
      if (console.interactive) console.err << progress << " messages\n";
    } else if (std::chrono::steady_clock::now() - moved > kPatience) {
      return Error{ErrorCode::timeout,
                   "nothing has moved for ten minutes; what was begun goes on, "
                   "see " +
                       api.server() + "/api/v1" + path};
    }
  }
  return operation;
}

Result<void> report(const CommonOptions& common, const Words& words, const Json& operation,
                    std::ostream& out) {
  const Json& state = field(operation, "state");
  if (state != "done") {
    return Error{
        ErrorCode::conflict,
        shown(state) + " after " + progress_of(operation) + " messages" +
            (field(operation, "error").is_string() ? ": " + shown(field(operation, "error")) : "")};
  }
  if (common.format == Format::json) {
    print_line(out, operation);
  } else {
    const auto done = field(operation, "done").get<std::int64_t>();
    // An older relay does not tell.
    const Json& told = field(operation, "changed");
    const auto changed = told.is_number() ? told.get<std::int64_t>() : done;
    out << words.done << ' ' << count_of(changed, "message") << '\n';
    if (changed < done) {
      out << done - changed << " were left as they are: they had changed meanwhile\n";
    }
  }
  return {};
}

// Runs the change and waits for its end.
Result<void> carry_out(const ApiClient& api, const CommonOptions& common, const Words& words,
                       const Json& body, Console& console) {
  auto begun = api.post(words.path, body);
  if (!begun) return std::move(begun).error();
  const auto ended = wait_for(api, *std::move(begun), console);
  if (!ended) return ended.error();
  return report(common, words, *ended, console.out);
}

// How many messages the change would be of.
Result<Json> dry_run(const ApiClient& api, const Words& words, Json body) {
  body["dryRun"] = true;
  auto answer = api.post(words.path, body);
  if (answer && !field(*answer, "count").is_number()) {
    return Error{ErrorCode::conflict, api.server() + " does not say how many messages these are"};
  }
  return answer;
}

void print_plan(const CommonOptions& common, const Words& words, const Json& plan,
                std::ostream& out) {
  if (common.format == Format::json) {
    print_line(out, plan);
    return;
  }
  out << words.planned << (field(plan, "countIsLowerBound") == true ? " at least " : " ")
      << count_of(field(plan, "count").get<std::int64_t>(), "message") << '\n';
}

void put(Json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

Json selection_of(const admin::DeadLetterFilter& filter) {
  if (!filter.names.empty()) return {{"names", filter.names}};
  Json json = Json::object();
  put(json, "error", filter.error);
  put(json, "type", filter.type);
  put(json, "aggregateId", filter.key);
  put(json, "since", filter.since);
  if (filter.replays) json["replays"] = true;
  return {{"filter", json}};
}

Json filter_of(const admin::ReplayFilter& filter) {
  Json json = Json::object();
  put(json, "since", filter.since);
  put(json, "until", filter.until);
  put(json, "aggregateId", filter.key);
  put(json, "type", filter.type);
  put(json, "id", filter.id);
  return json;
}

}  // namespace

Result<void> retry_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                                Console& console) {
  constexpr Words kWords{"/dead-letters/retry", "retried", "would retry"};
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  Json body{{"selection", selection_of(options.filter)}};
  if (options.rate > 0) body["ratePerSecond"] = options.rate;
  if (!options.payload_file.empty()) {
    auto payload = read_payload(options.payload_file);
    if (!payload) return std::move(payload).error();
    body["payload"] = *std::move(payload);
  }
  if (!options.dry_run) return carry_out(*api, common, kWords, body, console);
  const auto plan = dry_run(*api, kWords, std::move(body));
  if (!plan) return plan.error();
  print_plan(common, kWords, *plan, console.out);
  return {};
}

Result<void> discard_dead_letters(const CommonOptions& common, const DeadLetterOptions& options,
                                  Console& console) {
  constexpr Words kWords{"/dead-letters/discard", "discarded", "would discard"};
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  Json body{{"selection", selection_of(options.filter)}};
  const auto plan = dry_run(*api, kWords, body);
  if (!plan) return plan.error();
  const auto count = field(*plan, "count").get<std::int64_t>();
  if (options.dry_run || count == 0) {
    print_plan(common, kWords, *plan, console.out);
    return {};
  }
  auto meant = confirm(console, common.yes,
                       "this discards " + count_of(count, "message") + " of " + api->server(),
                       std::to_string(count));
  if (!meant) return meant;
  body["confirm"] = "discard " + std::to_string(count);
  return carry_out(*api, common, kWords, body, console);
}

Result<void> replay_messages(const CommonOptions& common, const ReplayOptions& options,
                             Console& console) {
  constexpr Words kWords{"/replay", "replayed", "would replay"};
  const auto api = ApiClient::make(common);
  if (!api) return api.error();
  Json body{{"filter", filter_of(options.filter)}};
  put(body, "topic", options.topic);
  if (options.rate > 0) body["ratePerSecond"] = options.rate;
  const auto plan = dry_run(*api, kWords, body);
  if (!plan) return plan.error();
  const auto count = field(*plan, "count").get<std::int64_t>();
  const bool more = field(*plan, "countIsLowerBound") == true;
  if (options.dry_run || (count == 0 && !more)) {
    print_plan(common, kWords, *plan, console.out);
    return {};
  }
  const char* at_least = more ? "at least " : "";
  auto meant = confirm(console, common.yes,
                       "this sends " + (at_least + count_of(count, "delivered message")) + " of " +
                           api->server() + " again",
                       std::to_string(count));
  if (!meant) return meant;
  return carry_out(*api, common, kWords, body, console);
}

}  // namespace outbox::ctl::server
