// The whole system on a stack of its own, any part of which a test may kill.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "tests/e2e/process.hpp"

namespace outbox::e2e {

// PostgreSQL, Kafka and MongoDB, started for one test by ./dev stack, so that killing them hurts
// no other test. Removed by the destructor; the logs stay in .stack/NAME/logs.
class Stack {
 public:
  explicit Stack(std::string name);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  [[nodiscard]] const std::string& postgres() const { return postgres_; }
  [[nodiscard]] const std::string& kafka() const { return kafka_; }
  [[nodiscard]] const std::string& mongo() const { return mongo_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  void kill(const std::string& service);   // as a crash would
  void start(const std::string& service);  // again, on the same data

 private:
  std::string dev(const std::string& action, const std::string& argument = {}) const;

  std::string name_;
  std::string postgres_;
  std::string kafka_;
  std::string mongo_;
};

// The three programs on a stack: order-service, outbox-processor, invoice-service.
class System {
 public:
  explicit System(const Stack& stack);

  [[nodiscard]] std::string url(const std::string& program) const;
  void kill(const std::string& program);
  void start(const std::string& program);
  // SIGTERM; the exit code, or -1 when it has not ended in time.
  int stop(const std::string& program, std::chrono::milliseconds timeout);
  // Whether /readyz answers 200 before the timeout.
  [[nodiscard]] bool ready(const std::string& program, std::chrono::milliseconds timeout) const;

 private:
  const Stack& stack_;
  std::map<std::string, int> ports_;
  std::map<std::string, Process> running_;
};

// Where the built programs and the project are.
[[nodiscard]] std::string program_path(const std::string& program);

}  // namespace outbox::e2e
