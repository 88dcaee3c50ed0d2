// A prepared statement, its parameters and its rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace outbox::sqlite {

// Move-only; one thread at a time, and not beyond its connection. Parameters are bound in their
// order, and copied:
//   statement.bind(seq).bind(key);
//   while (true) { auto row = statement.step(); … if (!*row) break; … statement.text(1) … }
// A statement that has come to its end, or failed, is ready to be bound again.
class Statement {
 public:
  // One SQL statement.
  [[nodiscard]] static Result<Statement> prepare(sqlite3* database, std::string_view sql);

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind_or_null(const std::optional<std::string>& text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();

  // True: a row is there. False: the end; parameters are forgotten.
  [[nodiscard]] Result<bool> step();
  // For a statement whose rows, if any, do not matter.
  [[nodiscard]] Result<void> run();
  // Ends early: locks are released and parameters forgotten.
  void reset();

  // Columns of the current row, from 0. What text() gives is valid until the next step or reset;
  // it takes blobs too.
  [[nodiscard]] std::int64_t int8(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

}  // namespace outbox::sqlite
