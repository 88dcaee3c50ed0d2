// A server that answers MongoDB's commands as a test says: for the faults that a real one cannot
// be made to have.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "inbox/mongo/bson.hpp"

namespace outbox::mongo::testing {

class FakeServer {
 public:
  // The reply to a command, without "ok"; nothing: the connection is closed. `body` has what the
  // driver sends inline, so not the documents of an insert.
  using Answer = std::function<std::optional<Bson>(const std::string& command, const Bson& body)>;

  // Listens on a free port of 127.0.0.1. Throws when it cannot. The answers to "hello" are its own.
  explicit FakeServer(Answer answer);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] std::string uri() const;
  // How often a command was sent.
  [[nodiscard]] int count(const std::string& command) const;

 private:
  void serve(const std::stop_token& stop);
  // False: the connection is to be closed.
  bool answer_one(int connection);
  [[nodiscard]] std::optional<Bson> answer(const Bson& body);

  Answer answer_;
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  int listener_;
  std::uint16_t port_ = 0;
  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace outbox::mongo::testing
