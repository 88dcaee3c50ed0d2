// What the plugin pgoutput sends, decoded in place. (PostgreSQL manual, 55.5 Logical Streaming
// Replication Protocol and 55.9 Logical Replication Message Formats; protocol version 1.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outbox/result.hpp"
#include "sources/postgres_wal/lsn.hpp"

namespace outbox::postgres_wal {

// All views point into the message that was decoded.

struct Begin {
  std::int64_t committed_at_us = 0;  // by the server's clock, from PostgreSQL's epoch
};

struct Commit {
  Lsn end_lsn = 0;  // where the next transaction's commit may begin
};

struct Column {
  std::string name;
  std::uint32_t type = 0;  // its oid
};

// Comes before the first row of a table, and again whenever the table has changed.
struct Relation {
  std::uint32_t id = 0;
  std::string schema;
  std::string table;
  std::vector<Column> columns;
};

struct Insert {
  std::uint32_t relation = 0;
  std::string_view tuple;  // for TupleReader
};

// What pg_logical_emit_message has written.
struct Emitted {
  bool transactional = false;
  std::string_view prefix;
  std::string_view content;
};

// What says nothing of the outbox's messages: origins, types, and the kinds of a later protocol.
struct Other {};

using Change = std::variant<Begin, Commit, Relation, Insert, Emitted, Other>;

// internal: the message is cut off or contradicts itself.
[[nodiscard]] Result<Change> decode(std::string_view message);

struct Field {
  enum class Kind : std::uint8_t { null, unchanged, text, binary };
  Kind kind = Kind::null;
  std::string_view value;
};

// Walks the columns of a row, in the order of its relation.
class TupleReader {
 public:
  // internal: the tuple is cut off.
  [[nodiscard]] static Result<TupleReader> over(std::string_view tuple);

  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] Result<Field> next();

 private:
  TupleReader(std::string_view rest, std::size_t columns) : rest_(rest), left_(columns) {}

  std::string_view rest_;
  std::size_t left_;
};

// The frames of the stream around pgoutput's messages.
struct WalData {
  std::int64_t sent_at_us = 0;  // by the server's clock, from PostgreSQL's epoch
  std::string_view message;
};
struct Keepalive {
  Lsn wal_end = 0;  // nothing that committed before is still to come
  bool reply_requested = false;
};
using Frame = std::variant<WalData, Keepalive>;
[[nodiscard]] Result<Frame> unwrap(std::string_view copy_data);

// What the client tells the server: `flushed`: everything that committed before is done with, and
// its WAL need not be kept.
[[nodiscard]] std::string standby_status(Lsn received, Lsn flushed, std::int64_t now_us);

}  // namespace outbox::postgres_wal
