#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Decides how to wait when nothing is new. While messages flow it polls, every 0.4 to 5 ms, the
// longer the longer there was none. After 250 ms without any it arms the doorbell: from then on the
// outbox's insert trigger notifies, and the relay sleeps. A NOTIFY in every transaction instead
// would make all writers queue for a global lock at commit.
//
// Transactions that inserted before the doorbell was armed end without a ring, so polling goes on,
// every 50 ms, until all that were running then have ended. One thread.
class Doorbell {
 public:
  Doorbell(pg::Connection& connection, const Tables& tables);

  // How soon to look again after so long a silence.
  [[nodiscard]] static std::chrono::microseconds poll_after(std::chrono::nanoseconds silence);

  [[nodiscard]] Result<void> listen();
  // Before the connection ends: without a relay the writers would ring in vain.
  void silence();

  // A claim found work. Disarms, so that the writers do not ring in vain.
  [[nodiscard]] Result<void> work_found();

  // A claim found no more; `newest` is the snapshot that it looked with. Returns when it is time to
  // look again.
  [[nodiscard]] Result<void> wait(const Snapshot& newest, std::chrono::milliseconds timeout,
                                  const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Result<void> arm();
  [[nodiscard]] Result<void> disarm();
  [[nodiscard]] bool all_have_ended(const Snapshot& newest);
  // Until a ring (only with `ring`), the timeout or stop.
  [[nodiscard]] Result<void> sleep(std::chrono::microseconds timeout, bool ring,
                                   const std::stop_token& stop);
  [[nodiscard]] bool take_rings();

  pg::Connection* connection_;
  std::string listen_sql_;
  std::string arm_sql_;
  std::string disarm_sql_;
  bool armed_ = false;
  std::vector<std::uint64_t> running_when_armed_;
  Clock::time_point last_work_;
};

}  // namespace outbox::postgres_table
