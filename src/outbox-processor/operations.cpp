#include "outbox-processor/operations.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

#include "support/telemetry/log.hpp"

namespace outbox {
namespace {

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<void> guarded(const Operations::Work& work, Operations::Progress& progress) {
  try {
    return work(progress);
  } catch (const std::exception& error) {
    return Error{ErrorCode::internal, error.what()};
  }
}

}  // namespace

std::string_view to_string(Operation::State state) {
  switch (state) {
    case Operation::State::running:
      return "running";
    case Operation::State::done:
      return "done";
    case Operation::State::failed:
      return "failed";
    case Operation::State::cancelled:
      return "cancelled";
  }
  return "";
}

class Operations::EntryProgress final : public Progress {
 public:
  EntryProgress(std::mutex& mutex, Entry& entry) : mutex_(mutex), entry_(entry) {}

  void expect(std::size_t total) override {
    const std::lock_guard lock{mutex_};
    entry_.operation.total = total;
  }
  bool reached(std::size_t done, std::size_t changed) override {
    {
      const std::lock_guard lock{mutex_};
      entry_.operation.done = done;
      entry_.operation.changed = changed;
      // Nothing is left that could be stopped.
      if (done > 0 && done == entry_.operation.total) return true;
    }
    entry_.obeyed = entry_.obeyed || entry_.cancelled;
    return !entry_.obeyed;
  }

 private:
  std::mutex& mutex_;
  Entry& entry_;
};

// The time as the first id, so that a page which still shows an operation of before a restart finds
// none instead of another one.
Operations::Operations() : next_id_(now_us()) {}

Operations::~Operations() {
  stop();
}

Operations::Slot* Operations::free_slot() {
  for (Slot& slot : slots_) {
    if (!slot.entry || slot.entry->operation.state != Operation::State::running) return &slot;
  }
  return nullptr;
}

Result<Operation> Operations::start(std::string kind, std::string actor, std::size_t total,
                                    Work work) {
  const std::lock_guard lock{mutex_};
  if (stopping_) return Error{ErrorCode::conflict, "the relay is about to end: nothing is begun"};
  Slot* slot = free_slot();
  if (slot == nullptr) {
    return Error{ErrorCode::conflict, std::to_string(kAtOnce) +
                                          " operations run already: wait for one of them to end, "
                                          "or cancel it"};
  }
  auto entry = std::make_shared<Entry>();
  entry->operation.id = std::to_string(next_id_++);
  entry->operation.kind = std::move(kind);
  entry->operation.actor = std::move(actor);
  entry->operation.started_at_us = now_us();
  entry->operation.total = total;
  // The former thread of the slot has noted its end, and waits for nothing any more.
  slot->thread = std::jthread{
      [this, entry, work = std::move(work)]() mutable { run(entry, std::move(work)); }};
  slot->entry = entry;
  remember(entry);
  log::info("an operation begins", {{"operation", entry->operation.id},
                                    {"kind", entry->operation.kind},
                                    {"actor", entry->operation.actor},
                                    {"messages", total}});
  return entry->operation;
}

void Operations::remember(const std::shared_ptr<Entry>& entry) {
  entries_.push_front(entry);
  if (entries_.size() <= kKept) return;
  // There are fewer that run than are kept.
  const auto oldest = std::find_if(entries_.rbegin(), entries_.rend(), [](const auto& old) {
    return old->operation.state != Operation::State::running;
  });
  entries_.erase(std::next(oldest).base());
}

void Operations::run(const std::shared_ptr<Entry>& entry, Work work) {
  EntryProgress progress{mutex_, *entry};
  Result<void> ended = guarded(work, progress);
  work = nullptr;  // its connection closes before the slot is free
  Operation after;
  {
    const std::lock_guard lock{mutex_};
    Operation& operation = entry->operation;
    operation.ended_at_us = now_us();
    if (!ended) {
      operation.state = Operation::State::failed;
      operation.error = std::move(ended).error().message;
    } else {
      operation.state = entry->obeyed ? Operation::State::cancelled : Operation::State::done;
    }
    after = operation;
  }
  log::info("an operation has ended", {{"operation", after.id},
                                       {"state", to_string(after.state)},
                                       {"dealt_with", after.done},
                                       {"changed", after.changed},
                                       {"error", after.error}});
}

std::vector<Operation> Operations::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<Operation> operations;
  operations.reserve(entries_.size());
  for (const auto& entry : entries_)
    operations.push_back(entry->operation);
  return operations;
}

std::shared_ptr<Operations::Entry> Operations::entry_of(std::string_view id) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry->operation.id == id; });
  return found == entries_.end() ? nullptr : *found;
}

std::optional<Operation> Operations::find(std::string_view id) const {
  const std::lock_guard lock{mutex_};
  const auto entry = entry_of(id);
  return entry ? std::optional{entry->operation} : std::nullopt;
}

std::optional<Operation> Operations::cancel(std::string_view id) {
  const std::lock_guard lock{mutex_};
  const auto entry = entry_of(id);
  if (!entry) return std::nullopt;
  entry->cancelled = true;
  return entry->operation;
}

void Operations::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    for (const auto& entry : entries_)
      entry->cancelled = true;
  }
  for (Slot& slot : slots_) {
    if (slot.thread.joinable()) slot.thread.join();
  }
}

}  // namespace outbox
