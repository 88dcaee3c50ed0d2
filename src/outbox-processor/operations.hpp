// What people start over HTTP and what takes longer than a request: retries, discards, replays.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "outbox/result.hpp"

namespace outbox {

// One of them, as it was at a moment.
struct Operation {
  enum class State { running, done, failed, cancelled };

  std::string id;    // also after a restart no other's
  std::string kind;  // "retry"
  std::string actor;
  std::int64_t started_at_us = 0;  // Unix time
  std::optional<std::int64_t> ended_at_us{};
  std::size_t total = 0;    // messages; grows while they are still being chosen
  std::size_t done = 0;     // dealt with; when it was cancelled or has failed, fewer than total
  std::size_t changed = 0;  // of these; the others had changed meanwhile, and stay as they are
  State state = State::running;
  std::string error{};  // of a failed one: what happened, and what to do
};

[[nodiscard]] std::string_view to_string(Operation::State state);

// Runs few at once, each on a thread of its own, and remembers the newest. In memory: a restart
// ends and forgets them, and what they had done by then stays done. Thread-safe.
class Operations {
 public:
  static constexpr std::size_t kAtOnce = 2;
  static constexpr std::size_t kKept = 100;

  // How the work tells how far it is.
  class Progress {
   public:
    virtual ~Progress() = default;
    virtual void expect(std::size_t total) = 0;
    // False: it was cancelled, and the work ends as soon as it can, without an error.
    [[nodiscard]] virtual bool reached(std::size_t done, std::size_t changed) = 0;
  };
  using Work = std::function<Result<void>(Progress&)>;

  Operations();
  ~Operations();  // stops
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  // conflict: kAtOnce run already, or the program is about to end. `total`: 0 when the work has to
  // find out.
  Result<Operation> start(std::string kind, std::string actor, std::size_t total, Work work);

  // The newest first.
  [[nodiscard]] std::vector<Operation> all() const;
  [[nodiscard]] std::optional<Operation> find(std::string_view id) const;

  // Has it stop after the step that it is at; one that has ended stays as it is. Nothing: there is
  // none with this id.
  std::optional<Operation> cancel(std::string_view id);

  // Cancels all and waits for their steps. Afterwards none starts. Idempotent.
  void stop();

 private:
  struct Entry {
    Operation operation;  // guarded by mutex_
    std::atomic<bool> cancelled = false;
    bool obeyed = false;  // it was told to stop; of the thread that runs it
  };
  class EntryProgress;
  struct Slot {
    std::shared_ptr<Entry> entry;  // null: unused so far
    std::jthread thread;
  };

  // With mutex_ locked.
  [[nodiscard]] Slot* free_slot();
  [[nodiscard]] std::shared_ptr<Entry> entry_of(std::string_view id) const;
  void remember(const std::shared_ptr<Entry>& entry);
  void run(const std::shared_ptr<Entry>& entry, Work work);

  mutable std::mutex mutex_;
  std::int64_t next_id_;
  bool stopping_ = false;
  std::deque<std::shared_ptr<Entry>> entries_;  // the newest first
  std::array<Slot, kAtOnce> slots_;
};

}  // namespace outbox
