#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <vector>

#include "core/key_gate.hpp"
#include "core/limited_sink.hpp"
#include "core/record_tag.hpp"
#include "core/topic_pauses.hpp"
#include "outbox/clock.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

// held: it has failed, or a message of its key that precedes it has. detached: it left its key's
// order, since it is delayed or was skipped.
enum class RecordState : std::uint8_t { waiting, in_flight, delivered, held, detached };

// A batch on its way: what became of each record so far.
struct WindowBatch {
  std::uint64_t slot = 0;
  Batch batch;
  std::size_t bytes = 0;            // of its records
  std::vector<RecordState> states;  // one for each record
  std::size_t next = 0;             // no record before it is waiting
  std::size_t open = 0;             // records that are waiting or in flight
  std::vector<Receipt> receipts;
  std::vector<DetachedMessage> detached;
};

// The batches that were read and not yet settled, oldest first. It sends their records in order,
// takes the deliveries, and gives the finished batches back from the front. One thread.
class DeliveryWindow {
 public:
  void push(std::uint64_t slot, Batch batch);
  void clear();

  [[nodiscard]] std::size_t batches() const { return batches_.size(); }
  [[nodiscard]] std::size_t messages() const { return messages_; }  // in them
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] WindowBatch* find(std::uint64_t slot);

  // Has the record that is soon asked for brought into the processor's cache.
  void prefetch(std::uint64_t tag) {
    if (const WindowBatch* batch = find(slot_of(tag))) {
      const Record& record = batch->batch.records[index_of(tag)];
      __builtin_prefetch(&record.seq);
      __builtin_prefetch(&record.created_at_us);
    }
  }

  // Hands waiting records to the sink until its buffer is full. Records of blocked keys are held
  // instead; a record that the sink refuses, or whose topic is paused, goes to `refuse`, which
  // settles its state.
  struct Obstacles {
    const KeyGate& gate;
    const TopicPauses& topics;
    Clock::time_point now;
  };
  using Refuse = std::function<void(WindowBatch&, std::size_t index, const Error& error)>;
  void send(LimitedSink& sink, const Obstacles& obstacles, const Refuse& refuse);

  // A record in flight has come back.
  void delivered(WindowBatch& batch, std::size_t index, const Delivery& delivery);
  void send_again(WindowBatch& batch, std::size_t index);  // back to waiting
  void hold(WindowBatch& batch, std::size_t index);        // in flight or waiting before
  void detach(WindowBatch& batch, std::size_t index, DetachedMessage message);  // as hold

  // The held records of the key may be sent after all.
  void release(std::string_view key);

  [[nodiscard]] bool front_done() const { return !batches_.empty() && batches_.front().open == 0; }
  [[nodiscard]] WindowBatch pop_front();

 private:
  void close(WindowBatch& batch, std::size_t index, RecordState state);
  void detach_delayed(WindowBatch& batch);
  bool send_run(WindowBatch& batch, LimitedSink& sink, const Obstacles& obstacles,
                const Refuse& refuse);

  std::deque<WindowBatch> batches_;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace outbox
