#pragma once

#include <cstddef>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/sqlite/statement.hpp"

namespace outbox::sqlite {

// The columns of a record, in the order in which read_records takes them.
inline constexpr const char* kRecordColumns =
    "seq, id, created_at, aggregatetype, aggregateid, type, payload, headers";

// Collects records until a number of bytes is reached.
class RecordReader {
 public:
  explicit RecordReader(std::size_t max_bytes);

  // The rows of a statement that gives kRecordColumns, all of them or up to the row that reaches
  // the bytes; the statement is reset. True: all.
  [[nodiscard]] Result<bool> read(Statement& statement);

  [[nodiscard]] bool full() const;
  // What was collected. Once.
  [[nodiscard]] Batch take();

 private:
  struct Storage;
  [[nodiscard]] Result<Record> to_record(const Statement& row);

  std::size_t max_bytes_;
  std::shared_ptr<Storage> storage_;
  Batch batch_;
};

}  // namespace outbox::sqlite
