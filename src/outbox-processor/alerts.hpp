// What an operator should look at, and what to do about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/outbox_state.hpp"
#include "outbox-processor/consumer_groups.hpp"
#include "outbox/result.hpp"
#include "outbox/sink.hpp"
#include "sources/status.hpp"

namespace outbox {

struct Alert {
  std::string id;  // the same for the same cause: "dead-letters"
  bool critical = false;
  std::string title;
  std::string detail;  // what was seen
  std::string remedy;  // what to do
  std::string href;    // of the dashboard's page that helps
};

struct AlertFacts {
  Result<SourceStatus> status;  // of the database
  bool connected = false;       // the relay reads
  std::string problem{};        // why it does not
  SinkHealth sink{};
  std::optional<admin::OutboxState> state{};  // not known in SQLite
  std::optional<std::int64_t> partitions_ahead{};
  std::vector<ConsumerGroup> groups{};
};

// A message that waits for longer than this is told of.
inline constexpr std::int64_t kOldestPendingMs = 60'000;
// So is a log of which the server keeps more than this for the relay.
inline constexpr std::int64_t kMuchLog = std::int64_t{1} << 30;

// The critical ones first.
[[nodiscard]] std::vector<Alert> alerts(const AlertFacts& facts);

}  // namespace outbox
