#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/sqlite/statement.hpp"

namespace outbox::sqlite {

// The columns of a record, in the order in which RecordReader takes them: of a row of outbox that
// is read for the first time, and of a row o with its exception e, which may have changed it.
inline constexpr std::string_view kNewColumns =
    "seq, id, created_at, aggregatetype, aggregateid, type, payload, headers, available_at, null, "
    "0";
inline constexpr std::string_view kExceptionColumns =
    "o.seq, o.id, o.created_at, o.aggregatetype, o.aggregateid, o.type, "
    "coalesce(e.payload, o.payload), "
    "case when e.replay then json_set(o.headers, '$.\"outbox-replay\"', 'true') else o.headers "
    "end, null, e.topic, coalesce(e.attempts, 0)";

// Collects records until a number of bytes is reached.
class RecordReader {
 public:
  explicit RecordReader(std::size_t max_bytes);

  // The rows of a statement that gives these columns, all of them or up to the row that reaches
  // the bytes; the statement is reset. True: all.
  [[nodiscard]] Result<bool> read(Statement& statement);

  [[nodiscard]] bool full() const;
  // What was collected. Once.
  [[nodiscard]] Batch take();

 private:
  struct Storage;
  [[nodiscard]] Result<Record> to_record(const Statement& row);

  std::size_t max_bytes_;
  std::int64_t began_at_us_;
  std::shared_ptr<Storage> storage_;
  Batch batch_;
};

}  // namespace outbox::sqlite
