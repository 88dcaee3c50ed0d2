#include <chrono>
#include <sqlite3.h>
#include <utility>

#include "liboutbox/message_rules.hpp"
#include "outbox/sqlite.hpp"
#include "support/sqlite/error.hpp"
#include "support/sqlite/statement.hpp"
#include "support/text/utf8.hpp"

namespace outbox::sqlite {
namespace {

constexpr std::string_view kInsert =
    "insert into outbox (id, aggregatetype, aggregateid, type, headers, created_at, available_at, "
    "                    payload) "
    "values (?, ?, ?, ?, ?, ?, ?, ?)";

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<void> execute(sqlite3* connection, const char* sql) {
  if (sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error_of(connection, "enqueue");
}

// Makes a call with several messages all or none. Where SQLite has rolled back the whole
// transaction (a full disk), the savepoint has gone with it.
class Savepoint {
 public:
  static Result<Savepoint> begin(sqlite3* connection) {
    if (Result<void> begun = execute(connection, "savepoint outbox_enqueue"); !begun) {
      return std::move(begun).error();
    }
    return Savepoint{connection};
  }
  Savepoint(Savepoint&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint() {
    if (connection_ == nullptr || sqlite3_get_autocommit(connection_) != 0) return;
    static_cast<void>(execute(connection_, "rollback to outbox_enqueue"));
    static_cast<void>(execute(connection_, "release outbox_enqueue"));
  }
  Result<void> release() {
    return execute(std::exchange(connection_, nullptr), "release outbox_enqueue");
  }

 private:
  explicit Savepoint(sqlite3* connection) : connection_(connection) {}
  sqlite3* connection_;
};

bool is_text(std::string_view payload) {
  return payload.find('\0') == std::string_view::npos && text::is_utf8(payload);
}

Result<void> insert(Statement& statement, const Message& message, const Uuid& id,
                    std::int64_t created_at) {
  statement.bind(id.to_string()).bind(message.aggregate_type).bind(message.aggregate_id);
  statement.bind(message.type).bind(headers_as_json(message.headers)).bind(created_at);
  if (const auto available_at = available_at_us(message)) {
    statement.bind(*available_at);
  } else {
    statement.bind_null();
  }
  if (is_text(message.payload)) {
    statement.bind(message.payload);
  } else {
    statement.bind_blob(message.payload);
  }
  return statement.run();
}

}  // namespace

Result<std::vector<Uuid>> Outbox::enqueue(Transaction& transaction,
                                          std::span<const Message> messages) const {
  sqlite3* const connection = transaction.connection();
  if (sqlite3_get_autocommit(connection) != 0) {
    return Error{ErrorCode::invalid_argument,
                 "no transaction is open on the connection; BEGIN IMMEDIATE one, so that the "
                 "messages commit together with the change that they tell of"};
  }
  if (auto checked = check_messages(messages, {options_.max_payload_bytes, /*is_text=*/false});
      !checked) {
    return std::move(checked).error();
  }
  auto savepoint = Savepoint::begin(connection);
  if (!savepoint) return std::move(savepoint).error();
  auto statement = Statement::prepare(connection, kInsert);
  if (!statement) return std::move(statement).error();
  std::vector<Uuid> ids;
  ids.reserve(messages.size());
  const std::int64_t created_at = now_us();
  for (const Message& message : messages) {
    ids.push_back(message.id ? *message.id : Uuid::v7());
    if (auto inserted = insert(*statement, message, ids.back(), created_at); !inserted) {
      return Error{inserted.error().code, "enqueue: " + inserted.error().message};
    }
  }
  if (auto released = savepoint->release(); !released) return std::move(released).error();
  return ids;
}

Result<Uuid> Outbox::enqueue(Transaction& transaction, const Message& message) const {
  auto ids = enqueue(transaction, std::span{&message, 1});
  if (!ids) return std::move(ids).error();
  return ids->front();
}

}  // namespace outbox::sqlite
