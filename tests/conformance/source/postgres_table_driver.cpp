#include "tests/conformance/source/postgres_table_driver.hpp"

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "outbox/outbox.hpp"
#include "sources/postgres_table/mode_switch.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

// Waits before each claim, see make_postgres_wal_driver.
class CaughtUpSource final : public Source {
 public:
  CaughtUpSource(PostgresTableOptions options, pg::Connection connection)
      : source_(std::move(options)), connection_(std::move(connection)) {}

  Result<Exceptions> connect() override {
    numbers_.clear();
    return source_.connect();
  }
  void close() override { source_.close(); }
  void leave() override { source_.leave(); }
  Result<Batch> claim(std::size_t limit) override {
    const std::string committed = value_of(connection_, "select pg_current_wal_flush_lsn()");
    while (!was_sent(committed)) {
      // Before the log it reads the table.
      Result<Batch> batch = source_.claim(limit);
      if (!batch || !batch->records.empty()) {
        return numbered(std::move(batch));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return numbered(source_.claim(limit));
  }
  Result<void> await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) override {
    return source_.await_work(timeout, stop);
  }
  Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                 std::size_t limit_per_range) override {
    return source_.claim_exceptions(ranges, limit_per_range);
  }
  Result<Batch> claim_due(std::size_t limit) override { return source_.claim_due(limit); }
  [[nodiscard]] Standing standing() const override { return source_.standing(); }
  Result<void> settle(const Settlement& settlement) override {
    Settlement renumbered = settlement;
    if (settlement.through > 0) {
      renumbered.through = numbers_.at(settlement.through - 1);
    }
    return source_.settle(renumbered);
  }

 private:
  // As if the claims in between had not been.
  Result<Batch> numbered(Result<Batch> batch) {
    if (batch) {
      numbers_.push_back(batch->number);
      batch->number = numbers_.size();
    }
    return batch;
  }
  bool was_sent(const std::string& lsn) {
    return value_of(connection_,
                    "select coalesce(bool_or(r.sent_lsn >= '" + lsn +
                        "'), false) from pg_stat_replication r join pg_replication_slots s on "
                        "s.active_pid = r.pid where s.database = current_database()") == "t";
  }

  PostgresTableSource source_;
  pg::Connection connection_;
  std::vector<std::uint64_t> numbers_;  // the source's, of each batch that was given
};

class PostgresTableDriver final : public SourceDriver {
 public:
  explicit PostgresTableDriver(bool log) : log_(log) {
    if (log_) {
      const auto tables = postgres_table::Tables::find(connection_, "outbox");
      const auto slot = postgres_table::read_log(connection_, *tables, "", "test");
      if (!slot) {
        throw std::runtime_error(slot.error().message);
      }
    }
  }

  // The sources are gone; a database with a slot could not be dropped.
  ~PostgresTableDriver() override {
    if (log_) {
      const auto tables = postgres_table::Tables::find(connection_, "outbox");
      static_cast<void>(
          postgres_table::read_table(connection_, *tables, "test", std::chrono::seconds{10}));
    }
  }

  std::unique_ptr<Source> make_source(const SourceSettings& settings) override {
    PostgresTableOptions options;
    options.url = database_.url();
    options.owner = settings.owner;
    options.max_batch_bytes = settings.max_batch_bytes;
    options.dead_letter_type = settings.dead_letter_type;
    if (log_) {
      return std::make_unique<CaughtUpSource>(options, database_.connect());
    }
    return std::make_unique<PostgresTableSource>(options);
  }

  std::vector<std::int64_t> append(std::span<const Message> messages) override {
    const std::lock_guard lock{mutex_};
    must_exec(connection_, "begin");
    Transaction transaction{connection_.raw()};
    if (const auto written = outbox_.enqueue(transaction, messages); !written) {
      throw std::runtime_error(written.error().message);
    }
    const pg::Rows rows = must_exec(
        connection_, "select seq from outbox where xid = pg_current_xact_id() order by seq");
    must_exec(connection_, "commit");
    std::vector<std::int64_t> seqs;
    for (int i = 0; i < rows.size(); ++i) {
      seqs.push_back(rows.int8(i, 0));
    }
    return seqs;
  }

