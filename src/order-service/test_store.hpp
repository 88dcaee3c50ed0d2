// The databases that the order service's tests run on.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace outbox::orders::testing {

enum class StoreKind { postgres, sqlite };

// A database with the outbox's tables, and what tests do behind the service's back.
class TestStore {
 public:
  static std::unique_ptr<TestStore> make(StoreKind kind);
  virtual ~TestStore() = default;

  [[nodiscard]] virtual std::string url() const = 0;
  virtual void exec(const std::string& sql) = 0;
  // The first column of the rows that a query gives, separated by spaces; "" for NULL.
  [[nodiscard]] virtual std::string value(const std::string& query) = 0;

  // The database goes away: connections are cut and no new one comes, until it is opened again.
  virtual void close_database() = 0;
  virtual void open_database() = 0;

  // Transactions wait, with nothing in the outbox yet, until they are released.
  virtual void hold_transactions() = 0;
  // Whether so many wait by now, or as many as the store begins at once (up to 10 s).
  // `connections_in_use`: the service's.
  [[nodiscard]] virtual bool holds_transactions(int count,
                                                const std::function<int()>& connections_in_use) = 0;
  virtual void release_transactions() = 0;

  // From now on the outbox refuses messages of this type.
  virtual void refuse_messages(const std::string& type) = 0;
  // Makes all kept answers so much older.
  virtual void age_answers(int hours) = 0;
};

// For tests that run on each store.
class OnEachStore : public ::testing::TestWithParam<StoreKind> {};

inline auto each_store() {
  return ::testing::Values(StoreKind::postgres, StoreKind::sqlite);
}

inline std::string name_of(StoreKind kind) {
  return kind == StoreKind::postgres ? "postgres" : "sqlite";
}

inline std::string store_name(const ::testing::TestParamInfo<StoreKind>& info) {
  return name_of(info.param);
}

// How GoogleTest shows it.
inline void PrintTo(StoreKind kind, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << name_of(kind);
}

}  // namespace outbox::orders::testing
