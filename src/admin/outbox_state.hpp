// How an outbox stands, apart from its messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// A TRUNCATE that has removed messages before they were delivered.
struct Truncation {
  std::string at;  // RFC 3339
  std::string actor;
  std::string partition;
  std::int64_t unsent = 0;
};

struct OutboxState {
  bool paused = false;
  std::string mode = "table";  // where messages are read: table or wal
  std::vector<std::string> paused_topics{};
  std::vector<int> paused_shards{};
  std::optional<Truncation> truncated{};  // the newest of the last seven days
};

[[nodiscard]] Result<OutboxState> read_state(PostgresOutbox& outbox);

// The version of the tables, as outboxctl migrate counts; nothing when this login may not look.
[[nodiscard]] Result<std::optional<int>> schema_version(PostgresOutbox& outbox);

}  // namespace outbox::admin
