#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/relay_observer.hpp"
#include "outbox/clock.hpp"
#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "outbox/transaction.hpp"

namespace outbox {

// A transaction ends with the first of these, or when there is nothing more to send.
struct TransactionOptions {
  std::size_t messages = 48'000;  // the batch that reaches it is the last one
  std::chrono::milliseconds age{250};
};

// The settlements of several batches as one.
class SettlementSum {
 public:
  // `expected`: so many deliveries have room at once, as what grows takes up to twice its size.
  explicit SettlementSum(std::size_t expected) : expected_(expected) {}

  void add(Settlement settlement);
  [[nodiscard]] Settlement take();

  [[nodiscard]] bool empty() const { return sum_.empty() && held_.empty(); }
  [[nodiscard]] bool exceptional() const { return sum_.exceptional() || !held_.empty(); }
  [[nodiscard]] bool delivers() const { return !sum_.delivered.empty(); }

 private:
  std::size_t expected_;
  Settlement sum_;                                      // without `held`
  std::map<std::string, HeldRange, std::less<>> held_;  // of each key, the newest
};

// Sends in transactions, one after the other: what becomes of the messages of one is collected,
// prepared in the source, committed in the sink and then settled in the source, while the next one
// is already under way. Whatever goes wrong, the session ends and the next connection finds out
// what was committed. One thread; without waits of its own.
class RelayTransaction {
 public:
  using time_point = Clock::time_point;

  // Everything is borrowed. `settler`: the same source.
  RelayTransaction(TransactionalSource& source, Source& settler, TransactionalSink& sink,
                   const Clock& clock, RelayObserver& observer, TransactionOptions options)
      : source_(source),
        settler_(settler),
        sink_(sink),
        clock_(clock),
        observer_(observer),
        options_(options),
        sum_(options.messages) {}

  // The source has been connected: makes a sender that it knows.
  [[nodiscard]] Result<void> open();

  // Whether a batch may be read into it, and whether what earlier settlements left may.
  [[nodiscard]] bool takes_batch() const;
  [[nodiscard]] bool takes_exceptions() const;
  // So many messages were; none: there is nothing more at the moment.
  void took_batch(std::size_t messages);
  void took_exceptions(std::size_t messages);
  // Nothing more goes into it.
  void end() { ending_ = true; }

  // Before messages are sent.
  [[nodiscard]] Result<void> begin();
  // Why it can only be abandoned.
  [[nodiscard]] std::optional<Error> problem() const { return sink_.problem(); }

  // What can be settled of it, once it is committed.
  void add(Settlement settlement) { sum_.add(std::move(settlement)); }
  // Settles the former one; `all_done`: everything that was read has its outcome, so this one may
  // be at its end and is committed. True: something was written.
  [[nodiscard]] Result<bool> advance(bool all_done);

  // Nothing is left to write.
  [[nodiscard]] bool settled() const { return sum_.empty() && !unresolved_; }
  // Messages were sent that are not committed.
  [[nodiscard]] bool is_open() const { return messages_ > 0 || sum_.delivers(); }
  // A new sender is needed, and this is the time for it.
  [[nodiscard]] bool wants_reopening() const { return settled() && !is_open() && sink_.is_stale(); }
  // When it ends by its age; time_point::max(): not for that.
  [[nodiscard]] time_point ends_at() const;
  // The session is over.
  void abandon();

 private:
  [[nodiscard]] bool is_complete() const;
  [[nodiscard]] Result<void> resolve();
  [[nodiscard]] Result<void> commit();
  [[nodiscard]] Result<void> settle_alone();
  void start_anew();

  TransactionalSource& source_;
  Source& settler_;
  TransactionalSink& sink_;
  const Clock& clock_;
  RelayObserver& observer_;
  TransactionOptions options_;

  SettlementSum sum_;
  std::size_t messages_ = 0;  // that were read into it
  bool batches_ = false;      // some of them by batches
  bool ending_ = false;
  time_point began_;
  bool begun_ = false;                    // the sink knows of it
  std::optional<Settlement> unresolved_;  // of the former one, which is committed
};

}  // namespace outbox
