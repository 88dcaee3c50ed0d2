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
    const std::lock_guard lock{mutex_};
    or_throw(database_.exec("delete from outbox where seq = " + std::to_string(seq)));
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

 private:
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
