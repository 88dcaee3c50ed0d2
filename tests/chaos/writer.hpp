// One writer of the load: its connection and its transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "support/pg/connection.hpp"
#include "tests/chaos/load.hpp"
#include "tests/chaos/pace.hpp"

namespace outbox::chaos {

// Used by one thread.
class Writer {
 public:
  Writer(const LoadOptions& options, int number, const std::vector<std::string>& pool, Pace& pace,
         LoadCounts& counts);

  // Writes transaction after transaction until it is stopped.
  void run(const std::stop_token& stop);

 private:
  enum class Kind { plain, early_xid, rolled_back, savepoint, slow, prepared };

  struct Plan {
    Kind kind = Kind::plain;
    std::vector<std::string> keys;  // sorted, so that writers cannot deadlock
    bool new_order = false;         // with one message of a key of its own
    [[nodiscard]] int messages() const {
      return static_cast<int>(keys.size()) + (new_order ? 1 : 0);
    }
  };

  [[nodiscard]] Plan next_plan();
  [[nodiscard]] std::string next_key(bool cold);
  [[nodiscard]] int chance(int below);
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> transact(const Plan& plan, const std::stop_token& stop);
  [[nodiscard]] Result<void> write_all(const Plan& plan);
  // A message that is rolled back, so that the number which it had goes to the next one.
  [[nodiscard]] Result<void> write_in_vain(const std::string& key);
  [[nodiscard]] Result<void> end(const Plan& plan);
  [[nodiscard]] Result<void> write_next(const std::string& key);
  [[nodiscard]] Result<void> write(const std::string& key, std::int64_t n);
  [[nodiscard]] Result<void> run_sql(const std::string& sql);

  const LoadOptions& options_;
  const int number_;
  const std::vector<std::string>& pool_;
  Pace& pace_;
  LoadCounts& counts_;
  std::mt19937_64 random_;
  std::optional<pg::Connection> connection_;
};

}  // namespace outbox::chaos
