#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

struct RetentionOptions {
  std::string url;
  std::string table = "outbox";
  // For how long processed messages and their receipts stay at least. 0: for ever.
  std::chrono::milliseconds keep = std::chrono::hours{24 * 7};
};

struct RetentionReport {
  bool elsewhere = false;      // another relay is at it just now: the rest was not looked at
  std::int64_t made = 0;       // partitions made ahead
  std::int64_t ahead = 0;      // message partitions that nothing has been written to yet
  std::int64_t freed = 0;      // message partitions emptied
  std::int64_t dropped = 0;    // tables of emptied partitions that are gone
  std::int64_t forgotten = 0;  // rows about freed messages: attempts, audit, discarded
  std::int64_t busy = 0;       // times that a lock could not be had; the next run tries again
  std::int64_t truncated = 0;  // unsent messages that someone's TRUNCATE has removed, ever
};

// Looks after the partitions: makes them ahead, frees those whose messages are done and old, drops
// the empty ones (migrations/0002_partitions.up.sql says how and why that is safe). No lock of it
// keeps a writer waiting for 100 ms. One thread at a time; relays of one outbox exclude each other.
class Retention {
 public:
  explicit Retention(RetentionOptions options) : options_(std::move(options)) {}

  // One bounded run, on a connection of its own that it opens and closes: what is left, the next
  // run goes on with. `stop` ends it within moments.
  [[nodiscard]] Result<RetentionReport> run_once(const std::stop_token& stop = {});

 private:
  class Run;

  // From run to run.
  struct State {
    std::int64_t looked_up_to = -1;  // the lower bound of the last partition that was looked at
    // Where the log is read: up to which seq everything was settled, and what tells it next: all
    // that had drawn a seq up to noted_seq had an xid below noted_xmax.
    std::int64_t settled_seq = 0;
    std::int64_t noted_seq = 0;
    std::int64_t noted_xmax = 0;
  };

  RetentionOptions options_;
  State state_;
};

// Runs a Retention now and then on a thread of its own, which the destructor ends and joins.
class RetentionThread {
 public:
  using OnRun = std::function<void(const Result<RetentionReport>&)>;

  // `on_run` is called on the thread after each run, and must not throw.
  RetentionThread(RetentionOptions options, OnRun on_run,
                  std::chrono::milliseconds period = std::chrono::minutes{5});

 private:
  void run(const std::stop_token& stop);

  Retention retention_;
  OnRun on_run_;
  std::chrono::milliseconds period_;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace outbox::postgres_table
