// A program that a test starts, kills and starts again.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace outbox::e2e {

using Environment = std::map<std::string, std::string>;

// Owns a child process: its destructor kills and reaps it.
class Process {
 public:
  // Standard output and error are appended to `log`. `environment` is added to the test's own
  // without the settings of our programs and of libpq, so that no database or broker that is
  // exported for something else is ever used; an empty value removes a variable. Throws when the
  // program cannot be started.
  Process(const std::vector<std::string>& command, const Environment& environment,
          const std::string& log);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  // -1 when it was reaped.
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // SIGKILL, and reaped.
  void kill();
  // Its exit code (128 + n for signal n); nothing when it still runs after the timeout.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds timeout);

 private:
  pid_t pid_;  // -1: reaped, or moved from
};

// A TCP port of 127.0.0.1 that was free just now, another one at each call, and that no outgoing
// connection takes.
[[nodiscard]] int free_port();

}  // namespace outbox::e2e
