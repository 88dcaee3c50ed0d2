#include "outbox/outbox.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

#include "liboutbox/message_rules.hpp"
#include "liboutbox/migration_script.hpp"
#include "liboutbox/table_name.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/statement.hpp"

namespace outbox {
namespace {

// Takes the locks of all keys, in one order for everyone, before the first row draws its seq: the
// rows come out of a join with `locked`, and a materialized CTE is never flattened into it.
constexpr std::string_view kLockKeys =
    "with keys as materialized ("
    "select distinct hashtextextended(key, 0) as lock from unnest($3) as key order by lock), "
    "locked as materialized (select count(pg_advisory_xact_lock(lock)) as locks from keys) ";

constexpr std::string_view kColumns = "id, aggregatetype, aggregateid, type, payload, headers";

std::string insert_into(const OutboxOptions& options) {
  const auto table = TableName::parse(options.table);
  if (!table) throw std::invalid_argument(table.error().message);
  return "insert into " + table->quoted();
}

// Half of the server's work of the form for many.
std::string make_insert_one(const OutboxOptions& options) {
  return insert_into(options) + " (" + std::string{kColumns} + ") values ($1, $2, $3, $4, $5, $6)";
}

std::string call_emit(const OutboxOptions& options, const std::string& arguments) {
  auto table = TableName::parse(options.table);
  if (!table) throw std::invalid_argument(table.error().message);
  table->table += "_emit";
  return "select " + table->quoted() + "(" + arguments + ")";
}

// From the arrays, in the order of the messages.
std::string from_arrays(const OutboxOptions& options, const std::string& columns, bool delayed) {
  std::string sql = std::string{" from unnest($1, $2, $3, $4, $5, $6"} + (delayed ? ", $7" : "") +
                    ") with ordinality as m(" + columns + ", n)";
  if (options.lock_keys) sql += ", locked where locked.locks > 0";
  return sql + " order by m.n";
}

std::string values_of(const OutboxOptions& options, bool delayed) {
  return "m.id, m.aggregatetype, m.aggregateid, m.type, m.payload::" +
         std::string{to_sql(options.payload_type)} + ", m.headers::jsonb" +
         (delayed ? ", m.available_at" : "");
}

// The column available_at is named only where a message has it, so that producers that never delay
// one need no privilege for it.
std::string make_insert_many(const OutboxOptions& options, bool delayed) {
  const std::string columns = std::string{kColumns} + (delayed ? ", available_at" : "");
  std::string sql;
  if (options.lock_keys) sql += kLockKeys;
  // The identity column is drawn above the sort, so seq rises in the order of the messages.
  return sql + insert_into(options) + " (" + columns + ") select " + values_of(options, delayed) +
         from_arrays(options, columns, delayed);
}

// The order of the columns is that of the function's parameters. It is called above the sort.
std::string make_emit_many(const OutboxOptions& options, bool delayed) {
  const std::string columns = std::string{kColumns} + (delayed ? ", available_at" : "");
  std::string sql;
  if (options.lock_keys) sql += kLockKeys;
  return sql + call_emit(options, values_of(options, delayed)) +
         from_arrays(options, columns, delayed);
}

Result<void> check_transaction(PGconn* connection) {
  if (PQstatus(connection) != CONNECTION_OK) {
    return Error{ErrorCode::source_unavailable,
                 "the connection to PostgreSQL is lost; the transaction with it"};
  }
  if (PQpipelineStatus(connection) != PQ_PIPELINE_OFF) {
    return Error{ErrorCode::invalid_argument,
                 "the connection is in libpq's pipeline mode; leave it (PQexitPipelineMode) first"};
  }
  switch (PQtransactionStatus(connection)) {
    case PQTRANS_INTRANS:
      break;
    case PQTRANS_INERROR:
      return Error{ErrorCode::invalid_argument,
                   "the transaction has failed before; roll it back and begin anew"};
    case PQTRANS_ACTIVE:
      return Error{ErrorCode::invalid_argument,
                   "another statement is under way on the connection; take its results first"};
    default:
      return Error{ErrorCode::invalid_argument,
                   "no transaction is open on the connection; BEGIN one, so that the messages "
                   "commit together with the change that they tell of"};
  }
  const char* encoding = PQparameterStatus(connection, "client_encoding");
  if (encoding == nullptr || std::string_view{encoding} != "UTF8") {
    return Error{ErrorCode::invalid_argument,
                 "the connection's client_encoding is not UTF8, so texts would be stored changed; "
                 "SET client_encoding = 'UTF8'"};
  }
  return {};
}

PayloadRules rules_of(const OutboxOptions& options) {
  return {options.max_payload_bytes, options.payload_type != PayloadType::bytea};
}

pg::Params one_row(const Message& message, const Uuid& id, PayloadType type) {
  pg::Params params;
  params.uuid(id).text(message.aggregate_type).text(message.aggregate_id).text(message.type);
  if (type == PayloadType::bytea) {
    params.bytea(message.payload);
  } else {
    params.text(message.payload);
  }
  params.text(headers_as_json(message.headers));
  return params;
}

bool is_delayed(const Message& message) {
  return message.available_at.has_value();
}

// The messages as arrays, $1 to $6, and $7 where one is delayed.
class Columns {
 public:
  explicit Columns(PayloadType type)
      : payloads_(type == PayloadType::bytea ? pg::Type::bytea : pg::Type::text) {}

