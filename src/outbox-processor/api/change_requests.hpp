// What the bodies of changing requests ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "admin/filters.hpp"
#include "support/http/json_body.hpp"

namespace outbox::api {

// Of messages that a request names, one by one.
inline constexpr std::size_t kMostNames = 10'000;

struct RetryRequest {
  admin::DeadLetterFilter selection;  // nothing set: every dead message
  bool dry_run = false;
  std::int64_t rate = 0;               // messages a second; 0: no limit
  std::optional<std::string> payload;  // instead of what was written, of the one that is named
};

struct DiscardRequest {
  admin::DeadLetterFilter selection;
  bool dry_run = false;
  std::string confirm;  // empty with dry_run alone
};

struct ReplayRequest {
  admin::ReplayFilter filter;  // at least one is set
  std::string topic;           // empty: where it went before
  std::int64_t rate = 0;
  bool dry_run = false;
};

// Times are not looked into: PostgreSQL knows what it takes. Thread-safe.
[[nodiscard]] std::variant<RetryRequest, http::FieldErrors> read_retry(const http::JsonValue& body);
[[nodiscard]] std::variant<DiscardRequest, http::FieldErrors> read_discard(
    const http::JsonValue& body);
[[nodiscard]] std::variant<ReplayRequest, http::FieldErrors> read_replay(
    const http::JsonValue& body);
// {"relay": "name"}: who is to have a shard.
[[nodiscard]] std::variant<std::string, http::FieldErrors> read_move(const http::JsonValue& body);

}  // namespace outbox::api
