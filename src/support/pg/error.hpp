// PostgreSQL's failures as values.
#pragma once

#include <array>
#include <string_view>

#include "outbox/result.hpp"

struct pg_conn;
struct pg_result;

namespace outbox::pg {

// The five characters by which PostgreSQL classifies a failure; empty when there was none, or when
// it did not come from the server.
class SqlState {
 public:
  SqlState() = default;
  explicit SqlState(std::string_view code);

  [[nodiscard]] std::string_view view() const { return {code_.data(), size_}; }
  friend bool operator==(const SqlState& state, std::string_view code) {
    return state.view() == code;
  }

 private:
  std::array<char, 5> code_{};
  std::size_t size_ = 0;
};

// What a caller can do about a failure with this SQLSTATE.
[[nodiscard]] ErrorCode code_of(const SqlState& state);

// The failure of the last call on `connection`. `result` may be null (the call gave none).
struct Failure {
  Error error;
  SqlState sqlstate;
};
[[nodiscard]] Failure failure_of(const pg_conn* connection, const pg_result* result);

}  // namespace outbox::pg
