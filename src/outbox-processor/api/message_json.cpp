#include "outbox-processor/api/message_json.hpp"

#include <utility>

namespace outbox::api {
namespace {

using admin::Json;

Json receipt_json(const Json& receipt) {
  return {{"processedAt", receipt["processed_at"]},
          {"topic", receipt["topic"]},
          {"partition", receipt["partition"]},
          {"offset", as_text(receipt["offset"])}};
}

Json exception_json(const Json& exception) {
  if (exception.is_null()) return nullptr;
  return {{"state", exception["state"]},          {"holdsKey", exception["holds_key"]},
          {"replay", exception["replay"]},        {"topic", exception["topic"]},
          {"edited", exception["edited"]},        {"attempts", exception["attempts"]},
          {"dueAt", exception["due_at"]},         {"failedAt", exception["failed_at"]},
          {"updatedAt", exception["updated_at"]}, {"lastError", exception["last_error"]}};
}

Json failures_json(const Json& failures) {
  Json list = Json::array();
  for (const Json& failure : failures) {
    list.push_back({{"attempt", failure["attempt"]},
                    {"failedAt", failure["failed_at"]},
                    {"relay", failure["relay"]},
                    {"error", failure["error"]}});
  }
  return list;
}

Json audit_json(const Json& audit) {
  Json list = Json::array();
  for (const Json& row : audit) {
    list.push_back({{"id", as_text(row["id"])},
                    {"at", row["at"]},
                    {"actor", row["actor"]},
                    {"action", row["action"]},
                    {"details", row["details"]}});
  }
  return list;
}

}  // namespace

Json as_text(const Json& number) {
  return number.is_number() ? Json(number.dump()) : number;
}

Json summary_json(const Json& traced) {
  const Json& exception = traced["exception"];
  const Json& receipts = traced["receipts"];
  const Json receipt = receipts.empty() ? Json::object() : receipt_json(receipts.front());
  const auto of = [](const Json& object, const char* name) {
    return object.is_object() && object.contains(name) ? object[name] : Json(nullptr);
  };
  return {{"seq", as_text(traced["seq"])},
          {"id", traced["id"]},
          {"status", traced["status"].is_null() ? of(exception, "state") : traced["status"]},
          {"aggregateType", traced["aggregate_type"]},
          {"aggregateId", traced["key"]},
          {"type", traced["type"]},
          {"shard", traced["shard"]},
          {"createdAt", traced["created_at"]},
          {"attempts", exception.is_null() ? Json(0) : exception["attempts"]},
          {"dueAt", of(exception, "due_at")},
          {"lastError", of(exception, "last_error")},
          {"topic", of(receipt, "topic")},
          {"partition", of(receipt, "partition")},
          {"offset", of(receipt, "offset")},
          {"processedAt", of(receipt, "processedAt")},
          {"payloadBytes", traced["payload_bytes"]}};
}

Json message_json(const Json& traced) {
  Json message = summary_json(traced);
  message["transaction"] = as_text(traced["transaction"]);
  message["availableAt"] = traced["available_at"];
  message["headers"] = traced["headers"];
  message["payload"] = nullptr;
  message["passed"] = traced["passed"];
  message["exception"] = exception_json(traced["exception"]);
  message["waitsBehind"] = nullptr;
  if (const Json& head = traced["waits_behind"]; !head.is_null()) {
    message["waitsBehind"] = {{"seq", as_text(head["seq"])}, {"state", head["state"]}};
  }
  message["failures"] = failures_json(traced["failures"]);
  message["receipts"] = Json::array();
  for (const Json& receipt : traced["receipts"])
    message["receipts"].push_back(receipt_json(receipt));
  message["audit"] = audit_json(traced["audit"]);
  return message;
}

}  // namespace outbox::api
