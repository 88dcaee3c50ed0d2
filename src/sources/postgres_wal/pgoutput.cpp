#include "sources/postgres_wal/pgoutput.hpp"

#include <utility>

#include "support/pg/wire.hpp"

namespace outbox::postgres_wal {
namespace {

namespace wire = pg::wire;

// Takes one thing after the other; once something was missing, everything is.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T number() {
    if (rest_.size() < sizeof(T)) {
      return fail<T>();
    }
    const T value = wire::load<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  // Ended by a NUL.
  std::string_view string() {
    const std::size_t size = rest_.find('\0');
    if (size == std::string_view::npos) {
      return fail<std::string_view>();
    }
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return value;
  }
  std::string_view bytes(std::int64_t size) {
    if (size < 0 || std::cmp_greater(size, rest_.size())) {
      return fail<std::string_view>();
    }
    const std::string_view value = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(value.size());
    return value;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  template <class T>
  T fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

Error cut_off(std::string_view what) {
  return Error{ErrorCode::internal,
               "the replication stream has a malformed " + std::string{what} + " message"};
}

template <class T>
Result<Change> whole(const Input& input, T change, std::string_view what) {
  if (!input.ok()) {
    return cut_off(what);
  }
  return Change{std::move(change)};
}

Result<Change> decode_begin(Input input) {
  input.number<Lsn>();  // of the commit
  const Begin begin{input.number<std::int64_t>()};
  input.number<std::uint32_t>();  // the transaction
  return whole(input, begin, "begin");
}

Result<Change> decode_commit(Input input) {
  Commit commit;
  input.number<std::uint8_t>();  // flags
  input.number<Lsn>();           // of the commit itself
  commit.end_lsn = input.number<Lsn>();
  return whole(input, commit, "Commit");
}

Result<Change> decode_relation(Input input) {
  Relation relation;
  relation.id = input.number<std::uint32_t>();
  relation.schema = input.string();
  relation.table = input.string();
  input.number<std::uint8_t>();  // replica identity
  const auto columns = input.number<std::uint16_t>();
  for (int i = 0; i < columns && input.ok(); ++i) {
    Column column;
    input.number<std::uint8_t>();  // whether it is part of the key
    column.name = input.string();
    column.type = input.number<std::uint32_t>();
    input.number<std::int32_t>();  // the type's modifier
    relation.columns.push_back(std::move(column));
  }
  if (relation.schema.empty()) {
    relation.schema = "pg_catalog";  // so says the manual
  }
  return whole(input, std::move(relation), "Relation");
}

Result<Change> decode_insert(Input input) {
  Insert insert;
  insert.relation = input.number<std::uint32_t>();
  if (input.number<char>() != 'N') {
    return cut_off("Insert");
  }
  insert.tuple = input.rest();
  return whole(input, insert, "Insert");
}

Result<Change> decode_emitted(Input input) {
  Emitted emitted;
  emitted.transactional = (input.number<std::uint8_t>() & 1U) != 0;
  input.number<Lsn>();  // where it stands
  emitted.prefix = input.string();
  emitted.content = input.bytes(input.number<std::int32_t>());
  return whole(input, emitted, "Message");
}

}  // namespace

Result<Change> decode(std::string_view message) {
  if (message.empty()) {
    return cut_off("empty");
  }
  const Input input{message.substr(1)};
  switch (message.front()) {
    case 'B':
      return decode_begin(input);
    case 'C':
      return decode_commit(input);
    case 'R':
      return decode_relation(input);
    case 'I':
      return decode_insert(input);
    case 'M':
      return decode_emitted(input);
    default:
      return Change{Other{}};
  }
}

Result<TupleReader> TupleReader::over(std::string_view tuple) {
  Input input{tuple};
  const auto columns = input.number<std::uint16_t>();
  if (!input.ok()) {
    return cut_off("tuple in an Insert");
  }
  return TupleReader{input.rest(), columns};
}

Result<Field> TupleReader::next() {
  Input input{rest_};
  Field field;
  switch (left_ > 0 ? input.number<char>() : '\0') {
    case 'n':
      break;
    case 'u':
      field.kind = Field::Kind::unchanged;
      break;
    case 't':
      field.kind = Field::Kind::text;
      field.value = input.bytes(input.number<std::int32_t>());
      break;
    case 'b':
      field.kind = Field::Kind::binary;
      field.value = input.bytes(input.number<std::int32_t>());
      break;
    default:
      return cut_off("tuple in an Insert");
  }
  if (!input.ok()) {
    return cut_off("tuple in an Insert");
  }
  rest_ = input.rest();
  --left_;
  return field;
}

Result<Frame> unwrap(std::string_view copy_data) {
  if (copy_data.empty()) {
    return cut_off("empty");
  }
  Input input{copy_data.substr(1)};
  if (copy_data.front() == 'w') {
    input.number<Lsn>();  // where it begins
    input.number<Lsn>();  // how far the server's WAL goes
    const auto sent_at_us = input.number<std::int64_t>();
    if (input.ok()) {
      return Frame{WalData{sent_at_us, input.rest()}};
    }
  }
  if (copy_data.front() == 'k') {
    Keepalive keepalive;
    keepalive.wal_end = input.number<Lsn>();
    input.number<std::int64_t>();
    keepalive.reply_requested = input.number<std::uint8_t>() != 0;
    if (input.ok()) {
      return Frame{keepalive};
    }
  }
  return cut_off("stream");
}

std::string standby_status(Lsn received, Lsn flushed, std::int64_t now_us) {
  std::string status = "r";
  wire::append(status, received);
  wire::append(status, flushed);
  wire::append(status, flushed);  // applied
  wire::append(status, now_us - wire::kPostgresEpochUs);
  wire::append(status, char{0});  // no answer is needed
  return status;
}

}  // namespace outbox::postgres_wal
