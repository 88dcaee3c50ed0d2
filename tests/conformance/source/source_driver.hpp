// What the conformance suite needs of a source's storage. A new driver implements it and adds
// itself to all_drivers(); every case then runs on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "outbox/message.hpp"
#include "outbox/source.hpp"

namespace outbox::test {

struct SourceSettings {
  std::string owner = "relay-1";
  std::size_t max_batch_bytes = std::size_t{8} * 1024 * 1024;
  std::string dead_letter_type{};  // empty: dead letters are not copied
};

struct StoredReceipt {
  std::int64_t seq = 0;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  friend bool operator==(const StoredReceipt&, const StoredReceipt&) = default;
};

// A failed attempt, as people see it.
struct StoredAttempt {
  std::int64_t attempt = 0;
  std::string error;

  friend bool operator==(const StoredAttempt&, const StoredAttempt&) = default;
};

// An empty outbox, its writers and its operators. Throws when the storage fails, which fails the
// test.
class SourceDriver {
 public:
  virtual ~SourceDriver() = default;

  // A new source on the outbox; not connected.
  [[nodiscard]] virtual std::unique_ptr<Source> make_source(const SourceSettings& settings) = 0;

  // Writes the messages in one transaction and commits. Their seqs, in their order. Thread-safe.
  virtual std::vector<std::int64_t> append(std::span<const Message> messages) = 0;

  virtual void remove(std::int64_t seq) = 0;

  // By seq, then as stored.
  [[nodiscard]] virtual std::vector<StoredReceipt> receipts() = 0;

  // How people see the message: pending, delayed, retrying, held, dead, discarded or processed.
  [[nodiscard]] virtual std::string status(std::int64_t seq) = 0;
  // In the order in which they were made.
  [[nodiscard]] virtual std::vector<StoredAttempt> attempts(std::int64_t seq) = 0;
  // What was done with the message, oldest first: "skip by relay-1".
  [[nodiscard]] virtual std::vector<std::string> audit(std::int64_t seq) = 0;

  // What operators do. The last three change the message's exception, which must be there, but for
  // the replay.
  virtual void set_paused(bool paused) = 0;
  virtual void raise_revision() = 0;  // "the exceptions have changed"
  virtual void edit(std::int64_t seq, const std::string& payload) = 0;
  virtual void discard(std::int64_t seq) = 0;
  // A processed message goes out again, now; an empty topic: where it went before.
  virtual void replay(std::int64_t seq, const std::string& topic) = 0;
};

struct DriverFactory {
  std::string name;  // letters and digits, part of the tests' names
  // Only one relay at a time can connect; others get `conflict`.
  bool excludes_other_relays = true;
  std::unique_ptr<SourceDriver> (*make)() = nullptr;
  // What was not claimed yet may be found in a range that reaches beyond it, and then comes twice.
  bool ranges_reach_ahead = false;
  // What was delivered at the first attempt can go out again.
  bool replays = true;

  friend std::ostream& operator<<(std::ostream& out, const DriverFactory& factory) {
    return out << factory.name;
  }
};

[[nodiscard]] std::vector<DriverFactory> all_drivers();

}  // namespace outbox::test
