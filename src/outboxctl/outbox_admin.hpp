// An outbox as its operator sees it, whichever database it is in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/migrations.hpp"
#include "outbox/result.hpp"
#include "outboxctl/options.hpp"
#include "sources/status.hpp"

namespace outbox::ctl {

struct Migration {
  MigrationReport report;
  std::int64_t partitions_made = 0;
};

// Shards that stand at the same place, as one row.
struct ShardPosition {
  std::string shards;
  std::int64_t shard_count = 0;
  std::string from_snapshot;  // empty: this database needs none
  std::string to_snapshot;    // empty: between two batches
  std::int64_t last_seq = 0;
  std::string written_at;  // empty: not noted
};

// Where the write-ahead log is read.
struct LogState {
  std::string slot;
  std::string read;     // the place in the log up to which everything is done
  std::string problem;  // empty: none; else what is lost, and what to do
};

struct Overview {
  SourceStatus relay;
  std::int64_t version = 0;
  std::int64_t newest_version = 0;
  // Receipts that are still there, one for each acknowledged delivery; at most kProcessedLimit + 1.
  std::int64_t processed = 0;
  std::int64_t delayed = 0;
  std::vector<ShardPosition> positions;
  bool paused = false;          // an operator has stopped delivery
  std::string paused_topics{};  // the names of those to which nothing is sent; empty: none
  std::optional<LogState> log{};
};
inline constexpr std::int64_t kProcessedLimit = 100'000;

// Times are RFC 3339 in UTC.
struct MessageRow {
  std::int64_t seq = 0;
  std::string id;
  std::string status;
  std::string aggregate_type;
  std::string key;
  std::string type;
  std::string created_at;
  std::int64_t attempts = 0;
  std::optional<std::string> due_at;
  std::optional<std::string> last_error;
  std::optional<std::string> topic;
  std::optional<std::int64_t> partition;
  std::optional<std::int64_t> offset;
};

class OutboxAdmin {
 public:
  virtual ~OutboxAdmin() = default;

  // "shop on db.example:5432", for messages; never a password.
  [[nodiscard]] virtual std::string where() const = 0;
  [[nodiscard]] virtual Result<Migration> migrate(const MigrateOptions& options) = 0;
  [[nodiscard]] virtual Result<Overview> overview() = 0;
  // The newest first.
  [[nodiscard]] virtual Result<std::vector<MessageRow>> messages(
      const MessagesOptions& options) = 0;
};

// The database of --database, else OUTBOX_SOURCE__URL, else DATABASE_URL. invalid_argument when
// none is set.
[[nodiscard]] Result<std::string> address_of(const CommonOptions& common);

// The outbox at address_of(common).
[[nodiscard]] Result<std::unique_ptr<OutboxAdmin>> open_outbox(const CommonOptions& common);

// What open_outbox chooses from. A file that is not there is made only by migrate.
[[nodiscard]] Result<std::unique_ptr<OutboxAdmin>> open_postgres(const std::string& url,
                                                                 const std::string& table);
[[nodiscard]] std::unique_ptr<OutboxAdmin> open_sqlite(const std::string& path);

}  // namespace outbox::ctl
