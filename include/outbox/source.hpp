// Source: where the relay reads messages and marks what became of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox {

// One message as it was read. The views point into the storage of the Batch that holds the record.
struct Record {
  std::int64_t seq = 0;
  Uuid id;
  std::uint8_t shard = 0;
  std::string_view aggregate_type;
  std::string_view key;  // the aggregate's id
  std::string_view type;
  std::string_view payload;
  std::string_view headers;        // a JSON object, as text
  std::string_view topic;          // where to, instead of the sink's own choice; mostly empty
  std::int64_t created_at_us = 0;  // Unix time in microseconds, by the source's clock
  // Not to be delivered before; Unix time in microseconds, by the source's clock. 0: at once.
  std::int64_t due_at_us = 0;
  int attempts = 0;       // that have failed; only claim_due knows them
  std::uint64_t tag = 0;  // the relay's own mark; a sink gives it back in the Delivery
};

// Records in the order in which they are to be sent. Owns the bytes that they point to.
struct Batch {
  // Rises by one with each claim of a connection; 0 for what claim_exceptions and claim_due give.
  std::uint64_t number = 0;
  std::vector<Record> records;
  std::shared_ptr<const void> storage;
  // The source's limit on bytes ended the batch early; only claim_exceptions needs to say so.
  bool truncated = false;
  // It was committed some time before it was read, and more follows at once: it serves the whole to
  // send it together with that.
  bool behind = false;
  // All that was visible was little, and it is in the batch: await_work comes before the next
  // claim, as it does after an empty batch.
  bool caught_up = false;
};

// A key whose first undelivered message, the head, waits for its next attempt.
struct FailedHead {
  std::int64_t seq = 0;
  std::uint8_t shard = 0;
  std::string key;
  int attempts = 0;
  std::chrono::milliseconds due_in{0};
  std::string error;  // of the last attempt
  // Given up: it is dead, and its key waits until an operator decides.
  bool parked = false;
};

// A message that holds no key: it is delayed, or it was skipped.
struct DetachedMessage {
  std::int64_t seq = 0;
  std::uint8_t shard = 0;
  std::string key;
  int attempts = 0;
  // Due at this time of the source's clock, in microseconds of Unix time, or, when it is 0, after
  // due_in.
  std::int64_t due_at_us = 0;
  std::chrono::milliseconds due_in{0};
  std::string error{};  // of the last attempt; empty: there was none
  bool dead = false;    // given up: an operator decides
};

// Messages that wait behind a head, or that waited and may go now.
struct HeldRange {
  std::string key;
  std::uint8_t shard = 0;
  std::int64_t from_seq = 0;
  std::int64_t until_seq = 0;  // inclusive
};

// What a source remembers of failures when a relay connects.
struct Exceptions {
  std::vector<FailedHead> heads;
  std::vector<HeldRange> held;
  int shards = 64;  // that the relay owns on this connection
};

struct Receipt {
  std::int64_t seq = 0;
  std::string_view topic;  // valid during the settle call
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

// The outcome of records, written in one transaction. A record that was read is in exactly one of
// `delivered`, `failed`, `held` and `detached`.
struct Settlement {
  // Every record of the batches up to this number has an outcome here or in an earlier settlement,
  // so the position moves past them. 0: it stays.
  std::uint64_t through = 0;
  std::vector<Receipt> delivered;
  // Heads that failed again, or messages that became heads. Replaces what was known of the seq.
  std::vector<FailedHead> failed;
  // Heads and detached messages that were delivered at last: forget them.
  std::vector<std::int64_t> resolved;
  // Messages that turn out to hold no key, or failed again. Replaces what was known of the seq.
  std::vector<DetachedMessage> detached;
  // Ranges to remember per key, replacing what was known of the key's range. Empty (from_seq >
  // until_seq): nothing waits any more, forget the range.
  std::vector<HeldRange> held;

  [[nodiscard]] bool empty() const { return through == 0 && delivered.empty() && !exceptional(); }
  // It changes exceptions, which are durable when settle returns.
  [[nodiscard]] bool exceptional() const {
    return !failed.empty() || !resolved.empty() || !detached.empty() || !held.empty();
  }
};

using TopicNames = std::set<std::string, std::less<>>;
// The error of a message that waits because operators have paused its topic.
inline constexpr std::string_view kPausedByOperator = "paused by an operator";

// What the relay may do just now.
enum class Standing : std::uint8_t {
  owner,     // read and send
  paused,    // an operator has stopped delivery: read and send nothing, keep what is owned
  changing,  // what is owned or known is about to change: finish what was read, connect again
  lost,      // another relay may have taken over: send and settle nothing more, connect again
  // Paused and changing: send nothing more, settle what is in flight, connect again.
  paused_changing,
};

// Threads: claim and await_work belong to one thread; claim_exceptions, claim_due and settle to one
// other; the two run at the same time. connect, close and leave run while neither does. standing
// and paused_topics may be asked by any thread at any time.
//
// Every call may fail with source_unavailable (close, connect again, read again: what was not
// settled comes again) or not_owner (another relay has taken over; same treatment).
class Source {
 public:
  virtual ~Source() = default;

  // Takes ownership, of all or of a fair share, and reads the positions and the exceptions.
  // Everything read and not settled before is read again. `conflict`: nothing is to be had, other
  // relays own it; try again soon.
  // `wrong_history`: refuse, the message has the remedy.
  [[nodiscard]] virtual Result<Exceptions> connect() = 0;

  // Ends the connection; what is owned may stay owned, for the next connect. Idempotent.
  virtual void close() = 0;

  // After close: gives up ownership, so that other relays need not wait. Idempotent.
  virtual void leave() = 0;

  // The next records, at most `limit` (1 to 100,000) and at most as many bytes as the source's
  // options allow, in an order that keeps each key's. Empty when nothing new is visible; an empty
  // batch has a number and is settled like any other. Never waits for new work.
  [[nodiscard]] virtual Result<Batch> claim(std::size_t limit) = 0;

  // Waits until there may be new work, the timeout has passed or stop is requested.
  [[nodiscard]] virtual Result<void> await_work(std::chrono::milliseconds timeout,
                                                const std::stop_token& stop) = 0;

  // Reads records again that an earlier settlement left failed or held: of each range at most
  // `limit_per_range`, range after range, by seq within one. A row that is gone is left out.
  // `truncated`: everything behind the last record was left out for its size; ask again.
  [[nodiscard]] virtual Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                                       std::size_t limit_per_range) = 0;

  // Messages that hold no key and whose time has come, at most `limit`, the longest due first.
  // Until it is settled, a message comes again.
  [[nodiscard]] virtual Result<Batch> claim_due(std::size_t limit) = 0;

  // Never waits. Asked before each send, so that a relay that was frozen notices that its lease ran
  // out meanwhile.
  [[nodiscard]] virtual Standing standing() const = 0;

  // To which topics operators let nothing go for now; null: there is none. Another pointer whenever
  // that changes. Never waits for the database.
  [[nodiscard]] virtual std::shared_ptr<const TopicNames> paused_topics() const { return nullptr; }

  // Durable on return: exceptions for certain; progress and receipts may be lost by a crash of the
  // database, which sends again and loses nothing.
  [[nodiscard]] virtual Result<void> settle(const Settlement& settlement) = 0;
};

}  // namespace outbox
