#pragma once

#include "core/batch_feed.hpp"
#include "core/relay_engine.hpp"
#include "core/relay_observer.hpp"
#include "core/relay_transaction.hpp"
#include "outbox/clock.hpp"
#include "outbox/result.hpp"
#include "outbox/source.hpp"

namespace outbox {

// What a relay does from one connection of its source to the next, turn by turn, without threads
// and waits: it asks what it may do, reads, sends and settles. An error ends the session: close the
// source, connect again, begin again. One thread.
class RelaySession {
 public:
  // Everything is borrowed. `transaction`: messages are sent in transactions; null: they are not.
  RelaySession(Source& source, RelayEngine& engine, const Clock& clock, RelayObserver& observer,
               RelayTransaction* transaction = nullptr)
      : source_(source),
        engine_(engine),
        clock_(clock),
        observer_(observer),
        transaction_(transaction) {}

  // The source is connected and gave this. With transactions it waits for the sink.
  [[nodiscard]] Result<void> begin(const Exceptions& exceptions);
  // Before the source is closed.
  void end();

  // A turn; before it, the engine takes the deliveries that are there. False: what the relay owns
  // is about to change, so drain and connect again.
  [[nodiscard]] Result<bool> turn(BatchFeed& feed);
  // A turn that reads nothing new, until everything is drained.
  [[nodiscard]] Result<void> drain_turn();

  // Nothing that was read is left to send or to settle, or it can only be read again.
  [[nodiscard]] bool drained() const;

  // There may be more to do at once.
  [[nodiscard]] bool busy() const { return busy_; }
  // When there is something to do without news; time_point::max(): never.
  [[nodiscard]] Clock::time_point next_wakeup() const;

 private:
  [[nodiscard]] Standing ask() const;
  [[nodiscard]] Result<void> read(BatchFeed& feed);
  [[nodiscard]] Result<void> read_batches(BatchFeed& feed);
  [[nodiscard]] Result<void> read_exceptions();
  [[nodiscard]] Result<void> read_due();
  [[nodiscard]] Result<void> send();
  [[nodiscard]] Result<void> settle();
  [[nodiscard]] Result<void> settle_in_transaction();
  // Whether the transaction can go on. False: it has to be sent again, by a new connection.
  [[nodiscard]] Result<bool> check_transaction();

  Source& source_;
  RelayEngine& engine_;
  const Clock& clock_;
  RelayObserver& observer_;
  RelayTransaction* transaction_;
  Standing standing_ = Standing::lost;  // as last asked for
  bool over_ = false;                   // what was read has to be read again
  bool busy_ = false;
};

}  // namespace outbox
