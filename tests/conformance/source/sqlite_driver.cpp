#include "tests/conformance/source/sqlite_driver.hpp"

#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>

#include "outbox/sqlite.hpp"
#include "sources/sqlite/sqlite_source.hpp"
#include "support/sqlite/database.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::test {
namespace {

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().message);
  }
  return std::move(result).value();
}

void or_throw(const Result<void>& result) {
  if (!result) {
    throw std::runtime_error(result.error().message);
  }
}

class SqliteDriver final : public SourceDriver {
 public:
  SqliteDriver() { value_or_throw(sqlite::migrate(database_.raw())); }

  std::unique_ptr<Source> make_source(const SourceSettings& settings) override {
    SqliteOptions options;
    options.path = path_;
    options.owner = settings.owner;
    options.max_batch_bytes = settings.max_batch_bytes;
    options.dead_letter_type = settings.dead_letter_type;
    return std::make_unique<SqliteSource>(options);
  }

  std::vector<std::int64_t> append(std::span<const Message> messages) override {
    const std::lock_guard lock{mutex_};
    sqlite::Tx tx = value_or_throw(sqlite::Tx::begin(database_));
    sqlite::Transaction transaction{database_.raw()};
    value_or_throw(outbox_.enqueue(transaction, messages));
    const std::int64_t last = database_.last_insert_rowid();
    or_throw(tx.commit());
    std::vector<std::int64_t> seqs;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      seqs.push_back(last - static_cast<std::int64_t>(messages.size() - 1 - i));
    }
    return seqs;
  }

  void remove(std::int64_t seq) override {
    exec("delete from outbox where seq = " + std::to_string(seq));
  }

  std::vector<StoredReceipt> receipts() override {
    const std::lock_guard lock{mutex_};
    sqlite::Statement rows = value_or_throw(database_.prepare(
        "select seq, topic, \"partition\", \"offset\" from outbox_receipt order by seq, rowid"));
    std::vector<StoredReceipt> receipts;
    while (value_or_throw(rows.step())) {
      receipts.push_back(StoredReceipt{rows.int8(0), std::string{rows.text(1)},
                                       static_cast<std::int32_t>(rows.int8(2)), rows.int8(3)});
    }
    return receipts;
  }

  std::string status(std::int64_t seq) override {
    const std::lock_guard lock{mutex_};
    sqlite::Statement row =
        value_or_throw(database_.prepare("select status from outbox_message where seq = ?"));
    return value_or_throw(row.bind(seq).step()) ? std::string{row.text(0)} : "";
  }

  std::vector<StoredAttempt> attempts(std::int64_t seq) override {
    const std::lock_guard lock{mutex_};
    sqlite::Statement rows = value_or_throw(database_.prepare(
        "select attempt, error from outbox_attempt where seq = ? order by rowid"));
    rows.bind(seq);
    std::vector<StoredAttempt> attempts;
    while (value_or_throw(rows.step())) {
      attempts.push_back(StoredAttempt{rows.int8(0), std::string{rows.text(1)}});
    }
    return attempts;
  }

  std::vector<std::string> audit(std::int64_t seq) override {
    const std::lock_guard lock{mutex_};
    sqlite::Statement rows = value_or_throw(database_.prepare(
        "select action || ' by ' || actor from outbox_audit where seq = ? order by id"));
    rows.bind(seq);
    std::vector<std::string> actions;
    while (value_or_throw(rows.step())) {
      actions.emplace_back(rows.text(0));
    }
    return actions;
  }

  void set_paused(bool paused) override {
    exec(std::string{"update outbox_control set paused = "} + (paused ? "1" : "0"));
  }
  void raise_revision() override { exec("update outbox_control set revision = revision + 1"); }
  void edit(std::int64_t seq, const std::string& payload) override {
    exec("update outbox_exception set payload = '" + payload + "' where " + exception_of(seq));
  }
  void discard(std::int64_t seq) override {
    exec("update outbox_exception set state = 'discarded', holds_key = 0 where " +
         exception_of(seq));
  }
  void replay(std::int64_t seq, const std::string& topic) override {
    exec(
        "insert into outbox_exception (seq, key, state, due_at, replay, topic) "
        "select seq, aggregateid, 'delayed', 0, 1, nullif('" +
        topic + "', '') from outbox where seq = " + std::to_string(seq));
  }

 private:
  static std::string exception_of(std::int64_t seq) {
    return "state <> 'held' and seq = " + std::to_string(seq);
  }
  void exec(const std::string& sql) {
    const std::lock_guard lock{mutex_};
    or_throw(database_.exec(sql));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() / "outbox.db";
  std::mutex mutex_;
  sqlite::Database database_ = value_or_throw(sqlite::Database::open(path_, {.create = true}));
  sqlite::Outbox outbox_;
};

}  // namespace

std::unique_ptr<SourceDriver> make_sqlite_driver() {
  return std::make_unique<SqliteDriver>();
}

}  // namespace outbox::test
