// A message's way from the transaction to its effect.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/json.hpp"
#include "outbox/result.hpp"

namespace outbox::api {

struct TraceFacts {
  admin::Json traced;  // of admin::trace
  admin::Json owner;   // {"relay","epoch"} of the message's shard now, or null
  // What the consumer tells; nothing: it was not asked, since there is none.
  std::optional<Result<std::optional<admin::Json>>> event{};
};

// Five stages, in the order of time: {"name","at","durationMs","known","detail","missing"}.
[[nodiscard]] admin::Json stages_json(const TraceFacts& facts);

// Microseconds of Unix time of an RFC 3339 time in UTC, with up to six digits of a second. Nothing
// when it is none.
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace outbox::api
