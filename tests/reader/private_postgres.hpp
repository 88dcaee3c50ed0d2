// A PostgreSQL server of a test's own, to be killed.
#pragma once

#include <string>

#include "support/pg/connection.hpp"

namespace outbox::test {

// Started by ./dev stack under a name of its own, on a free port; its data goes with it. Throws
// when the stack fails.
class PrivatePostgres {
 public:
  PrivatePostgres();
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] pg::Connection connect() const;

  void kill();   // as a crash: SIGKILL to the postmaster and every backend at once
  void start();  // again, on the same data

 private:
  [[nodiscard]] std::string stack(const std::string& command) const;

  std::string name_;
  std::string url_;
};

}  // namespace outbox::test
