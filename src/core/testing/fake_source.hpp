#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/testing/records.hpp"
#include "outbox/source.hpp"

namespace outbox {

// An outbox table in memory: what was settled survives close and connect, what was only read does
// not. It checks every settlement against the promises of the relay and keeps what it found wrong
// in violations(). Thread-safe.
class FakeSource final : public Source {
 public:
  enum class Call : std::uint8_t { connect, claim, await_work, claim_exceptions, settle, settled };
  // Asked in each call, and with `settled` once a settlement is durable; an error becomes the
  // call's.
  using Fault = std::function<std::optional<Error>(Call)>;
  void set_fault(Fault fault);

  // The writers' side. A row gets its seq with begin and is visible after commit.
  std::int64_t begin(const std::string& key);
  void commit(std::int64_t seq);
  std::int64_t append(const std::string& key);
  void remove(std::int64_t seq);

  // Of claim_exceptions: more records than these are cut off.
  void limit_exception_records(std::size_t limit);
  // Whether the destination has acknowledged the message; asked for each row marked as delivered.
  void set_acknowledged(std::function<bool(std::int64_t seq)> acknowledged);
  // The database crashes: at most `count` of the newest settlements are lost, never one with an
  // exception nor one before it. Returns how many were.
  std::size_t lose_newest_settlements(std::size_t count);

  [[nodiscard]] std::vector<std::string> violations() const;
  [[nodiscard]] std::vector<std::int64_t> receipts() const;
  [[nodiscard]] std::size_t receipt_count() const;
  [[nodiscard]] Exceptions exceptions() const;
  // Read in this connection and not settled.
  [[nodiscard]] std::size_t unsettled_records() const;
  [[nodiscard]] std::size_t unsettled_batches() const;  // that have records
  [[nodiscard]] std::size_t connects() const;
  [[nodiscard]] std::size_t settlements() const;
  [[nodiscard]] bool connected() const;

  [[nodiscard]] Result<Exceptions> connect() override;
  void close() override;
  void leave() override;
  [[nodiscard]] Result<Batch> claim(std::size_t limit) override;
  [[nodiscard]] Result<void> await_work(std::chrono::milliseconds timeout,
                                        const std::stop_token& stop) override;
  [[nodiscard]] Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                               std::size_t limit_per_range) override;
  [[nodiscard]] Result<Batch> claim_due(std::size_t limit) override;
  [[nodiscard]] Standing standing() const override;
  [[nodiscard]] Result<void> settle(const Settlement& settlement) override;

 private:
  struct Row {
    std::string key;
    bool visible = false;
    bool passed = false;  // by the position
    bool receipt = false;
  };
  struct KeyState {
    std::optional<FailedHead> head;
    std::optional<HeldRange> held;
  };
  struct Unsynced {  // what a crash of the database may take back
    std::vector<std::int64_t> passed;
    std::vector<std::int64_t> receipts;
  };

  [[nodiscard]] std::optional<Error> fault(Call call);
  [[nodiscard]] Exceptions all_exceptions() const;
  [[nodiscard]] bool is_exception(const HeldRange& range) const;
  [[nodiscard]] bool has_outcome(std::int64_t seq, const Row& row) const;
  void expect(bool holds, const std::string& promise);
  void apply_delivered(const Settlement& settlement, Unsynced& undo);
  void apply_exceptions(const Settlement& settlement);
  void apply_through(std::uint64_t through, Unsynced& undo);
  void check_rows();

  mutable std::mutex mutex_;
  std::condition_variable_any committed_;
  Fault fault_;
  std::function<bool(std::int64_t)> acknowledged_;
  std::size_t exception_records_ = 1'000'000;

  // durable
  std::int64_t next_seq_ = 1;
  std::map<std::int64_t, Row> rows_;
  std::map<std::string, KeyState> keys_;
  std::vector<Unsynced> unsynced_;

  // of a connection
  bool connected_ = false;
  std::set<std::int64_t> unread_;
  std::vector<std::int64_t> snapshot_;  // what is left of it, newest first
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::vector<std::int64_t>> batches_;  // read and not passed

  std::vector<std::string> violations_;
  std::size_t connects_ = 0;
  std::size_t settlements_ = 0;
};

}  // namespace outbox
