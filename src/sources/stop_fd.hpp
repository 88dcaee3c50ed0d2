// A stop request as something that poll can wait for.
#pragma once

#include <stop_token>
#include <sys/eventfd.h>
#include <unistd.h>

namespace outbox {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }  // negative: there is none

 private:
  int fd_;
};

// Becomes readable when stop is requested.
class StopFd {
 public:
  explicit StopFd(const std::stop_token& stop) : on_stop_(stop, Signal{event_.get()}) {}
  [[nodiscard]] int get() const { return event_.get(); }

 private:
  struct Signal {
    int fd;
    void operator()() const noexcept { eventfd_write(fd, 1); }
  };
  FileDescriptor event_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::stop_callback<Signal> on_stop_;  // behind event_, so that it is destroyed first
};

}  // namespace outbox
