#include "sources/postgres_wal/outbox_row.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "outbox/shard.hpp"
#include "support/pg/wire.hpp"

namespace outbox::postgres_wal {

namespace wire = pg::wire;

namespace {

// Oids of PostgreSQL's own types (src/include/catalog/pg_type.dat); they never change.
constexpr std::uint32_t kBytea = 17;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kJson = 114;
constexpr std::uint32_t kTimestamptz = 1184;
constexpr std::uint32_t kUuid = 2950;
constexpr std::uint32_t kJsonb = 3802;
constexpr std::uint32_t kXid8 = 5069;
constexpr std::uint32_t kAnyPayload = 0;

bool is_payload(std::uint32_t type) {
  return type == kJson || type == kJsonb || type == kText || type == kBytea;
}

}  // namespace

struct RowShape::Known {
  std::string_view column;
  Part part;
  std::uint32_t type;
};

const std::array<RowShape::Known, 10> RowShape::kKnown{{
    {"seq", Part::seq, kInt8},
    {"xid", Part::xid, kXid8},
    {"created_at", Part::created_at, kTimestamptz},
    {"available_at", Part::available_at, kTimestamptz},
    {"id", Part::id, kUuid},
    {"aggregatetype", Part::aggregate_type, kText},
    {"aggregateid", Part::key, kText},
    {"type", Part::type, kText},
    {"headers", Part::headers, kJsonb},
    {"payload", Part::payload, kAnyPayload},
}};

const RowShape::Known* RowShape::known(std::string_view column) {
  const auto* const found = std::find_if(kKnown.begin(), kKnown.end(),
                                         [&](const Known& k) { return k.column == column; });
  return found == kKnown.end() ? nullptr : found;
}

Result<RowShape> RowShape::of(const Relation& relation) {
  RowShape shape;
  std::size_t found = 0;
  for (const Column& column : relation.columns) {
    const Known* const ours = known(column.name);
    if (ours == nullptr) {
      shape.parts_.push_back(Part::other);
      continue;
    }
    const bool fits =
        ours->type == kAnyPayload ? is_payload(column.type) : column.type == ours->type;
    if (!fits) {
      return Error{ErrorCode::wrong_history, "the outbox table's column " + column.name +
                                                 " has a type that the relay does not know"};
    }
    shape.parts_.push_back(ours->part);
    shape.payload_is_jsonb_ |= ours->part == Part::payload && column.type == kJsonb;
    ++found;
  }
  if (found != kKnown.size()) {
    return Error{ErrorCode::wrong_history,
                 "the publication does not carry every column of the outbox table: make it anew "
                 "with 'outboxctl source use wal'"};
  }
  return shape;
}

Result<OutboxRow> RowShape::read(std::string_view tuple, std::int64_t now_us) const {
  Result<TupleReader> fields = TupleReader::over(tuple);
  if (!fields) {
    return std::move(fields).error();
  }
  OutboxRow row;
  bool fits = fields->left() == parts_.size();
  for (std::size_t i = 0; fits && i < parts_.size(); ++i) {
    const Result<Field> field = fields->next();
    if (!field) {
      return field.error();
    }
    if (parts_[i] == Part::other || field->kind == Field::Kind::null) {
      continue;
    }
    fits = field->kind == Field::Kind::binary && take(parts_[i], field->value, now_us, row);
  }
  if (!fits || row.record.seq == 0) {
    return Error{ErrorCode::internal,
                 "the replication stream has a row of another shape than the "
                 "outbox table's"};
  }
  row.record.shard = shard_of(row.record.key);
  return row;
}

Result<Record> RowShape::read_emitted(std::string_view content, std::int64_t now_us) {
  // A record in its binary form: how many fields, then of each its type, its size and its bytes.
  constexpr std::array kParts{Part::seq,  Part::created_at,     Part::available_at,
                              Part::id,   Part::aggregate_type, Part::key,
                              Part::type, Part::headers,        Part::payload};
  const auto number = [&] {
    if (content.size() < sizeof(std::int32_t)) {
      content = {};
      return std::int32_t{-2};
    }
    const auto value = wire::load<std::int32_t>(content.data());
    content.remove_prefix(sizeof value);
    return value;
  };
  OutboxRow row;
  bool fits = number() == static_cast<std::int32_t>(kParts.size());
  for (std::size_t i = 0; fits && i < kParts.size(); ++i) {
    RowShape shape;
    shape.payload_is_jsonb_ = number() == static_cast<std::int32_t>(kJsonb);
    const std::int32_t size = number();
    if (size == -1) {
      fits = kParts.at(i) == Part::available_at;
      continue;
    }
    fits = size >= 0 && std::cmp_less_equal(size, content.size());
    if (fits) {
      const auto bytes = static_cast<std::size_t>(size);
      fits = shape.take(kParts.at(i), content.substr(0, bytes), now_us, row);
      content.remove_prefix(bytes);
    }
  }
  if (!fits || !content.empty() || row.record.seq == 0) {
    return Error{ErrorCode::internal,
                 "the replication stream has an emitted message of another form than the "
                 "outbox's function writes"};
  }
  row.record.shard = shard_of(row.record.key);
  return row.record;
}

bool RowShape::take(Part part, std::string_view value, std::int64_t now_us, OutboxRow& row) const {
  Record& record = row.record;
  const auto number = [&](std::int64_t& target) {
    if (value.size() != sizeof target) {
      return false;
    }
    target = wire::load<std::int64_t>(value.data());
    return true;
  };
  std::int64_t taken = 0;
  switch (part) {
    case Part::seq:
      return number(record.seq);
    case Part::xid:
      row.xid = number(taken) ? static_cast<std::uint64_t>(taken) : 0;
      return row.xid != 0;
    case Part::created_at:
      if (!number(taken)) {
        return false;
      }
      record.created_at_us = wire::to_unix_us(taken);
      return true;
    case Part::available_at:
      if (!number(taken)) {
        return false;
      }
      if (wire::to_unix_us(taken) > now_us) {
        record.due_at_us = wire::to_unix_us(taken);
      }
      return true;
    case Part::id:
      if (value.size() != record.id.bytes.size()) {
        return false;
      }
      std::memcpy(record.id.bytes.data(), value.data(), value.size());
      return true;
    case Part::aggregate_type:
      record.aggregate_type = value;
      return true;
    case Part::key:
      record.key = value;
      return true;
    case Part::type:
      record.type = value;
      return true;
    case Part::headers:
      record.headers = value.substr(std::min<std::size_t>(1, value.size()));  // jsonb's version
      return !value.empty();
    case Part::payload:
      record.payload =
          payload_is_jsonb_ ? value.substr(std::min<std::size_t>(1, value.size())) : value;
      return true;
    case Part::other:
      break;
  }
  return true;
}

}  // namespace outbox::postgres_wal
