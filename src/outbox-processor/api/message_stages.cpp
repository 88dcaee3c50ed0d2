#include "outbox-processor/api/message_stages.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "outbox-processor/api/message_json.hpp"

namespace outbox::api {
namespace {

using admin::Json;

struct Stage {
  const char* name;
  Json at = nullptr;
  bool known = false;
  Json detail = Json::object();
  std::string missing{};  // why it is not known
};

Json member(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) ? object[name] : Json(nullptr);
}

Stage committed(const Json& traced) {
  Stage stage{"committed"};
  if (traced["created_at"].is_null()) {
    stage.missing = "its row was removed; what is known of it stayed";
    return stage;
  }
  stage.known = true;
  stage.at = traced["created_at"];
  stage.detail = {{"transaction", as_text(traced["transaction"])},
                  {"createdAt", traced["created_at"]}};
  return stage;
}

Stage read(const TraceFacts& facts) {
  const Json& traced = facts.traced;
  Stage stage{"read"};
  const bool passed = traced["passed"].is_boolean() && traced["passed"].get<bool>();
  if (!passed && traced["receipts"].empty() && traced["exception"].is_null()) {
    stage.missing = "no relay has read it yet";
    return stage;
  }
  stage.known = true;
  // Who has read it is noted with failures alone; a shard's owner seldom changes.
  const Json& failures = traced["failures"];
  stage.detail = {
      {"shard", traced["shard"]},
      {"relay", failures.empty() ? member(facts.owner, "relay") : failures.back()["relay"]},
      {"epoch", member(facts.owner, "epoch")}};
  return stage;
}

std::string why_not_acknowledged(const Json& traced) {
  const std::string status =
      traced["status"].is_string() ? traced["status"].get<std::string>() : "";
  if (status == "processed") return "it was delivered; receipts are not kept (source.receipts)";
  if (status == "held") return "it waits behind an earlier message of its key";
  if (status == "dead") return "it was given up; it is among the dead letters";
  if (status == "discarded") return "it was discarded by an operator";
  if (status == "retrying") return "it was refused, and is tried again";
  if (status == "delayed") return "it is not due yet";
  return "it was not sent yet";
}

Stage acknowledged(const Json& traced) {
  Stage stage{"acknowledged"};
  if (traced["receipts"].empty()) {
    stage.missing = why_not_acknowledged(traced);
    return stage;
  }
  const Json& receipt = traced["receipts"].front();
  stage.known = true;
  stage.at = receipt["processed_at"];
  stage.detail = {{"topic", receipt["topic"]},
                  {"partition", receipt["partition"]},
                  {"offset", as_text(receipt["offset"])}};
  return stage;
}

// Of both stages that the consumer tells of.
std::string why_not_consumed(const TraceFacts& facts) {
  if (!facts.event) return "there is no consumer to ask (trace.consumer_url)";
  if (!*facts.event) return facts.event->error().message;
  return "the consumer has not seen it";
}

std::pair<Stage, Stage> consumed(const TraceFacts& facts) {
  Stage consumed{"consumed"};
  Stage effect{"effect"};
  if (!facts.event || !*facts.event || !**facts.event) {
    consumed.missing = effect.missing = why_not_consumed(facts);
    return {std::move(consumed), std::move(effect)};
  }
  const Json& event = ***facts.event;
  consumed.known = effect.known = true;
  consumed.at = effect.at = member(event, "at");
  consumed.detail = {{"consumer", "invoice-service"}, {"at", member(event, "at")}};
  effect.detail = {{"kind", member(event, "effect")},
                   {"duplicates", member(event, "duplicates")},
                   {"reference", member(event, "invoiceId")}};
  return {std::move(consumed), std::move(effect)};
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  const char* const first = text.data() + at;
  const auto [end, problem] = std::from_chars(first, first + count, value);
  if (problem != std::errc{} || end != first + count || value < 0) return std::nullopt;
  return value;
}

// ".123456Z", ".123Z" or "Z".
std::optional<std::int64_t> fraction_us(std::string_view rest) {
  if (rest == "Z") return 0;
  if (rest.size() < 3 || rest.size() > 8 || rest.front() != '.' || rest.back() != 'Z') {
    return std::nullopt;
  }
  const std::size_t count = rest.size() - 2;
  const auto value = digits(rest, 1, count);
  if (!value) return std::nullopt;
  std::int64_t us = *value;
  for (std::size_t i = count; i < 6; ++i)
    us *= 10;
  return us;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  const auto us = fraction_us(text.substr(19));
  if (!year || !month || !day || !hour || !minute || !second || !us) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = ((std::int64_t{days} * 24 + *hour) * 60 + *minute) * 60 + *second;
  return seconds * 1'000'000 + *us;
}

Json stages_json(const TraceFacts& facts) {
  auto [consumed_stage, effect] = consumed(facts);
  const std::array<Stage, 5> stages{committed(facts.traced), read(facts),
                                    acknowledged(facts.traced), std::move(consumed_stage),
                                    std::move(effect)};
  Json list = Json::array();
  std::optional<std::int64_t> before;
  for (const Stage& stage : stages) {
    Json duration = nullptr;
    const auto at =
        stage.at.is_string() ? parse_rfc3339(stage.at.get<std::string>()) : std::nullopt;
    if (at && before) duration = static_cast<double>(*at - *before) / 1e3;
    if (at) before = at;
    list.push_back({{"name", stage.name},
                    {"at", stage.at},
                    {"durationMs", duration},
                    {"known", stage.known},
                    {"detail", stage.detail},
                    {"missing", stage.missing.empty() ? Json(nullptr) : Json(stage.missing)}});
  }
  return list;
}

}  // namespace outbox::api
