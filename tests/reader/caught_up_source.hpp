// The write-ahead log's reader as tests want it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/source.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "support/pg/connection.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {

// Has the relays of this outbox read the log.
void read_the_log(const OutboxDatabase& database);

// Reads the log, and waits before each claim until the server has sent what is committed, since a
// claim takes what has come so far.
class CaughtUpSource final : public Source {
 public:
  CaughtUpSource(PostgresTableOptions options, pg::Connection connection);

  Result<Exceptions> connect() override;
  void close() override { source_.close(); }
  void leave() override { source_.leave(); }
  Result<Batch> claim(std::size_t limit) override;
  Result<void> await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) override {
    return source_.await_work(timeout, stop);
  }
  Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                 std::size_t limit_per_range) override {
    return source_.claim_exceptions(ranges, limit_per_range);
  }
  Result<Batch> claim_due(std::size_t limit) override { return source_.claim_due(limit); }
  [[nodiscard]] Standing standing() const override { return source_.standing(); }
  [[nodiscard]] std::shared_ptr<const TopicNames> paused_topics() const override {
    return source_.paused_topics();
  }
  Result<void> settle(const Settlement& settlement) override;

 private:
  // "t", "f", or nothing when the log is not read.
  [[nodiscard]] std::string was_sent(const std::string& lsn);
  [[nodiscard]] Result<Batch> numbered(Result<Batch> batch);

  PostgresTableSource source_;
  pg::Connection connection_;
  std::vector<std::uint64_t> numbers_;  // the source's, of each batch that was given
};

}  // namespace outbox::test
