#include "sources/sqlite/commit_watch.hpp"

#include <algorithm>
#include <array>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outbox::sqlite {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIdleAfter{250};
constexpr milliseconds kLongestPoll{5};
constexpr milliseconds kPollWithoutWatch{50};
constexpr milliseconds kLongestSleep{1'000};

unsigned long long inode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

CommitWatch::CommitWatch(const std::string& database_path)
    : path_(database_path),
      inode_(inode_of(database_path)),
      inotify_(std::make_unique<FileDescriptor>(inotify_init1(IN_NONBLOCK | IN_CLOEXEC))),
      last_work_(Clock::now()) {
  watching_ = inotify_->get() >= 0 &&
              inotify_add_watch(inotify_->get(), (path_ + "-wal").c_str(), IN_MODIFY) >= 0;
}

void CommitWatch::work_found() {
  last_work_ = Clock::now();
  next_poll_ = milliseconds{1};
}

Result<void> CommitWatch::wait(milliseconds timeout, const std::stop_token& stop) {
  if (Clock::now() - last_work_ < kIdleAfter) {
    static_cast<void>(sleep(std::min(timeout, next_poll_), false, stop));
    next_poll_ = std::min(next_poll_ * 2, kLongestPoll);
    return {};
  }
  if (!file_is_the_same()) {
    return Error{ErrorCode::source_unavailable,
                 "the database file " + path_ + " was removed or replaced by another one"};
  }
  const milliseconds longest = watching_ ? kLongestSleep : kPollWithoutWatch;
  if (sleep(std::min(timeout, longest), watching_, stop)) {
    work_found();
  }
  return {};
}

bool CommitWatch::file_is_the_same() const {
  return inode_of(path_) == inode_;
}

// True: something was written to the log.
bool CommitWatch::sleep(milliseconds timeout, bool until_a_commit, const std::stop_token& stop) {
  const StopFd stopped{stop};
  std::array<pollfd, 2> fds{pollfd{stopped.get(), POLLIN, 0}, pollfd{inotify_->get(), POLLIN, 0}};
  const int ready = ::poll(fds.data(), until_a_commit ? 2 : 1, static_cast<int>(timeout.count()));
  if (!until_a_commit || ready <= 0 || fds[1].revents == 0) {
    return false;
  }
  alignas(inotify_event) std::array<char, 4096> events{};
  while (::read(inotify_->get(), events.data(), events.size()) > 0) {
  }
  return true;
}

}  // namespace outbox::sqlite
