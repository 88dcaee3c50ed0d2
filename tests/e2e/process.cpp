#include "tests/e2e/process.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <set>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "tests/support/eventually.hpp"

extern char** environ;  // NOLINT: POSIX's own

namespace outbox::e2e {
namespace {

// Whether our programs or libpq take a setting from the variable. What names the tests' servers is
// none: ./dev reads it.
bool is_setting(std::string_view name) {
  static const std::set<std::string_view> kNames{"DATABASE_URL", "DB_DSN", "MONGO_URI",
                                                 "KAFKA_BROKERS", "ORDERS_URL"};
  return kNames.contains(name) || name.starts_with("PG") ||
         (name.starts_with("OUTBOX_") && !name.starts_with("OUTBOX_TEST_"));
}

std::vector<std::string> merged(const Environment& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (!is_setting(name) && !changes.contains(name)) {
      result.push_back(text);
    }
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) {
      result.push_back(name + "=" + value);
    }
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

pid_t spawn(const std::vector<std::string>& command, const Environment& environment,
            const std::string& out, const std::string& err) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = merged(environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t pid = -1;
  const int failure = posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                                  pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw std::runtime_error("cannot start " + command[0]);
  }
  return pid;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const Environment& environment,
                 const std::string& log)
    : pid_(spawn(command, environment, log, log)) {}

Process::~Process() {
  kill();
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

void Process::signal(int number) const {
  if (pid_ > 0) {
    ::kill(pid_, number);
  }
}

void Process::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

std::optional<int> Process::wait(std::chrono::milliseconds timeout) {
  int status = 0;
  const bool ended =
      test::eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, timeout);
  if (!ended) {
    return std::nullopt;
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API
  const bool found = bind(fd, raw, size) == 0 && getsockname(fd, raw, &size) == 0;
  close(fd);
  if (!found) {
    throw std::runtime_error("no free port on 127.0.0.1");
  }
  return ntohs(address.sin_port);
}

std::string run_command(const std::vector<std::string>& command, const Environment& environment,
                        const std::string& log, std::chrono::milliseconds timeout) {
  const std::string out = log + ".out";
  std::filesystem::remove(out);
  int status = 0;
  const pid_t pid = spawn(command, environment, out, log);
  if (!test::eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }, timeout)) {
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    throw std::runtime_error(command[0] + " did not end in time; see " + log);
  }
  std::stringstream output;
  output << std::ifstream{out}.rdbuf();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(command[0] + " failed; see " + log);
  }
  return output.str();
}

}  // namespace outbox::e2e
