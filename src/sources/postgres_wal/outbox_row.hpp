#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_wal/pgoutput.hpp"

namespace outbox::postgres_wal {

// A row of the outbox table as it was inserted.
struct OutboxRow {
  Record record;  // its views point into the tuple
  std::uint64_t xid = 0;
};

// Which column of the outbox table is what. Columns that are not ours are passed over, so a table
// may have more.
class RowShape {
 public:
  // wrong_history: a column of ours is missing or has another type.
  [[nodiscard]] static Result<RowShape> of(const Relation& relation);

  // `now_us`: what is available later is to be delivered later. Everything comes in binary form.
  [[nodiscard]] Result<OutboxRow> read(std::string_view tuple, std::int64_t now_us) const;

  // What the function <table>_emit has written; the views point into `content`. internal: it has
  // another form.
  [[nodiscard]] static Result<Record> read_emitted(std::string_view content, std::int64_t now_us);

 private:
  enum class Part : std::uint8_t {
    seq,
    xid,
    created_at,
    available_at,
    id,
    aggregate_type,
    key,
    type,
    headers,
    payload,
    other,
  };
  struct Known;
  static const std::array<Known, 10> kKnown;
  [[nodiscard]] static const Known* known(std::string_view column);

  [[nodiscard]] bool take(Part part, std::string_view value, std::int64_t now_us,
                          OutboxRow& row) const;

  std::vector<Part> parts_;
  bool payload_is_jsonb_ = false;
};

}  // namespace outbox::postgres_wal
