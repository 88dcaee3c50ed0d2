#include "support/pg/rows.hpp"

#include <algorithm>
#include <charconv>

#include <libpq-fe.h>

#include "support/pg/wire.hpp"

namespace outbox::pg {

void Rows::Clear::operator()(PGresult* result) const noexcept {
  PQclear(result);
}

namespace {

template <class T>
T parse_number(std::string_view text) {
  T number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

int Rows::size() const {
  return PQntuples(result_.get());
}

int Rows::columns() const {
  return PQnfields(result_.get());
}

std::int64_t Rows::affected() const {
  return parse_number<std::int64_t>(PQcmdTuples(result_.get()));
}

std::string_view Rows::command() const {
  return PQcmdStatus(result_.get());
}

bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::int8(int row, int column) const {
  const std::string_view bytes = text(row, column);
  if (PQfformat(result_.get(), column) == 0) return parse_number<std::int64_t>(bytes);
  switch (bytes.size()) {
    case sizeof(std::int64_t):
      return wire::load<std::int64_t>(bytes.data());
    case sizeof(std::int32_t):
      return wire::load<std::int32_t>(bytes.data());
    case sizeof(std::int16_t):
      return wire::load<std::int16_t>(bytes.data());
    default:
      return 0;
  }
}

bool Rows::boolean(int row, int column) const {
  const std::string_view bytes = text(row, column);
  return bytes == "t" || bytes == std::string_view{"\x01", 1};
}

Uuid Rows::uuid(int row, int column) const {
  Uuid uuid;
  const std::string_view bytes = text(row, column);
  if (bytes.size() == uuid.bytes.size()) {
    std::transform(bytes.begin(), bytes.end(), uuid.bytes.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
  }
  return uuid;
}

std::int64_t Rows::unix_us(int row, int column) const {
  return is_null(row, column) ? 0 : wire::to_unix_us(int8(row, column));
}

}  // namespace outbox::pg
