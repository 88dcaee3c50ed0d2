#include "tests/chaos/load.hpp"

#include <chrono>
#include <optional>
#include <random>

#include "outbox/uuid.hpp"
#include "support/pg/connection.hpp"
#include "tests/chaos/writer.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr int kKeys = 400;
constexpr milliseconds kLongestArrears{5'000};

// Two in three are committed, whoever prepared them is gone.
constexpr const char* kDue =
    "select gid, hashtext(gid) % 3 <> 0 from pg_prepared_xacts where gid like 'chaos-%' "
    "and database = current_database() and prepared <= now() - $1::bigint * interval '1 ms'";

Result<pg::Connection> open(const std::string& url) {
  return pg::Connection::connect(url, {.application_name = "chaos-resolver",
                                       .connect_timeout = milliseconds{3'000},
                                       .statement_timeout = milliseconds{8'000}});
}

// Ends what was prepared so long ago; how many there were.
Result<int> resolve(pg::Connection& connection, milliseconds age) {
  const auto due = connection.query(kDue, pg::Params{}.int8(age.count()), pg::Format::text);
  if (!due) return due.error();
  for (int row = 0; row < due->size(); ++row) {
    const std::string how = due->text(row, 1) == "t" ? "commit" : "rollback";
    const auto ended = connection.exec(how + " prepared '" + std::string{due->text(row, 0)} + "'");
    if (!ended) return ended.error();
  }
  return due->size();
}

void resolve_until(const std::string& url, const std::stop_token& stop) {
  std::optional<pg::Connection> connection;
  while (sleep_for(milliseconds{250}, stop)) {
    if (!connection) {
      if (auto opened = open(url)) connection = *std::move(opened);
    } else if (!resolve(*connection, milliseconds{1'500})) {
      connection.reset();
    }
  }
}

}  // namespace

std::vector<std::string> pool_of_keys(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::string> keys;
  for (int k = 0; k < kKeys; ++k) {
    Uuid id;
    for (std::uint8_t& byte : id.bytes) {
      byte = static_cast<std::uint8_t>(random());
    }
    keys.push_back(id.to_string());
  }
  return keys;
}

Load::Load(const LoadOptions& options)
    : options_(options),
      pool_(pool_of_keys(options.seed)),
      pace_(options.messages_per_second, kLongestArrears) {
  for (int number = 0; number < options_.writers; ++number) {
    threads_.emplace_back([this, number](const std::stop_token& stop) {
      Writer{options_, number, pool_, pace_, counts_}.run(stop);
    });
  }
  threads_.emplace_back(
      [this](const std::stop_token& stop) { resolve_until(options_.database_url, stop); });
}

void Load::stop() {
  for (std::jthread& thread : threads_) {
    thread.request_stop();
  }
  threads_.clear();
}

Result<void> Load::resolve_prepared(milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  Error last{ErrorCode::timeout, "prepared transactions are left"};
  while (std::chrono::steady_clock::now() < deadline) {
    auto connection = open(options_.database_url);
    if (connection) {
      const auto resolved = resolve(*connection, milliseconds{0});
      if (resolved && *resolved == 0) return {};
      if (!resolved) last = resolved.error();
    } else {
      last = connection.error();
    }
    std::this_thread::sleep_for(milliseconds{100});
  }
  return last;
}

}  // namespace outbox::chaos
