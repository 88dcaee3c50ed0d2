#include "tests/conformance/source/postgres_table_driver.hpp"

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "outbox/outbox.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/reader/caught_up_source.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

enum class Way : std::uint8_t {
  table,    // rows, read there
  log,      // rows, read in the log
  deleted,  // rows that are deleted in the transaction that inserts them
  emitted,  // no rows
};

class PostgresTableDriver final : public SourceDriver {
 public:
  explicit PostgresTableDriver(Way way) : way_(way) {
    if (way_ != Way::table) {
      read_the_log(database_);
    }
  }

  std::unique_ptr<Source> make_source(const SourceSettings& settings) override {
    PostgresTableOptions options;
    options.url = database_.url();
    options.owner = settings.owner;
    options.max_batch_bytes = settings.max_batch_bytes;
    options.dead_letter_type = settings.dead_letter_type;
    if (way_ != Way::table) {
      return std::make_unique<CaughtUpSource>(options, database_.connect());
    }
    return std::make_unique<PostgresTableSource>(options);
  }

  std::vector<std::int64_t> append(std::span<const Message> messages) override {
    const std::lock_guard lock{mutex_};
    must_exec(connection_, "begin");
    Transaction transaction{connection_.raw()};
    const auto written = way_ == Way::emitted ? outbox_.emit(transaction, messages)
                                              : outbox_.enqueue(transaction, messages);
    if (!written) {
      throw std::runtime_error(written.error().message);
    }
    if (way_ == Way::deleted) {
      must_exec(connection_, "delete from outbox where xid = pg_current_xact_id()");
    }
    // Nobody else writes meanwhile.
    std::int64_t seq = std::stoll(value_of(connection_, "select last_value from outbox_seq_seq")) -
                       static_cast<std::int64_t>(messages.size());
    must_exec(connection_, "commit");
    std::vector<std::int64_t> seqs;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      seqs.push_back(++seq);
    }
    return seqs;
  }

  void remove(std::int64_t seq) override {
    exec("delete from outbox where seq = " + std::to_string(seq));
    exec("delete from outbox_kept where seq = " + std::to_string(seq));
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
    const std::string number = std::to_string(seq);
    if (way_ == Way::table || way_ == Way::log) {
      return value_of(connection_, "select status from outbox_message where seq = " + number);
    }
    // What has no row is shown from its first failure on; its receipt tells of a delivery before.
    return value_of(connection_,
                    "select coalesce((select status from outbox_message where seq = " + number +
                        "), case when exists (select from outbox_receipt where seq = " + number +
                        ") then 'processed' else 'pending' end)");
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

  Way way_;
  OutboxDatabase database_;
  std::mutex mutex_;
  pg::Connection connection_ = database_.connect();
  Outbox outbox_;
};

}  // namespace

std::unique_ptr<SourceDriver> make_postgres_table_driver() {
  return std::make_unique<PostgresTableDriver>(Way::table);
}

std::unique_ptr<SourceDriver> make_postgres_wal_driver() {
  return std::make_unique<PostgresTableDriver>(Way::log);
}

std::unique_ptr<SourceDriver> make_postgres_deleted_driver() {
  return std::make_unique<PostgresTableDriver>(Way::deleted);
}

std::unique_ptr<SourceDriver> make_postgres_emitted_driver() {
  return std::make_unique<PostgresTableDriver>(Way::emitted);
}

}  // namespace outbox::test
