#include "tests/reader/caught_up_source.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "sources/postgres_table/mode_switch.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {

void read_the_log(const OutboxDatabase& database) {
  pg::Connection connection = database.connect();
  const auto tables = must(postgres_table::Tables::find(connection, "outbox"));
  must(postgres_table::read_log(connection, database.url(), tables, "", {.actor = "test"}));
}

CaughtUpSource::CaughtUpSource(PostgresTableOptions options, pg::Connection connection)
    : source_(std::move(options)), connection_(std::move(connection)) {}

Result<Exceptions> CaughtUpSource::connect() {
  numbers_.clear();
  return source_.connect();
}

Result<Batch> CaughtUpSource::claim(std::size_t limit) {
  const std::string committed = value_of(connection_, "select pg_current_wal_flush_lsn()");
  // What fills the buffers between is sent only when it is read.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{1};
  while (std::chrono::steady_clock::now() < patience) {
    const std::string sent = was_sent(committed);
    if (sent == "t") {
      break;
    }
    if (sent.empty()) {  // it still reads the table
      Result<Batch> batch = source_.claim(limit);
      if (!batch || !batch->records.empty()) {
        return numbered(std::move(batch));
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return numbered(source_.claim(limit));
}

Result<void> CaughtUpSource::settle(const Settlement& settlement) {
  Settlement renumbered = settlement;
  if (settlement.through > 0) {
    renumbered.through = numbers_.at(settlement.through - 1);
  }
  return source_.settle(renumbered);
}

std::string CaughtUpSource::was_sent(const std::string& lsn) {
  return value_of(connection_, "select bool_or(r.sent_lsn >= '" + lsn +
                                   "') from pg_stat_replication r join pg_replication_slots s on "
                                   "s.active_pid = r.pid where s.database = current_database()");
}

// As if the claims in between had not been.
Result<Batch> CaughtUpSource::numbered(Result<Batch> batch) {
  if (batch) {
    numbers_.push_back(batch->number);
    batch->number = numbers_.size();
  }
  return batch;
}

}  // namespace outbox::test
