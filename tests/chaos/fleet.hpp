// The programs under test, each of which a fault may stop, kill and start otherwise.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/e2e/process.hpp"

namespace outbox::chaos {

struct ProgramSpec {
  std::string name;                  // of this one among its like: "relay-2"
  std::vector<std::string> command;  // the first word is a path
  e2e::Environment environment;
};

// Several threads may use it, each for other programs; add() comes before them. What still runs is
// killed at the end.
class Fleet {
 public:
  // They log to FOLDER/NAME.log, which begins empty.
  explicit Fleet(std::string log_folder) : log_folder_(std::move(log_folder)) {}

  // Gives it a free port and starts it.
  void add(ProgramSpec spec);

  [[nodiscard]] std::vector<std::string> names(const std::string& prefix) const;
  [[nodiscard]] std::string url(const std::string& name) const;
  [[nodiscard]] std::string log(const std::string& name) const;
  [[nodiscard]] std::string last_words(const std::string& name) const;  // the log's last line
  [[nodiscard]] pid_t pid(const std::string& name) const;
  // As /proc has it: 'R', 'S', 'T' …; '-' when there is no such process.
  [[nodiscard]] char state(const std::string& name) const;
  // Whether it handles the signal or waits for it. One that has just begun does not yet.
  [[nodiscard]] bool expects(const std::string& name, int number) const;

  // `changes` to its environment hold until the next start.
  void start(const std::string& name, const e2e::Environment& changes = {});
  void signal(const std::string& name, int number) const;
  // The exit code (128 + n for signal n), -1 when it was told before; nothing when it still runs.
  [[nodiscard]] std::optional<int> wait(const std::string& name, std::chrono::milliseconds timeout);

 private:
  struct Program {
    ProgramSpec spec;
    int port = 0;
    std::optional<e2e::Process> process;
  };

  std::string log_folder_;
  std::map<std::string, Program> programs_;
};

// As Fleet::state, of any process.
[[nodiscard]] char process_state(pid_t pid);
// As Fleet::expects, of any process.
[[nodiscard]] bool expects_signal(pid_t pid, int number);
// Whether it runs no more; a zombie does not.
[[nodiscard]] bool is_gone(pid_t pid);

}  // namespace outbox::chaos
