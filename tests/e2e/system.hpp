// The three programs, any of which a test may kill.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tests/e2e/process.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::e2e {

// order-service, outbox-processor and invoice-service on a stack with PostgreSQL, Kafka and
// MongoDB, whose tables the constructor makes. They log to the stack's folder. Throws when a
// program cannot be started.
class System {
 public:
  // `settings` are added to the environment of all three.
  explicit System(const test::OwnStack& stack, Environment settings = {});

  [[nodiscard]] std::string url(const std::string& program) const;
  [[nodiscard]] std::uint16_t port(const std::string& program) const;
  void kill(const std::string& program);
  void start(const std::string& program);
  // SIGTERM; the exit code, or -1 when it has not ended in time.
  int stop(const std::string& program, std::chrono::milliseconds timeout);
  // Whether /readyz answers 200 before the timeout.
  [[nodiscard]] bool ready(const std::string& program, std::chrono::milliseconds timeout) const;

 private:
  const test::OwnStack& stack_;
  Environment settings_;
  std::map<std::string, int> ports_;
  std::map<std::string, Process> running_;
};

}  // namespace outbox::e2e
