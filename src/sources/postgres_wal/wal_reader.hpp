#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "sources/postgres_wal/outbox_row.hpp"
#include "sources/postgres_wal/replication_stream.hpp"

namespace outbox::postgres_wal {

struct WalReaderOptions {
  StreamOptions stream;
  std::string schema;  // of the outbox table
  std::string table;
  std::string emit_prefix;  // of the messages that were emitted for this outbox
};

struct WalPage {
  Batch batch;
  Lsn lsn = 0;  // every message of what committed before is in this page or in an earlier one
  std::int64_t inside = 0;  // so are that many of the first transaction that committed after it
  std::vector<std::uint64_t> xids;  // of its rows; emitted messages have none
};

// Reads the messages that were committed, in the order of the commits, as they come from the log.
//
// For one thread. A second one, its own, tells the server how
// far everything is done with, so that the server neither keeps more of its log than it must nor
// takes a relay that is busy, paused or waiting for its destination for dead.
class WalReader {
 public:
  // Of what was committed before `from` nothing comes, nor the first `inside` messages after.
  // `known`: whether a transaction's messages were read already, by another way. `flushed`:
  // everything that committed before is durably done with, as far as its owner knows; it never goes
  // back.
  [[nodiscard]] static Result<std::unique_ptr<WalReader>> start(
      const WalReaderOptions& options, Lsn from, std::int64_t inside,
      std::function<bool(std::uint64_t xid)> known,
      std::shared_ptr<const std::atomic<Lsn>> flushed);
  ~WalReader();
  WalReader(const WalReader&) = delete;
  WalReader& operator=(const WalReader&) = delete;

  // What has come, at most `rows` records and about `bytes` bytes. Never waits.
  [[nodiscard]] Result<WalPage> next(std::size_t rows, std::size_t bytes);
  // Until something has come, the timeout or stop.
  void await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) const;

 private:
  struct Page;
  WalReader(WalReaderOptions options, ReplicationStream stream, Lsn from, std::int64_t inside,
            std::function<bool(std::uint64_t xid)> known,
            std::shared_ptr<const std::atomic<Lsn>> flushed);

  [[nodiscard]] Result<void> take_commit(Page& page);
  [[nodiscard]] Result<void> take(std::string_view frame, Page& page);
  [[nodiscard]] Result<void> take(const Change& change, Page& page);
  [[nodiscard]] Result<void> take(const Emitted& emitted, Page& page);
  [[nodiscard]] bool is_new();  // the message that has just come
  void report_until(const std::stop_token& stop);
  [[nodiscard]] Result<void> report();

  WalReaderOptions options_;
  std::function<bool(std::uint64_t xid)> known_;

  std::mutex mutex_;  // of what follows
  ReplicationStream stream_;
  std::string_view put_back_;  // a frame to be taken next, or none
  Lsn received_;
  std::int64_t sent_at_us_ = 0;  // the newest frame, by the server's clock
  bool behind_ = false;          // the newest transaction committed long before it was sent
  bool in_transaction_ = false;
  std::int64_t inside_ = 0;                // messages of it that have come
  std::int64_t done_;                      // of the first one, that an earlier reader had read
  std::optional<std::uint32_t> relation_;  // the outbox table's
  std::optional<RowShape> shape_;
  std::optional<Error> failure_;

  std::shared_ptr<const std::atomic<Lsn>> flushed_;
  std::condition_variable_any stopped_;
  std::jthread reporter_;  // last: it uses everything above
};

}  // namespace outbox::postgres_wal
