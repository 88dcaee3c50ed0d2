#include "tests/database/standby.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kScript = OUTBOX_SOURCE_DIR "/tests/database/standby.sh";

// The part of postgresql://USER@HOST:PORT/DATABASE before the port, and the one behind it.
std::pair<std::string, std::string> around_port(const std::string& url) {
  const std::size_t port = url.rfind(':') + 1;
  return {url.substr(0, port), url.substr(url.find('/', port))};
}

pg::Connection connect(const std::string& url) {
  return must(pg::Connection::connect(url));
}

}  // namespace

Standby::Standby(const std::string& primary_url, const std::string& log)
    : primary_url_(primary_url), folder_("/var/tmp/outbox-standby." + std::to_string(getpid())) {
  std::filesystem::remove_all(folder_);
  e2e::Process copy{{"/bin/bash", kScript, "make", folder_, primary_url}, {}, log};
  if (copy.wait(60s) != 0) {
    throw std::runtime_error("pg_basebackup failed; its output: " + log);
  }
  const int port = e2e::free_port();
  const auto [before, behind] = around_port(primary_url);
  url_ = before + std::to_string(port) + behind;
  server_ = std::make_unique<e2e::Process>(
      std::vector<std::string>{"/bin/bash", kScript, "run", folder_, std::to_string(port)},
      e2e::Environment{}, log);
  if (!eventually([&] { return pg::Connection::connect(url_).ok(); })) {
    throw std::runtime_error("the standby does not answer; its log: " + log);
  }
}

// SIGQUIT is PostgreSQL's immediate shutdown: it ends its children too.
Standby::~Standby() {
  if (server_) {
    server_->signal(SIGQUIT);
    static_cast<void>(server_->wait(10s));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Standby::url_of_either() const {
  const auto [before, behind] = around_port(primary_url_);
  const std::string port =
      primary_url_.substr(before.size(), primary_url_.find('/', before.size()) - before.size());
  const std::size_t host = before.rfind('@') + 1;
  const std::string user = before.substr(0, host);
  const std::string name = before.substr(host);  // "127.0.0.1:"
  const std::string own = url_.substr(before.size(), url_.find('/', before.size()) - before.size());
  return user + name + port + "," + name + own + behind + "?target_session_attrs=read-write";
}

void Standby::wait_until_it_has_all_of(const std::string& primary_url) const {
  pg::Connection primary = connect(primary_url);
  const std::string end = value_of(primary, "select pg_current_wal_flush_lsn()");
  pg::Connection standby = connect(url_);
  if (!eventually([&] {
        return value_of(standby, "select pg_last_wal_replay_lsn() >= '" + end + "'") == "t";
      })) {
    throw std::runtime_error("the standby does not catch up");
  }
}

void Standby::stop_receiving() const {
  pg::Connection standby = connect(url_);
  must_exec(standby, "alter system set primary_conninfo = ''");
  must_exec(standby, "select pg_reload_conf()");
  if (!eventually(
          [&] { return value_of(standby, "select count(*) from pg_stat_wal_receiver") == "0"; })) {
    throw std::runtime_error("the standby goes on receiving");
  }
}

void Standby::promote() const {
  pg::Connection standby = connect(url_);
  if (value_of(standby, "select pg_promote(true, 60)") != "t") {
    throw std::runtime_error("the standby was not promoted");
  }
}

}  // namespace outbox::test
