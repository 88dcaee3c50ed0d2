#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// Writes what a settlement says of messages that were not delivered, in the transaction that the
// caller has open. What an operator has decided meanwhile, and what was given up, stays: a failure
// never changes a row that is dead or discarded. One thread.
class ExceptionWriter {
 public:
  // The database must outlive it. `relay` is noted with attempts and in the audit. Of each message
  // that dies a copy with the aggregate type `dead_letter_type` is written into the outbox; empty:
  // none.
  [[nodiscard]] static Result<ExceptionWriter> make(Database& database, std::string relay,
                                                    std::string dead_letter_type);

  [[nodiscard]] Result<void> store(const Settlement& settlement);

 private:
  struct Statements {
    Statement resolve;
    Statement forget_held;
    Statement hold;
    Statement keep;
    Statement attempt;
    Statement trim_attempts;
    Statement audit;
    Statement copy_dead;
  };
  // A row of outbox_exception.
  struct Row {
    std::int64_t seq = 0;
    std::string_view key;
    std::string_view state;
    bool holds_key = false;
    int attempts = 0;
    std::int64_t due_at = 0;  // 0: never
    std::string error;        // empty: none
  };
  ExceptionWriter(Database& database, std::string relay, std::string dead_letter_type,
                  Statements statements);

  [[nodiscard]] Result<void> resolve(std::span<const std::int64_t> seqs);
  [[nodiscard]] Result<void> store_failed(std::span<const FailedHead> heads);
  [[nodiscard]] Result<void> store_detached(std::span<const DetachedMessage> messages);
  [[nodiscard]] Result<void> forget_held(std::span<const HeldRange> ranges);
  [[nodiscard]] Result<void> hold(std::span<const HeldRange> ranges);
  // True: it was stored, false: the row that is there stays.
  [[nodiscard]] Result<bool> keep(const Row& row);
  [[nodiscard]] Result<void> note_attempt(const Row& row);
  [[nodiscard]] Result<void> note_skip(const Row& row);
  [[nodiscard]] Result<void> copy_dead(std::int64_t seq);

  Database* database_;
  std::string relay_;
  std::string dead_letter_type_;
  Statements statements_;
  std::int64_t now_ = 0;  // of the settlement
};

}  // namespace outbox::sqlite