  void remove(std::int64_t seq) override {
    exec("delete from outbox where seq = " + std::to_string(seq));
  }

  std::vector<StoredReceipt> receipts() override {
    const std::lock_guard lock{mutex_};
    const pg::Rows rows = must_exec(connection_,
                                    "select seq, topic, \"partition\", \"offset\" "
                                    "from outbox_receipt order by seq, processed_at");
    std::vector<StoredReceipt> receipts;
    for (int i = 0; i < rows.size(); ++i) {
      receipts.push_back(StoredReceipt{rows.int8(i, 0), std::string{rows.text(i, 1)},
                                       static_cast<std::int32_t>(rows.int8(i, 2)),
                                       rows.int8(i, 3)});
    }
    return receipts;
  }

  std::string status(std::int64_t seq) override {
    const std::lock_guard lock{mutex_};
    return value_of(connection_,
                    "select status from outbox_message where seq = " + std::to_string(seq));
  }

  std::vector<StoredAttempt> attempts(std::int64_t seq) override {
    const std::lock_guard lock{mutex_};
    const pg::Rows rows =
        must_exec(connection_, "select attempt, error from outbox_attempt where seq = " +
                                   std::to_string(seq) + " order by failed_at");
    std::vector<StoredAttempt> attempts;
    for (int i = 0; i < rows.size(); ++i) {
      attempts.push_back(StoredAttempt{rows.int8(i, 0), std::string{rows.text(i, 1)}});
    }
    return attempts;
  }

  std::vector<std::string> audit(std::int64_t seq) override {
    const std::lock_guard lock{mutex_};
    const pg::Rows rows =
        must_exec(connection_, "select action || ' by ' || actor from outbox_audit where seq = " +
                                   std::to_string(seq) + " order by id");
    std::vector<std::string> actions;
    for (int i = 0; i < rows.size(); ++i) {
      actions.emplace_back(rows.text(i, 0));
    }
    return actions;
  }

  void set_paused(bool paused) override {
    exec(std::string{"update outbox_control set paused = "} + (paused ? "true" : "false"));
  }
  void raise_revision() override { exec("update outbox_control set revision = revision + 1"); }
  void edit(std::int64_t seq, const std::string& payload) override {
    exec("update outbox_exception set payload = '" + payload + "' where " + exception_of(seq));
  }
  void discard(std::int64_t seq) override {
    exec("update outbox_exception set state = 'discarded', holds_key = false where " +
         exception_of(seq));
  }
  void replay(std::int64_t seq, const std::string& topic) override {
    exec(
        "insert into outbox_exception (seq, shard, key, state, due_at, replay, topic) "
        "select seq, shard, aggregateid, 'delayed', clock_timestamp(), true, nullif('" +
        topic + "', '') from outbox where seq = " + std::to_string(seq));
  }

 private:
  static std::string exception_of(std::int64_t seq) {
    return "state <> 'held' and seq = " + std::to_string(seq);
  }
  void exec(const std::string& sql) {
    const std::lock_guard lock{mutex_};
    must_exec(connection_, sql);
  }

  bool log_;
  OutboxDatabase database_;
  std::mutex mutex_;
  pg::Connection connection_ = database_.connect();
  Outbox outbox_;
};

}  // namespace

std::unique_ptr<SourceDriver> make_postgres_table_driver() {
  return std::make_unique<PostgresTableDriver>(false);
}

std::unique_ptr<SourceDriver> make_postgres_wal_driver() {
  return std::make_unique<PostgresTableDriver>(true);
}

}  // namespace outbox::test
