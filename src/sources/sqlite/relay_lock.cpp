#include "sources/sqlite/relay_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>

namespace outbox::sqlite {

Result<RelayLock> RelayLock::take(const std::string& database_path) {
  const std::string path = database_path + "-relay";
  auto file =
      std::make_unique<FileDescriptor>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file->get() < 0) {
    return Error{ErrorCode::source_unavailable,
                 "cannot open the lock file " + path + ": " + std::strerror(errno)};
  }
  if (flock(file->get(), LOCK_EX | LOCK_NB) == 0) {
    return RelayLock{std::move(file)};
  }
  if (errno == EWOULDBLOCK) {
    return Error{ErrorCode::conflict, "another relay holds " + path};
  }
  return Error{ErrorCode::source_unavailable, "cannot lock " + path + ": " + std::strerror(errno)};
}

}  // namespace outbox::sqlite
