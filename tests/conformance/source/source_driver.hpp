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
};

struct StoredReceipt {
  std::int64_t seq = 0;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  friend bool operator==(const StoredReceipt&, const StoredReceipt&) = default;
};

// An empty outbox and its writers. Throws when the storage fails, which fails the test.
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

  // How people see the message: pending, retrying, held or processed.
  [[nodiscard]] virtual std::string status(std::int64_t seq) = 0;
};

struct DriverFactory {
  std::string name;  // letters and digits, part of the tests' names
  // Only one relay at a time can connect; others get `conflict`.
  bool excludes_other_relays = true;
  std::unique_ptr<SourceDriver> (*make)() = nullptr;

  friend std::ostream& operator<<(std::ostream& out, const DriverFactory& factory) {
    return out << factory.name;
  }
};

[[nodiscard]] std::vector<DriverFactory> all_drivers();

}  // namespace outbox::test
