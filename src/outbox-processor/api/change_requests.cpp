#include "outbox-processor/api/change_requests.hpp"

#include <utility>

#include "admin/message_names.hpp"
#include "outbox/uuid.hpp"

namespace outbox::api {
namespace {

using http::child_pointer;
using http::FieldErrors;
using http::JsonReader;
using http::JsonValue;
using Kind = JsonValue::Kind;

constexpr std::size_t kMostTextCharacters = 1'000;
constexpr std::size_t kMostTopicCharacters = 249;  // Kafka's own limit
constexpr std::size_t kMostRelayCharacters = 255;
constexpr std::int64_t kHighestRate = 1'000'000;

// A member that may be missing or null, which leave the text empty.
std::string optional_text(JsonReader& reader, const JsonValue& object, const std::string& at,
                          std::string_view name, std::size_t max = kMostTextCharacters) {
  const JsonValue* value = object.find(name);
  if (value == nullptr || value->kind == Kind::null) return {};
  return reader.text(*value, child_pointer(at, name), max);
}

bool read_dry_run(JsonReader& reader, const JsonValue& body) {
  const JsonValue* value = body.find("dryRun");
  return value != nullptr && reader.flag(*value, "#/dryRun");
}

std::int64_t read_rate(JsonReader& reader, const JsonValue& body) {
  const JsonValue* value = body.find("ratePerSecond");
  if (value == nullptr || value->kind == Kind::null) return 0;
  return reader.integer(*value, "#/ratePerSecond", 1, kHighestRate);
}

std::vector<std::string> read_names(JsonReader& reader, const JsonValue& value) {
  const std::string at = "#/selection/names";
  std::vector<std::string> names;
  if (value.kind != Kind::array || value.items.empty() || value.items.size() > kMostNames) {
    reader.error("must be an array of 1 to " + std::to_string(kMostNames) + " names", at);
    return names;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const JsonValue& name = value.items[i];
    if (name.kind != Kind::string || !admin::parse_names({name.text})) {
      reader.error("must be a message's seq or its id (a UUID), as a string",
                   child_pointer(at, std::to_string(i)));
    }
    names.push_back(name.text);
  }
  return names;
}

// What the filter chooses from.
enum class From { dead, dead_or_replays };

void read_filter(JsonReader& reader, const JsonValue& value, From from,
                 admin::DeadLetterFilter& filter) {
  const std::string at = "#/selection/filter";
  if (!reader.is_object(value, at)) return;
  if (from == From::dead) {
    reader.refuse_unknown(value, at, {"error", "type", "aggregateType", "aggregateId", "since"});
  } else {
    reader.refuse_unknown(value, at,
                          {"error", "type", "aggregateType", "aggregateId", "since", "replays"});
    const JsonValue* replays = value.find("replays");
    filter.replays = replays != nullptr && reader.flag(*replays, at + "/replays");
  }
  filter.error = optional_text(reader, value, at, "error");
  filter.type = optional_text(reader, value, at, "type");
  filter.aggregate_type = optional_text(reader, value, at, "aggregateType");
  filter.key = optional_text(reader, value, at, "aggregateId");
  filter.since = optional_text(reader, value, at, "since");
}

admin::DeadLetterFilter read_selection(JsonReader& reader, const JsonValue& body, From from) {
  admin::DeadLetterFilter selection;
  const JsonValue* value = reader.required(body, "#", "selection");
  if (value == nullptr || !reader.is_object(*value, "#/selection")) return selection;
  reader.refuse_unknown(*value, "#/selection", {"names", "filter"});
  const JsonValue* names = value->find("names");
  const JsonValue* filter = value->find("filter");
  if ((names == nullptr) == (filter == nullptr)) {
    reader.error("must have either names or a filter", "#/selection");
  } else if (names != nullptr) {
    selection.names = read_names(reader, *names);
  } else {
    read_filter(reader, *filter, from, selection);
  }
  return selection;
}

// Any text, also with line breaks: the payload column decides.
std::optional<std::string> read_payload(JsonReader& reader, const JsonValue& body,
                                        const admin::DeadLetterFilter& selection) {
  const JsonValue* value = body.find("payload");
  if (value == nullptr || value->kind == Kind::null) return std::nullopt;
  if (value->kind != Kind::string) {
    reader.error("must be a string", "#/payload");
  } else if (selection.names.size() != 1) {
    reader.error("is for exactly one message, which is named", "#/payload");
  }
  return value->text;
}

void check_choice(JsonReader& reader, const admin::ReplayFilter& filter) {
  if (filter.since.empty() && filter.until.empty() && filter.key.empty() && filter.type.empty() &&
      filter.id.empty()) {
    reader.error("must have at least one of since, until, aggregateId, type and id", "#/filter");
  }
  if (!filter.id.empty() && !Uuid::parse(filter.id)) {
    reader.error("must be a message's id, a UUID", "#/filter/id");
  }
}

admin::ReplayFilter read_replay_filter(JsonReader& reader, const JsonValue& body) {
  admin::ReplayFilter filter;
  const std::string at = "#/filter";
  const JsonValue* value = reader.required(body, "#", "filter");
  if (value == nullptr || !reader.is_object(*value, at)) return filter;
  reader.refuse_unknown(*value, at, {"since", "until", "aggregateId", "type", "id"});
  filter.since = optional_text(reader, *value, at, "since");
  filter.until = optional_text(reader, *value, at, "until");
  filter.key = optional_text(reader, *value, at, "aggregateId");
  filter.type = optional_text(reader, *value, at, "type");
  filter.id = optional_text(reader, *value, at, "id");
  if (reader.ok()) check_choice(reader, filter);
  return filter;
}

template <class Read>
std::variant<Read, FieldErrors> finish(JsonReader& reader, Read read) {
  if (!reader.ok()) return reader.take();
  return read;
}

}  // namespace

std::variant<RetryRequest, FieldErrors> read_retry(const JsonValue& body) {
  JsonReader reader;
  RetryRequest request;
  if (!reader.is_object(body, "#")) return reader.take();
  reader.refuse_unknown(body, "#", {"selection", "dryRun", "ratePerSecond", "payload"});
  request.selection = read_selection(reader, body, From::dead);
  request.dry_run = read_dry_run(reader, body);
  request.rate = read_rate(reader, body);
  request.payload = read_payload(reader, body, request.selection);
  return finish(reader, std::move(request));
}

std::variant<DiscardRequest, FieldErrors> read_discard(const JsonValue& body) {
  JsonReader reader;
  DiscardRequest request;
  if (!reader.is_object(body, "#")) return reader.take();
  reader.refuse_unknown(body, "#", {"selection", "dryRun", "confirm"});
  request.selection = read_selection(reader, body, From::dead_or_replays);
  request.dry_run = read_dry_run(reader, body);
  request.confirm = optional_text(reader, body, "#", "confirm");
  if (!request.dry_run && body.find("confirm") == nullptr) {
    reader.error(R"(is required: "discard N", with the number of messages)", "#/confirm");
  }
  return finish(reader, std::move(request));
}

std::variant<ReplayRequest, FieldErrors> read_replay(const JsonValue& body) {
  JsonReader reader;
  ReplayRequest request;
  if (!reader.is_object(body, "#")) return reader.take();
  reader.refuse_unknown(body, "#", {"filter", "topic", "ratePerSecond", "dryRun"});
  request.filter = read_replay_filter(reader, body);
  request.topic = optional_text(reader, body, "#", "topic", kMostTopicCharacters);
  request.rate = read_rate(reader, body);
  request.dry_run = read_dry_run(reader, body);
  return finish(reader, std::move(request));
}

std::variant<std::string, FieldErrors> read_move(const JsonValue& body) {
  JsonReader reader;
  std::string relay;
  if (!reader.is_object(body, "#")) return reader.take();
  reader.refuse_unknown(body, "#", {"relay"});
  if (const JsonValue* value = reader.required(body, "#", "relay")) {
    relay = reader.text(*value, "#/relay", kMostRelayCharacters);
  }
  return finish(reader, std::move(relay));
}

}  // namespace outbox::api
