#include "sources/postgres_table/row_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <libpq-fe.h>

#include "sources/postgres_table/cancel.hpp"
#include "support/pg/answer.hpp"
#include "support/pg/error.hpp"
#include "support/pg/wire.hpp"

namespace outbox::postgres_table {
namespace {

std::string_view field(const PGresult* row, int column) {
  return {PQgetvalue(row, 0, column), static_cast<std::size_t>(PQgetlength(row, 0, column))};
}

Record to_record(const PGresult* row, Arena& arena) {
  Record record;
  record.seq = pg::wire::load<std::int64_t>(PQgetvalue(row, 0, 0));
  std::memcpy(record.id.bytes.data(), PQgetvalue(row, 0, 1), record.id.bytes.size());
  record.shard = static_cast<std::uint8_t>(pg::wire::load<std::int16_t>(PQgetvalue(row, 0, 2)));
  record.created_at_us = pg::wire::to_unix_us(pg::wire::load<std::int64_t>(PQgetvalue(row, 0, 3)));
  const auto text = [&](int column) {
    const std::string_view value = field(row, column);
    return arena.add(value.data(), value.size());
  };
  record.aggregate_type = text(4);
  record.key = text(5);
  record.type = text(6);
  record.payload = text(7);
  record.headers = text(8);
  if (PQgetisnull(row, 0, 9) == 0) {
    record.due_at_us = pg::wire::to_unix_us(pg::wire::load<std::int64_t>(PQgetvalue(row, 0, 9)));
  }
  return record;
}

// jsonb's binary form has a version byte in front of the text.
constexpr Oid kJsonb = 3802;
void strip_versions(const PGresult* row, Record& record) {
  if (PQftype(row, 7) == kJsonb) {
    record.payload.remove_prefix(1);
  }
  record.headers.remove_prefix(1);
}

Result<void> start(PGconn* connection, const std::string& statement, const pg::Params& params) {
  const auto arguments = params.arguments();
  if (!arguments) {
    return arguments.error();
  }
  const pg::Params::Arguments& list = **arguments;
  if (PQsendQueryPrepared(connection, statement.c_str(), params.size(), list.values.data(),
                          list.lengths.data(), list.formats.data(), 1) == 0 ||
      PQsetSingleRowMode(connection) == 0) {
    return pg::failure_of(connection, nullptr).error;
  }
  return {};
}

}  // namespace

Result<Batch> read_records(pg::Connection& connection, const std::string& statement,
                           const pg::Params& params, const ReadLimits& limits,
                           const MoreColumns& more) {
  PGconn* const raw = connection.raw();
  if (Result<void> started = start(raw, statement, params); !started) {
    return std::move(started).error();
  }
  Batch batch;
  batch.records.reserve(std::min<std::size_t>(limits.rows, 64));  // often there is but one
  const auto arena = std::make_shared<Arena>();
  std::optional<Error> failure;
  bool late = false;
  while (true) {
    late = !pg::await_answer(raw, connection.answer_timeout()) || late;
    PGresult* const result = PQgetResult(raw);
    if (result == nullptr) {
      break;
    }
    const pg::Rows owner{result};
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_SINGLE_TUPLE) {
      if (batch.truncated) {
        continue;  // sent before the cancellation
      }
      Record* record = nullptr;
      if (PQgetisnull(result, 0, 0) == 0) {
        record = &batch.records.emplace_back(to_record(result, *arena));
        strip_versions(result, *record);
      }
      if (more) {
        more(owner, record, *arena);
      }
      if (arena->used() >= limits.bytes && batch.records.size() < limits.rows) {
        batch.truncated = true;
        cancel(raw);
      }
    } else if (status != PGRES_TUPLES_OK && !batch.truncated) {
      failure = pg::failure_of(raw, result).error;
    }
  }
  if (late) {
    failure = pg::no_answer(connection.answer_timeout());
  } else if (!failure && PQstatus(raw) != CONNECTION_OK) {
    failure = pg::failure_of(raw, nullptr).error;
  }
  if (failure) {
    return *std::move(failure);
  }
  batch.storage = arena;
  return batch;
}

}  // namespace outbox::postgres_table
