#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "outbox/clock.hpp"
#include "outbox/source.hpp"

namespace outbox {

// Seqs from `from` to `until`, inclusive.
struct SeqRange {
  std::int64_t from = 1;
  std::int64_t until = 0;

  [[nodiscard]] bool empty() const { return from > until; }
  void include(SeqRange other);
};

// The keys that may not be sent because an earlier message of theirs has failed.
//
// A blocked key goes through: a head waits for its due time -> an attempt on the head -> delivered:
// an attempt on the next messages that wait behind it, until none waits -> released. A failed
// attempt makes a head again. A head that was given up, a parked one, is never attempted; the next
// restore may find that an operator has decided otherwise. One thread.
class KeyGate {
 public:
  using time_point = Clock::time_point;

  explicit KeyGate(std::size_t capacity) : capacity_(capacity) {}

  void restore(const Exceptions& exceptions, time_point now);
  void clear();

  // Whether the message has to wait. One that precedes an unsettled head need not: it was sent
  // before the head failed, and goes again if it has to.
  [[nodiscard]] bool blocks(std::string_view key, std::int64_t seq) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  // No more batches should be read: each could block more keys.
  [[nodiscard]] bool full() const { return keys_.size() >= capacity_; }
  // How often the settled head of a blocked key has failed; nothing when the key has no such head.
  [[nodiscard]] std::optional<int> attempts(std::string_view key) const;

  // The message becomes the head of its key and replaces one that came after it. It is not
  // attempted before it is settled, since the source could not find it. Precondition: !blocks().
  void block_unsettled(FailedHead head);
  // The head to be stored, if the message is the key's unsettled one; it is due from then on.
  [[nodiscard]] std::optional<FailedHead> settle_head(std::string_view key, std::int64_t seq,
                                                      time_point now);
  // The message becomes the head of its key, stored at once; ends an attempt on the key. A parked
  // one is never due.
  void block(const FailedHead& head, time_point now);
  // A message of a blocked key that a settlement leaves behind its head.
  void wait_behind(std::string_view key, std::int64_t seq);

  // At most `limit` keys that are due, with what to attempt; they are in an attempt afterwards.
  [[nodiscard]] std::vector<HeldRange> begin_attempts(time_point now, std::size_t limit);
  [[nodiscard]] time_point next_due() const;  // time_point::max() when nothing is due ever

  // Ends of an attempt on `key` without a new head: nothing was tried; the head was delivered, or
  // skipped; of what waits, everything before `next_seq` was. Due at time_point::max(): by wake.
  void postpone(std::string_view key, time_point due);
  void head_done(std::string_view key, time_point now);
  // What was postponed until time_point::max() is due now.
  void wake(time_point now);
  void waiting_done_before(std::string_view key, std::int64_t next_seq, time_point due);
  // What waits behind the head, as settled; empty for a key that is not blocked.
  [[nodiscard]] SeqRange waiting(std::string_view key) const;
  // True when neither a head nor anything behind it is left; the key then may be sent again.
  [[nodiscard]] bool release_if_done(std::string_view key);

 private:
  struct Head {
    std::int64_t seq = 0;
    int attempts = 0;
  };
  struct BlockedKey {
    std::uint8_t shard = 0;
    std::optional<Head> head;             // settled
    std::optional<FailedHead> unsettled;  // never both
    SeqRange waiting;                     // settled, and known when the attempt under way began
    SeqRange added;                       // settled since
    bool in_attempt = false;
    time_point due;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  using Keys = std::unordered_map<std::string, BlockedKey, Hash, std::equal_to<>>;

  void end_attempt(BlockedKey& blocked);
  void schedule(Keys::iterator key, time_point due);
  void unschedule(Keys::iterator key);

  std::size_t capacity_;
  Keys keys_;
  // Keys with a settled head or none that are not in an attempt, by due time. The views point to
  // keys_'s nodes.
  std::set<std::pair<time_point, std::string_view>> due_;
};

}  // namespace outbox
