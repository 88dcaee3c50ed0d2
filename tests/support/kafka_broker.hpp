// A Kafka broker of a test's own, which may be killed.
#pragma once

#include <string>

namespace outbox::test {

// Starts a private stack with one broker (./dev stack) and removes it at the end. Every function
// throws with what the command said when it fails.
class KafkaBroker {
 public:
  KafkaBroker();
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }

  void kill() const;   // SIGKILL
  void start() const;  // returns when it answers, on the same address

 private:
  std::string name_;
  std::string address_;
};

}  // namespace outbox::test
