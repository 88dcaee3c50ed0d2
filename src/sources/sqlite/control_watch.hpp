#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// Looks twice a second, on a thread and a connection of its own, at what operators tell the relay,
// and whether another relay has taken the file over. The relay's own connections cannot do it:
// while it is paused, it uses neither.
class ControlWatch {
 public:
  // Looks once before it returns, and compares with what it saw then. `standing` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ControlWatch>> start(const std::string& path,
                                                                   std::int64_t epoch,
                                                                   std::atomic<Standing>& standing);

 private:
  ControlWatch(Database database, Statement statement, std::int64_t epoch,
               std::atomic<Standing>& standing);

  [[nodiscard]] Result<void> look();
  void run(const std::stop_token& stop);

  Database database_;
  Statement statement_;
  std::int64_t epoch_;
  std::atomic<Standing>& standing_;
  std::int64_t revision_ = -1;  // at the first look
  std::jthread thread_;         // last: joined before the rest goes
};

}  // namespace outbox::sqlite
