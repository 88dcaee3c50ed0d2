#include "sources/sqlite/records.hpp"

#include <memory>
#include <string>
#include <utility>

#include "outbox/shard.hpp"
#include "sources/arena.hpp"
#include "sources/sqlite/wall_clock.hpp"

namespace outbox::sqlite {

struct RecordReader::Storage {
  Arena arena;
};

RecordReader::RecordReader(std::size_t max_bytes)
    : max_bytes_(max_bytes), began_at_us_(now_us()), storage_(std::make_shared<Storage>()) {}

Result<Record> RecordReader::to_record(const Statement& row) {
  Record record;
  record.seq = row.int8(0);
  const auto id = Uuid::parse(row.text(1));
  if (!id) {
    return Error{ErrorCode::invalid_argument,
                 "the outbox row with seq " + std::to_string(record.seq) +
                     " has an id that is no UUID: correct or delete it"};
  }
  record.id = *id;
  record.created_at_us = row.int8(2);
  const auto text = [&](int column) {
    const std::string_view value = row.text(column);
    return storage_->arena.add(value.data(), value.size());
  };
  record.aggregate_type = text(3);
  record.key = text(4);
  record.type = text(5);
  record.payload = text(6);
  record.headers = text(7);
  record.shard = shard_of(record.key);
  if (!row.is_null(8) && row.int8(8) > began_at_us_) {
    record.due_at_us = row.int8(8);
  }
  record.topic = text(9);
  record.attempts = static_cast<int>(row.int8(10));
  return record;
}

Result<bool> RecordReader::read(Statement& statement) {
  while (!full()) {
    const Result<bool> row = statement.step();
    if (!row) {
      return row.error();
    }
    if (!*row) {
      return true;
    }
    Result<Record> record = to_record(statement);
    if (!record) {
      statement.reset();
      return std::move(record).error();
    }
    batch_.records.push_back(*record);
  }
  statement.reset();
  return false;
}

bool RecordReader::full() const {
  return storage_->arena.used() >= max_bytes_;
}

Batch RecordReader::take() {
  batch_.storage = std::move(storage_);
  return std::move(batch_);
}

}  // namespace outbox::sqlite
