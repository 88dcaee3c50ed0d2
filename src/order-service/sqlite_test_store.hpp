// A SQLite file, for the order service's tests.
#pragma once

#include <optional>
#include <string>

#include "order-service/test_store.hpp"
#include "support/sqlite/database.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::orders::testing {

class SqliteTestStore final : public TestStore {
 public:
  SqliteTestStore();

  [[nodiscard]] std::string path() const { return folder_.path() / "shop.db"; }
  [[nodiscard]] std::string url() const override { return "sqlite:" + path(); }
  void exec(const std::string& sql) override;
  [[nodiscard]] std::string value(const std::string& query) override;
  void close_database() override;
  void open_database() override;
  void hold_transactions() override;
  [[nodiscard]] bool holds_transactions(int count,
                                        const std::function<int()>& connections_in_use) override;
  void release_transactions() override;
  void refuse_messages(const std::string& type) override;
  void age_answers(int hours) override;

  // Until the next call that needs it: no connection may be open when the process forks.
  void disconnect() { connection_.reset(); }

 private:
  [[nodiscard]] sqlite::Database& connection();

  test::TemporaryFolder folder_;
  std::optional<sqlite::Database> connection_;
};

}  // namespace outbox::orders::testing
