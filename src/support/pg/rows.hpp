// The rows of a query.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "outbox/uuid.hpp"

struct pg_result;

namespace outbox::pg {

// Owns libpq's PGresult. Every accessor's precondition: row and column exist, and the value's type
// is the one that the accessor names (another length reads as 0). NULL reads as 0 or empty; ask
// is_null where it matters. Views are valid as long as the Rows.
class Rows {
 public:
  explicit Rows(pg_result* result) noexcept : result_(result) {}  // takes ownership

  [[nodiscard]] int size() const;
  [[nodiscard]] int columns() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  // Rows that INSERT, UPDATE, DELETE … touched.
  [[nodiscard]] std::int64_t affected() const;
  // What the server says it did: "INSERT 0 1", "COMMIT".
  [[nodiscard]] std::string_view command() const;

  [[nodiscard]] bool is_null(int row, int column) const;
  // The value's bytes: text as it is, also bytea, json and xml of a binary result. jsonb in a
  // binary result has a version byte in front: select it ::text.
  [[nodiscard]] std::string_view text(int row, int column) const;
  // int2, int4, int8, oid, xid8; binary or text.
  [[nodiscard]] std::int64_t int8(int row, int column) const;
  [[nodiscard]] bool boolean(int row, int column) const;
  // Of a binary result.
  [[nodiscard]] Uuid uuid(int row, int column) const;
  // A timestamptz of a binary result, as microseconds of Unix time.
  [[nodiscard]] std::int64_t unix_us(int row, int column) const;

  [[nodiscard]] pg_result* raw() const { return result_.get(); }

 private:
  struct Clear {
    void operator()(pg_result* result) const noexcept;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace outbox::pg
