#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "sources/postgres_wal/lsn.hpp"

namespace outbox::postgres_table {

// What pg_current_snapshot() gives: "xmin:xmax:xip,xip,…". A transaction is visible in it when it
// had ended: it is below xmax and not in xip. (PostgreSQL manual, 9.27.10: Transaction ID and
// Snapshot Information Functions.)
struct Snapshot {
  std::string text;
  std::uint64_t xmax = 0;
  std::vector<std::uint64_t> in_progress;  // ascending

  [[nodiscard]] static Result<Snapshot> parse(std::string_view text);
  [[nodiscard]] bool sees(std::uint64_t xid) const;
  // It sees all below.
  [[nodiscard]] std::uint64_t xmin() const {
    return in_progress.empty() ? xmax : in_progress.front();
  }
};

// Sees what either sees.
[[nodiscard]] Snapshot united(const Snapshot& a, const Snapshot& b);
// Whether `a` sees all that `b` does.
[[nodiscard]] bool covers(const Snapshot& a, const Snapshot& b);

// How far reading has come: everything visible in `from` is done and, when a range is open, of what
// is visible in `to` everything up to last_seq.
struct Position {
  Snapshot from;
  std::optional<Snapshot> to;
  std::int64_t last_seq = 0;
  // Where the write-ahead log is read, everything that committed before is done as well, and
  // last_seq is not a seq but tells how many messages of the next transaction are. 0: the table is
  // read.
  postgres_wal::Lsn lsn = 0;
};

// Shards that stand at the same position. Bit k of `shards` stands for shard k.
struct SharedPosition {
  std::uint64_t shards = 0;
  Position at;
};
inline constexpr std::uint64_t kAllShards = ~std::uint64_t{0};

// As if all that is visible were done. Where the log is read, the stored position lags behind.
[[nodiscard]] std::vector<SharedPosition> everything();

[[nodiscard]] bool operator==(const SharedPosition& a, const SharedPosition& b);

}  // namespace outbox::postgres_table
