// Sink: where the relay sends messages.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"

namespace outbox {

// What became of one accepted message. Without error: the destination has it durably. Otherwise:
//   message_rejected: the message is at fault.
//   topic_unavailable: its topic takes no message at the moment; those of other topics go on. It
//     has not arrived; send it again later.
//   destination_unavailable: send it again later; it may or may not have arrived.
struct Delivery {
  std::uint64_t tag = 0;
  std::string_view topic;  // owned by the sink, valid as long as the sink lives
  std::int32_t partition = 0;
  std::int64_t offset = -1;
  std::optional<Error> error;
  // Microseconds from the sink's acceptance to this report, 0 or more; -1: not known.
  std::int64_t latency_us = -1;
};

// Hands deliveries from a sink's threads to the relay's. It holds at most one delivery for each
// message that the sink has accepted, so the sink's own buffer is its bound. Thread-safe.
class DeliveryQueue {
 public:
  void push(std::span<Delivery> deliveries);  // moves from them
  // Ends a wait without a delivery, for other news.
  void wake();
  // Everything that is there, waiting up to `timeout` for a first delivery or a wake.
  [[nodiscard]] std::vector<Delivery> wait(std::chrono::milliseconds timeout);

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Delivery> deliveries_;
  bool woken_ = false;
};

struct SinkTraits {
  std::string_view name;  // "kafka", "http"
  bool ordered_per_key;   // accepted messages of one key arrive in the order of acceptance
  bool has_offsets;       // deliveries carry partition and offset; otherwise 0 and -1
};

struct SendResult {
  // messages[0, accepted) now belong to the sink; each gets exactly one Delivery.
  std::size_t accepted = 0;
  // messages[accepted] is not accepted and gets no Delivery. message_rejected: it never can be as
  // it is. topic_unavailable: its topic takes nothing at the moment, as far as is known. Without
  // `rejected` and with accepted < messages.size() the sink takes no more for now: its buffer is
  // full, or it pauses, as a destination may ask for. Go on when deliveries have come or the queue
  // was woken.
  std::optional<Error> rejected;
};

struct SinkHealth {
  // As far as is known: a destination that cannot be asked without sending counts as reachable
  // until something fails.
  bool reachable = false;
  std::string detail;  // for a person; no secrets
  // How often the number of a topic's partitions was seen to change, since the sink was made. Keys
  // move to other partitions then, and their order across the change is lost.
  std::uint64_t topic_partition_changes = 0;
};

// Threads: connect, topic_of, send, hurry, flush and close belong to one thread; health may be
// asked by any.
//
// Order: when an accepted message is not delivered, whatever its error, no message of its key that
// was accepted later is delivered to the same topic either; those fail with topic_unavailable or
// destination_unavailable. So that the caller can keep this promise too, the first send after a
// failed Delivery was pushed accepts nothing: it looks like a full buffer. The caller takes its
// deliveries before it sends again, and then no longer sends what has to wait behind the failed
// message.
class Sink {
 public:
  virtual ~Sink() = default;

  [[nodiscard]] virtual SinkTraits traits() const = 0;

  // Checks the settings and prepares to send; need not wait for the destination to answer.
  // `deliveries` must outlive the sink's close.
  [[nodiscard]] virtual Result<void> connect(DeliveryQueue& deliveries) = 0;

  // Where the message would go, by the name that operators know; empty: it has none. Valid until
  // the next call and as long as the message is. After connect.
  [[nodiscard]] virtual std::string_view topic_of(const Record& message) { return message.topic; }

  // Takes messages in their order; copies what it needs. Never waits for the destination.
  [[nodiscard]] virtual SendResult send(std::span<const Record> messages) = 0;

  // Nothing more comes at once: what the sink has kept in order to send it together with more is to
  // go now. Never waits.
  virtual void hurry() {}

  // Waits until each accepted message has its delivery pushed, at most `timeout`.
  [[nodiscard]] virtual Result<void> flush(std::chrono::milliseconds timeout) = 0;

  // What was accepted and not delivered is dropped, without deliveries. Idempotent.
  virtual void close() = 0;

  [[nodiscard]] virtual SinkHealth health() const = 0;
};

}  // namespace outbox
