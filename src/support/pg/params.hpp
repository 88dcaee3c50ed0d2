// The parameters of a query, in PostgreSQL's binary form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox::pg {

// The types' numbers in pg_type, fixed by PostgreSQL.
enum class Type : std::uint32_t {
  unspecified = 0,  // the server infers it
  boolean = 16,
  bytea = 17,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
  timestamptz = 1184,
  uuid = 2950,
};

// A one-dimensional array, built element by element into a buffer that clear() keeps. The caller
// adds elements of the array's own type.
class Array {
 public:
  explicit Array(Type element);

  void boolean(bool value);
  void int2(std::int16_t value);
  void int4(std::int32_t value);
  void int8(std::int64_t value);
  void bytes(std::string_view value);  // text, bytea; a NUL in text is refused by the server
  void uuid(const Uuid& value);
  void unix_us(std::int64_t value);  // timestamptz
  void null();

  void clear();  // keeps the memory
  void reserve_bytes(std::size_t bytes) { buffer_.reserve(bytes); }

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] Type element() const { return element_; }
  // PostgreSQL's binary form.
  [[nodiscard]] const std::string& encoded() const { return buffer_; }

 private:
  void added();

  Type element_;
  std::size_t count_ = 0;
  std::string buffer_;
};

// $1, $2, … in the order of the calls. Reusable: clear() keeps the memory.
class Params {
 public:
  // Sent as text with the type inferred from the query, as psql would: fits every type.
  Params& text(std::optional<std::string_view> value);
  Params& int8(std::optional<std::int64_t> value);
  Params& int4(std::optional<std::int32_t> value);
  Params& boolean(std::optional<bool> value);
  Params& bytea(std::optional<std::string_view> value);
  Params& uuid(const std::optional<Uuid>& value);
  Params& unix_us(std::optional<std::int64_t> value);  // timestamptz, from Unix microseconds
  // Not copied: the array must live, unchanged, until the query has been sent.
  Params& array(const Array& value);

  void clear();
  [[nodiscard]] int size() const { return static_cast<int>(entries_.size()); }

  // libpq's view of the parameters; valid until the next change. invalid_argument: a text with a
  // NUL byte (libpq would cut it off there) or a value of 1 GiB and more.
  struct Arguments {
    std::vector<std::uint32_t> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
  };
  [[nodiscard]] Result<const Arguments*> arguments() const;

 private:
  struct Entry {
    Type type = Type::unspecified;
    bool null = false;
    bool binary = true;
    std::size_t offset = 0;  // into buffer_, unless it is an array
    std::size_t size = 0;
    const Array* array = nullptr;
  };
  Params& add(Type type, bool binary, std::optional<std::string_view> bytes);
  [[nodiscard]] std::string_view bytes_of(const Entry& entry) const;

  std::string buffer_;
  std::vector<Entry> entries_;
  mutable Arguments arguments_;  // reused from query to query
};

}  // namespace outbox::pg
