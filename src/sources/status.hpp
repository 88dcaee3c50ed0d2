// How an outbox is, for people and metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "outbox/result.hpp"

namespace outbox {

// As the outbox's tables tell. Counts stop at kCountLimit, so that looking costs the same whatever
// has piled up.
struct SourceStatus {
  static constexpr std::int64_t kCountLimit = 10'000;

  std::int64_t pending = 0;          // committed and not passed by the position
  bool pending_is_estimate = false;  // more than the limit: told from the seqs
  std::int64_t oldest_pending_age_ms = 0;
  std::int64_t last_seq = 0;   // the highest that was given to a message, committed or not
  std::int64_t retrying = 0;   // heads that wait for their next attempt
  std::int64_t held_keys = 0;  // keys with messages behind a head
  std::int64_t dead = 0;
  std::string owner;        // the relays that have shards, with commas between; empty: none has
  std::int64_t epoch = 0;   // the highest
  std::int64_t shards = 0;  // that have an owner
  // Of its log, that the server keeps for the relay; 0 where no log is read.
  std::int64_t lag_bytes = 0;
  // How much it keeps at most before it cuts the relay off, as max_slot_wal_keep_size has it; -1:
  // all, until its disk is full. Nothing where no log is read.
  std::optional<std::int64_t> most_kept_bytes{};
};

// Thread-safe.
class SourceStatusReader {
 public:
  virtual ~SourceStatusReader() = default;
  // A look may be up to a second old.
  [[nodiscard]] virtual Result<SourceStatus> read() = 0;
};

}  // namespace outbox
