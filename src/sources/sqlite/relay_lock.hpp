#pragma once

#include <memory>
#include <string>

#include "outbox/result.hpp"
#include "sources/stop_fd.hpp"

namespace outbox::sqlite {

// The right to relay a database file's outbox: a lock (flock) on the file PATH-relay beside it,
// which the kernel frees when its process ends, however it ends. Not for network file systems.
class RelayLock {
 public:
  // conflict: another process, or another source of this one, has it.
  [[nodiscard]] static Result<RelayLock> take(const std::string& database_path);

  // Whether the lock is still that of the path: the file may have been removed or replaced.
  [[nodiscard]] bool is_for(const std::string& database_path) const;

 private:
  explicit RelayLock(std::unique_ptr<FileDescriptor> file) : file_(std::move(file)) {}

  std::unique_ptr<FileDescriptor> file_;
};

}  // namespace outbox::sqlite