  void add(std::span<const Message> messages, std::span<const Uuid> ids) {
    for (std::size_t i = 0; i < messages.size(); ++i)
      add(messages[i], ids[i]);
  }

  [[nodiscard]] pg::Params params(bool delayed) const {
    pg::Params params;
    params.array(ids_).array(aggregate_types_).array(aggregate_ids_).array(types_);
    params.array(payloads_).array(headers_);
    if (delayed) params.array(available_at_);
    return params;
  }

 private:
  void add(const Message& message, const Uuid& id) {
    ids_.uuid(id);
    aggregate_types_.bytes(message.aggregate_type);
    aggregate_ids_.bytes(message.aggregate_id);
    types_.bytes(message.type);
    payloads_.bytes(message.payload);
    headers_.bytes(headers_as_json(message.headers));
    if (const auto available_at = available_at_us(message)) {
      available_at_.unix_us(*available_at);
    } else {
      available_at_.null();
    }
  }

  pg::Array ids_{pg::Type::uuid};
  pg::Array aggregate_types_{pg::Type::text};
  pg::Array aggregate_ids_{pg::Type::text};
  pg::Array types_{pg::Type::text};
  pg::Array payloads_;
  pg::Array headers_{pg::Type::text};
  pg::Array available_at_{pg::Type::timestamptz};
};

Result<Uuid> first_of(Result<std::vector<Uuid>> ids) {
  if (!ids) return std::move(ids).error();
  return ids->front();
}

}  // namespace

Outbox::Outbox(const OutboxOptions& options)
    : options_(options),
      insert_{make_insert_one(options), make_insert_many(options, /*delayed=*/false),
              make_insert_many(options, /*delayed=*/true)},
      emit_{call_emit(options, "$1, $2, $3, $4, $5, $6"),
            make_emit_many(options, /*delayed=*/false), make_emit_many(options, /*delayed=*/true)} {
}

Result<std::vector<Uuid>> Outbox::write(Transaction& transaction, std::span<const Message> messages,
                                        const Call& call) const {
  PGconn* connection = transaction.connection();
  if (auto checked = check_transaction(connection); !checked) return std::move(checked).error();
  if (auto checked = check_messages(messages, rules_of(options_)); !checked) {
    return std::move(checked).error();
  }
  std::vector<Uuid> ids;
  if (messages.empty()) {
    if (!call.commit) return ids;
    auto committed = pg::exec(connection, "COMMIT", nullptr, options_.answer_timeout);
    if (!committed) return std::move(committed).error();
    return ids;
  }
  ids.reserve(messages.size());
  for (const Message& message : messages)
    ids.push_back(message.id ? *message.id : Uuid::v7());

  const bool delayed = std::any_of(messages.begin(), messages.end(), is_delayed);
  const bool one = messages.size() == 1 && !options_.lock_keys && !delayed;
  const PayloadType type = options_.payload_type;
  Columns columns{type};  // outlives the parameters that refer to it
  if (!one) columns.add(messages, ids);
  const pg::Params params =
      one ? one_row(messages.front(), ids.front(), type) : columns.params(delayed);
  const std::string& several = delayed ? call.statements.delayed : call.statements.many;
  pg::SqlState sqlstate;
  const auto run = options_.prepare ? pg::query_remembered : pg::query;
  auto written =
      run(connection, one ? call.statements.one : several, params, pg::Format::binary, &sqlstate,
          options_.answer_timeout, call.commit ? pg::Then::commit : pg::Then::nothing);
  if (written) return ids;
  Error error = std::move(written).error();
  const bool by_commit = PQtransactionStatus(connection) == PQTRANS_IDLE;
  if (sqlstate.view().starts_with("22") && !by_commit) error.code = ErrorCode::message_rejected;
  error.message = std::string{call.name} + ": " + error.message;
  return error;
}

Result<std::vector<Uuid>> Outbox::enqueue(Transaction& transaction,
                                          std::span<const Message> messages) const {
  return write(transaction, messages, {"enqueue", insert_, /*commit=*/false});
}

Result<Uuid> Outbox::enqueue(Transaction& transaction, const Message& message) const {
  return first_of(enqueue(transaction, std::span{&message, 1}));
}

Result<std::vector<Uuid>> Outbox::enqueue_and_commit(Transaction& transaction,
                                                     std::span<const Message> messages) const {
  return write(transaction, messages, {"enqueue_and_commit", insert_, /*commit=*/true});
}

Result<Uuid> Outbox::enqueue_and_commit(Transaction& transaction, const Message& message) const {
  return first_of(enqueue_and_commit(transaction, std::span{&message, 1}));
}

Result<std::vector<Uuid>> Outbox::emit(Transaction& transaction,
                                       std::span<const Message> messages) const {
  return write(transaction, messages, {"emit", emit_, /*commit=*/false});
}

Result<Uuid> Outbox::emit(Transaction& transaction, const Message& message) const {
  return first_of(emit(transaction, std::span{&message, 1}));
}

}  // namespace outbox
