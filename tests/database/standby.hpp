// A standby of a test's server, which streams from it until it is promoted.
#pragma once

#include <memory>
#include <string>

#include "tests/e2e/process.hpp"

namespace outbox::test {

// On this machine, on a free port. The destructor stops it and removes its data. Throws when it
// cannot be made.
class Standby {
 public:
  // `primary_url` as OwnStack gives it; `log` is appended to.
  Standby(const std::string& primary_url, const std::string& log);
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  // One URL for both servers, of which libpq takes the one that can be written to.
  [[nodiscard]] std::string url_of_either() const;

  void wait_until_it_has_all_of(const std::string& primary_url) const;
  void stop_receiving() const;
  void promote() const;

 private:
  std::string primary_url_;
  std::string folder_;  // of the user that PostgreSQL runs as
  std::string url_;
  std::unique_ptr<e2e::Process> server_;
};

}  // namespace outbox::test
