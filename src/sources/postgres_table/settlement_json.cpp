#include "sources/postgres_table/settlement_json.hpp"

#include <algorithm>
#include <exception>
#include <unordered_set>
#include <utility>

#include <nlohmann/json.hpp>

namespace outbox::postgres_table {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

Json json_of(const SharedPosition& position) {
  return {{"shards", position.shards},
          {"from", position.at.from.text},
          {"to", position.at.to ? Json(position.at.to->text) : Json()},
          {"last_seq", position.at.last_seq},
          {"lsn", position.at.lsn}};
}

Json json_of(const FailedHead& head) {
  return {{"seq", head.seq},           {"shard", head.shard},           {"key", head.key},
          {"attempts", head.attempts}, {"due_in", head.due_in.count()}, {"error", head.error},
          {"parked", head.parked}};
}

Json json_of(const DetachedMessage& message) {
  return {{"seq", message.seq},          {"shard", message.shard},
          {"key", message.key},          {"attempts", message.attempts},
          {"due_at", message.due_at_us}, {"due_in", message.due_in.count()},
          {"error", message.error},      {"dead", message.dead}};
}

Json json_of(const HeldRange& range) {
  return {{"key", range.key},
          {"shard", range.shard},
          {"from", range.from_seq},
          {"until", range.until_seq}};
}

Json json_of(const Receipt& receipt) {
  return {{"seq", receipt.seq},
          {"topic", receipt.topic},
          {"partition", receipt.partition},
          {"offset", receipt.offset}};
}

Json json_of(const SeenException& exception) {
  return {{"seq", exception.seq}, {"changed_at", exception.changed_at_us}};
}

template <class T>
Json array_of(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) {
    array.push_back(json_of(value));
  }
  return array;
}

Snapshot snapshot_of(const Json& text) {
  Result<Snapshot> snapshot = Snapshot::parse(text.get<std::string>());
  if (!snapshot) {
    throw std::invalid_argument(snapshot.error().message);
  }
  return *std::move(snapshot);
}

SharedPosition position_of(const Json& json) {
  SharedPosition position;
  position.shards = json.at("shards").get<std::uint64_t>();
  position.at.from = snapshot_of(json.at("from"));
  if (!json.at("to").is_null()) {
    position.at.to = snapshot_of(json.at("to"));
  }
  position.at.last_seq = json.at("last_seq").get<std::int64_t>();
  position.at.lsn = json.at("lsn").get<postgres_wal::Lsn>();
  return position;
}

FailedHead head_of(const Json& json) {
  FailedHead head;
  head.seq = json.at("seq").get<std::int64_t>();
  head.shard = json.at("shard").get<std::uint8_t>();
  head.key = json.at("key").get<std::string>();
  head.attempts = json.at("attempts").get<int>();
  head.due_in = milliseconds{json.at("due_in").get<std::int64_t>()};
  head.error = json.at("error").get<std::string>();
  head.parked = json.at("parked").get<bool>();
  return head;
}

DetachedMessage detached_of(const Json& json) {
  DetachedMessage message;
  message.seq = json.at("seq").get<std::int64_t>();
  message.shard = json.at("shard").get<std::uint8_t>();
  message.key = json.at("key").get<std::string>();
  message.attempts = json.at("attempts").get<int>();
  message.due_at_us = json.at("due_at").get<std::int64_t>();
  message.due_in = milliseconds{json.at("due_in").get<std::int64_t>()};
  message.error = json.at("error").get<std::string>();
  message.dead = json.at("dead").get<bool>();
  return message;
}

HeldRange range_of(const Json& json) {
  return {json.at("key").get<std::string>(), json.at("shard").get<std::uint8_t>(),
          json.at("from").get<std::int64_t>(), json.at("until").get<std::int64_t>()};
}

bool is_of(std::uint64_t shards, std::uint8_t shard) {
  return ((shards >> shard) & 1U) != 0;
}

void read_positions(const Json& json, std::uint64_t shards, StoredSettlement& stored) {
  if (json.is_null()) {
    return;
  }
  stored.positions.emplace();
  for (const Json& each : json) {
    SharedPosition position = position_of(each);
    position.shards &= shards;
    if (position.shards != 0) {
      stored.positions->push_back(std::move(position));
    }
  }
}

template <class T, class Read>
void read_array(const Json& json, std::uint64_t shards, std::vector<T>& values, Read read) {
  for (const Json& each : json) {
    T value = read(each);
    if (is_of(shards, value.shard)) {
      values.push_back(std::move(value));
    }
  }
}

StoredSettlement read(const Json& json, std::uint64_t shards) {
  StoredSettlement stored;
  Settlement& settlement = stored.settlement;
  read_positions(json.at("positions"), shards, stored);
  read_array(json.at("failed"), shards, settlement.failed, head_of);
  read_array(json.at("detached"), shards, settlement.detached, detached_of);
  read_array(json.at("held"), shards, settlement.held, range_of);
  settlement.resolved = json.at("resolved").get<std::vector<std::int64_t>>();
  // A relay of an earlier version wrote none.
  for (const Json& each : json.value("seen", Json::array())) {
    stored.seen.push_back(
        {each.at("seq").get<std::int64_t>(), each.at("changed_at").get<std::int64_t>()});
  }
  for (const Json& each : json.at("receipts")) {
    const std::string& topic = stored.topics.emplace_back(each.at("topic").get<std::string>());
    settlement.delivered.push_back(Receipt{each.at("seq").get<std::int64_t>(), topic,
                                           each.at("partition").get<std::int32_t>(),
                                           each.at("offset").get<std::int64_t>()});
  }
  return stored;
}

}  // namespace

std::string to_json(const Settlement& settlement, const std::vector<SharedPosition>* positions,
                    const std::vector<SeenException>& seen) {
  const std::unordered_set<std::int64_t> resolved{settlement.resolved.begin(),
                                                  settlement.resolved.end()};
  std::vector<Receipt> receipts;
  if (!resolved.empty()) {
    std::copy_if(settlement.delivered.begin(), settlement.delivered.end(),
                 std::back_inserter(receipts),
                 [&](const Receipt& receipt) { return resolved.contains(receipt.seq); });
  }
  const Json json{{"positions", positions == nullptr ? Json() : array_of(*positions)},
                  {"failed", array_of(settlement.failed)},
                  {"detached", array_of(settlement.detached)},
                  {"held", array_of(settlement.held)},
                  {"resolved", settlement.resolved},
                  {"seen", array_of(seen)},
                  {"receipts", array_of(receipts)}};
  // What a broker says of an error may be no UTF-8; NUL, which the column does not take, becomes
  // readable when the error is stored.
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text;
}

Result<StoredSettlement> parse_settlement(std::string_view json, std::uint64_t shards) {
  try {
    return read(Json::parse(json), shards);
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal,
                 std::string{"a settlement in the outbox_intent table cannot be read: "} +
                     problem.what() + "; run the relay's version that wrote it"};
  }
}

}  // namespace outbox::postgres_table
