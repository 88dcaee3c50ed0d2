#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "outbox/result.hpp"
#include "sources/stop_fd.hpp"

namespace outbox::sqlite {

// Decides how to wait when nothing is new. While messages flow it polls, every 1 to 5 ms. After
// 250 ms without any it sleeps until something is written to the file's write-ahead log, which
// every commit does (inotify), and polls again from then on: the bytes are there a little before
// the commit can be seen. One thread.
class CommitWatch {
 public:
  // The database's WAL file must exist: it does while a connection that has read is open.
  explicit CommitWatch(const std::string& database_path);

  void work_found();

  // A claim found nothing. Returns when it is time to look again. source_unavailable: the file was
  // replaced by another one.
  [[nodiscard]] Result<void> wait(std::chrono::milliseconds timeout, const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool file_is_the_same() const;
  [[nodiscard]] bool sleep(std::chrono::milliseconds timeout, bool until_a_commit,
                           const std::stop_token& stop);

  std::string path_;
  unsigned long long inode_ = 0;
  std::unique_ptr<FileDescriptor> inotify_;
  bool watching_ = false;  // else it polls, less often
  Clock::time_point last_work_;
  std::chrono::milliseconds next_poll_{1};
};

}  // namespace outbox::sqlite
