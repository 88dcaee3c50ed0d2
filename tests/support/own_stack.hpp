// Servers of a test's own, which it may kill.
#pragma once

#include <string>
#include <sys/types.h>

#include "sources/stop_fd.hpp"

namespace outbox::test {

// A stack that ./dev stack starts on free ports, whatever servers the environment names. The
// destructor stops it; its folder, .stack/NAME, stays only when the test failed, for its logs.
// Every function throws with what the command said when it fails.
class OwnStack {
 public:
  // `services` as --only takes them: "postgres,kafka"; `options` are further ones of ./dev stack
  // up: "--brokers 3". Waits for a test that has a stack of this name; what a killed one left of it
  // is removed.
  OwnStack(std::string name, const std::string& services, const std::string& options = "");
  ~OwnStack();
  OwnStack(const OwnStack&) = delete;
  OwnStack& operator=(const OwnStack&) = delete;

  // What the stack gives OUTBOX_TEST_POSTGRES, for example.
  [[nodiscard]] std::string variable(const std::string& name) const;
  // The folder of its logs, for those of a test's own programs as well.
  [[nodiscard]] std::string logs() const;

  // Of one of its processes ("postgres", "kafka-2") as it was started last.
  [[nodiscard]] pid_t pid(const std::string& process) const;
  // The folder stays, whatever becomes of the test.
  void keep_folder() { keep_folder_ = true; }

  // A service, or one broker of several: "kafka-2".
  void kill(const std::string& service) const;   // as a crash: SIGKILL to all its processes at once
  void start(const std::string& service) const;  // again, on the same address and data

 private:
  std::string dev(const std::string& command) const;

  std::string name_;
  FileDescriptor lock_;  // while it is open, the name is this one's
  std::string environment_;
  bool keep_folder_ = false;
};

}  // namespace outbox::test
