// Writers that number the messages of each key under its row's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "outbox/result.hpp"
#include "tests/chaos/pace.hpp"

namespace outbox::chaos {

struct LoadOptions {
  std::string database_url;
  std::uint64_t seed = 0;
  int writers = 16;
  double messages_per_second = 350;
};

// How the writers' transactions have ended, as far as they know: the answer to a COMMIT can get
// lost. What really happened stands in the database.
struct LoadCounts {
  std::atomic<std::int64_t> messages{0};  // of transactions whose COMMIT was answered
  std::atomic<std::int64_t> rolled_back{0};
  std::atomic<std::int64_t> savepoints{0};
  std::atomic<std::int64_t> slow{0};      // open for seconds
  std::atomic<std::int64_t> prepared{0};  // and resolved later by another connection
  std::atomic<std::int64_t> failed{0};    // the database was away, or a lock took too long
};

// Several hundred keys, the same for the same seed.
[[nodiscard]] std::vector<std::string> pool_of_keys(std::uint64_t seed);

// Threads of its own from the constructor on. The tables of truth.hpp must be there.
class Load {
 public:
  explicit Load(const LoadOptions& options);
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Returns when every writer has ended, within about 15 s also when the database is away.
  void stop();
  // Ends what the writers have prepared. Call after stop(). timeout: some of it is left.
  [[nodiscard]] Result<void> resolve_prepared(std::chrono::milliseconds timeout) const;

  [[nodiscard]] const LoadCounts& counts() const { return counts_; }

 private:
  const LoadOptions options_;
  const std::vector<std::string> pool_;
  LoadCounts counts_;
  Pace pace_;
  std::vector<std::jthread> threads_;
};

}  // namespace outbox::chaos
