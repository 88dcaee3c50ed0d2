#include "sources/sqlite/relay_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace outbox::sqlite {

namespace {

std::string path_of_lock(const std::string& database_path) {
  return database_path + "-relay";
}

}  // namespace

Result<RelayLock> RelayLock::take(const std::string& database_path) {
  const std::string path = path_of_lock(database_path);
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

bool RelayLock::is_for(const std::string& database_path) const {
  struct stat held {};
  struct stat there {};
  return ::fstat(file_->get(), &held) == 0 &&
         ::stat(path_of_lock(database_path).c_str(), &there) == 0 && held.st_ino == there.st_ino &&
         held.st_dev == there.st_dev;
}

}  // namespace outbox::sqlite
