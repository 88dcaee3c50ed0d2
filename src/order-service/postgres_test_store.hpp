// A database on a PostgreSQL server, for the order service's tests.
#pragma once

#include <string>

#include "order-service/test_store.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::orders::testing {

class PostgresTestStore final : public TestStore {
 public:
  PostgresTestStore();

  [[nodiscard]] std::string url() const override { return database_.url(); }
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

 private:
  test::OutboxDatabase database_;
  pg::Connection server_;  // to another database
  pg::Connection sql_;
};

}  // namespace outbox::orders::testing
