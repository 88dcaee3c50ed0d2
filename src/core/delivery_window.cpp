#include "core/delivery_window.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "mutants/mutant.hpp"

namespace outbox {

using mutant::Mutant;

namespace {

std::size_t bytes_of(const Record& record) {
  return record.aggregate_type.size() + record.key.size() + record.type.size() +
         record.payload.size() + record.headers.size();
}

}  // namespace

void DeliveryWindow::push(std::uint64_t slot, Batch batch) {
  WindowBatch entry;
  entry.slot = slot;
  entry.batch = std::move(batch);
  entry.open = entry.batch.records.size();
  entry.states.assign(entry.open, RecordState::waiting);
  entry.receipts.reserve(entry.open);
  for (std::size_t i = 0; i < entry.open; ++i) {
    Record& record = entry.batch.records[i];
    record.tag = make_tag(slot, i);
    entry.bytes += bytes_of(record);
  }
  messages_ += entry.states.size();
  bytes_ += entry.bytes;
  batches_.push_back(std::move(entry));
  detach_delayed(batches_.back());
}

void DeliveryWindow::detach_delayed(WindowBatch& batch) {
  for (std::size_t i = 0; i < batch.states.size(); ++i) {
    if (const Record& record = batch.batch.records[i];
        record.due_at_us != 0 && !mutant::on(Mutant::delayed_sent_early)) {
      DetachedMessage message{record.seq, record.shard, std::string{record.key}};
      message.due_at_us = record.due_at_us;
      detach(batch, i, std::move(message));
    }
  }
}

void DeliveryWindow::clear() {
  batches_.clear();
  messages_ = 0;
  bytes_ = 0;
  in_flight_ = 0;
}

// Slots only grow.
WindowBatch* DeliveryWindow::find(std::uint64_t slot) {
  const auto found =
      std::lower_bound(batches_.begin(), batches_.end(), slot,
                       [](const WindowBatch& batch, std::uint64_t s) { return batch.slot < s; });
  return found == batches_.end() || found->slot != slot ? nullptr : &*found;
}

void DeliveryWindow::send(LimitedSink& sink, const Obstacles& obstacles, const Refuse& refuse) {
  for (WindowBatch& batch : batches_) {
    while (batch.next < batch.states.size()) {
      if (!send_run(batch, sink, obstacles, refuse)) {
        return;
      }
    }
  }
}

// Sends the records from batch.next up to the first one that is not to be sent. False: the sink is
// full.
bool DeliveryWindow::send_run(WindowBatch& batch, LimitedSink& sink, const Obstacles& obstacles,
                              const Refuse& refuse) {
  const std::vector<Record>& records = batch.batch.records;
  const auto blocked = [&](const Record& r) {
    return obstacles.gate.blocks(r.key, r.seq) && !mutant::on(Mutant::retry_overtakes);
  };
  const auto paused = [&](const Record& r) { return obstacles.topics.reason(r, obstacles.now); };
  std::size_t end = batch.next;
  while (end < records.size() && batch.states[end] == RecordState::waiting &&
         !blocked(records[end]) && paused(records[end]) == nullptr) {
    ++end;
  }
  if (end == batch.next) {
    if (batch.states[end] == RecordState::waiting) {
      if (blocked(records[end])) {
        hold(batch, end);
      } else {
        refuse(batch, end, *paused(records[end]));
      }
    }
    ++batch.next;
    return true;
  }
  const SendResult result =
      sink.send(std::span<const Record>{records}.subspan(batch.next, end - batch.next));
  std::fill_n(batch.states.begin() + static_cast<std::ptrdiff_t>(batch.next), result.accepted,
              RecordState::in_flight);
  in_flight_ += result.accepted;
  if (mutant::on(Mutant::mark_before_ack)) {
    for (std::size_t i = batch.next; i < batch.next + result.accepted; ++i) {
      Delivery unconfirmed;
      unconfirmed.tag = records[i].tag;
      delivered(batch, i, unconfirmed);
    }
  }
  batch.next += result.accepted;
  if (result.rejected) {
    refuse(batch, batch.next, *result.rejected);
    ++batch.next;
    return true;
  }
  return batch.next == end;
}

void DeliveryWindow::delivered(WindowBatch& batch, std::size_t index, const Delivery& delivery) {
  batch.receipts.push_back(
      Receipt{batch.batch.records[index].seq, delivery.topic, delivery.partition, delivery.offset});
  close(batch, index, RecordState::delivered);
}

void DeliveryWindow::send_again(WindowBatch& batch, std::size_t index) {
  batch.states[index] = RecordState::waiting;
  batch.next = std::min(batch.next, index);
  --in_flight_;
}

void DeliveryWindow::hold(WindowBatch& batch, std::size_t index) {
  close(batch, index, RecordState::held);
}

void DeliveryWindow::detach(WindowBatch& batch, std::size_t index, DetachedMessage message) {
  batch.detached.push_back(std::move(message));
  close(batch, index, RecordState::detached);
}

void DeliveryWindow::close(WindowBatch& batch, std::size_t index, RecordState state) {
  if (batch.states[index] == RecordState::in_flight) {
    --in_flight_;
  }
  batch.states[index] = state;
  --batch.open;
}

void DeliveryWindow::release(std::string_view key) {
  for (WindowBatch& batch : batches_) {
    for (std::size_t i = 0; i < batch.states.size(); ++i) {
      if (batch.states[i] == RecordState::held && batch.batch.records[i].key == key) {
        batch.states[i] = RecordState::waiting;
        batch.next = std::min(batch.next, i);
        ++batch.open;
      }
    }
  }
}

WindowBatch DeliveryWindow::pop_front() {
  WindowBatch front = std::move(batches_.front());
  batches_.pop_front();
  messages_ -= front.states.size();
  bytes_ -= front.bytes;
  return front;
}

}  // namespace outbox
