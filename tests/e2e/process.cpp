#include "tests/e2e/process.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <netinet/in.h>
#include <random>
#include <set>
#include <spawn.h>
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

// As in stack/probe.py: below the ports of outgoing connections, one of which would take the port
// of a program that is down for a moment.
constexpr int kFirstPort = 20'000;
constexpr int kPorts = 10'000;

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
            const std::string& log) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = merged(environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = -1;
  const int failure = posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                                  pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw std::runtime_error("cannot start " + command[0]);
  }
  return pid;
}

bool is_free(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  // As servers do it: a port whose last connections linger in TIME_WAIT is free.
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool bound =
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;  // NOLINT: sockets API
  close(fd);
  return bound;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const Environment& environment,
                 const std::string& log)
    : pid_(spawn(command, environment, log)) {}

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
  static int next = kFirstPort + static_cast<int>(std::random_device{}() % kPorts);
  for (int tried = 0; tried < kPorts; ++tried) {
    next = kFirstPort + (next + 1 - kFirstPort) % kPorts;
    if (is_free(next)) {
      return next;
    }
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

}  // namespace outbox::e2e
