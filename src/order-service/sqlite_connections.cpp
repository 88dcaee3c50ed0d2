#include "order-service/sqlite_connections.hpp"

#include <array>
#include <sqlite3.h>
#include <string_view>
#include <utility>

namespace outbox::orders {
namespace {

// In the order of Sql. The two that read orders give the same columns; an order's long texts come
// with its first line alone.
constexpr std::array<std::string_view, 8> kStatements{
    R"sql(insert into orders (id, customer_id, currency, status, total_minor, created_at)
          values (?, ?, ?, ?, ?, ?))sql",
    R"sql(insert into order_lines (order_id, line, product_id, quantity, unit_price_minor)
          values (?, ?, ?, ?, ?))sql",
    R"sql(select o.id, case when l.line = 0 then o.customer_id end, o.currency, o.status,
                 o.total_minor, o.created_at, o.cancelled_at,
                 case when l.line = 0 then o.cancellation_reason end,
                 l.product_id, l.quantity, l.unit_price_minor, 1
            from orders o join order_lines l on l.order_id = o.id
           where o.id = ?
           order by l.line)sql",
    R"sql(select o.id, case when l.line = 0 then o.customer_id end, o.currency, o.status,
                 o.total_minor, o.created_at, o.cancelled_at,
                 case when l.line = 0 then o.cancellation_reason end,
                 l.product_id, l.quantity, l.unit_price_minor, o.candidates
            from (select c.*, count(*) over () as candidates, row_number() over newest as place,
                         sum(lines) over newest - lines as lines_before
                    from (select o.*, (select count(*) from order_lines l where l.order_id = o.id)
                                        as lines
                            from orders o where id < ?1 order by id desc limit ?2 + 1) c
                  window newest as (order by id desc)) o
            join order_lines l on l.order_id = o.id
           where o.place <= ?2 and o.lines_before < ?3
           order by o.id desc, l.line)sql",
    R"sql(update orders set status = 'CANCELLED', cancelled_at = ?, cancellation_reason = ?
           where id = ?)sql",
    R"sql(select request_hash, status, location, body from order_idempotency
           where key = ? and created_at > ?)sql",
    R"sql(insert into order_idempotency (key, created_at, request_hash, status, location, body)
          values (?, ?, ?, ?, ?, ?)
          on conflict (key) do update
            set created_at = excluded.created_at, request_hash = excluded.request_hash,
                status = excluded.status, location = excluded.location, body = excluded.body)sql",
    R"sql(delete from order_idempotency where key in (
            select key from order_idempotency where created_at <= ?
             order by created_at limit ?))sql",
};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(
    const std::string& path, std::chrono::milliseconds busy_timeout) {
  auto database = sqlite::Database::open(path, {.create = false, .busy_timeout = busy_timeout});
  if (!database.ok()) return database.error();
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(*database)));
  for (const std::string_view sql : kStatements) {
    auto statement = connection->database_.prepare(sql);
    if (!statement.ok()) return statement.error();
    connection->statements_.push_back(std::move(*statement));
  }
  return connection;
}

bool SqliteConnection::moved() const {
  int moved = 0;
  sqlite3_file_control(database_.raw(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

SqliteConnections::Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_));
}

SqliteConnections::SqliteConnections(std::string path, std::string use, std::size_t size,
                                     std::chrono::milliseconds busy_timeout)
    : path_(std::move(path)), use_(std::move(use)), size_(size), busy_timeout_(busy_timeout) {}

Result<SqliteConnections::Lease> SqliteConnections::acquire(std::chrono::milliseconds timeout) {
  std::unique_ptr<SqliteConnection> connection;
  {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, timeout, [this] { return in_use_ < size_; })) {
      return Error{ErrorCode::timeout, "all " + std::to_string(size_) + " connections for " + use_ +
                                           " were in use for " + std::to_string(timeout.count()) +
                                           " ms"};
    }
    ++in_use_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection && !connection->moved()) return Lease(this, std::move(connection));
  connection.reset();
  auto opened = SqliteConnection::open(path_, busy_timeout_);
  if (!opened.ok()) {
    give_back(nullptr);
    return opened.error();
  }
  return Lease(this, std::move(*opened));
}

void SqliteConnections::give_back(std::unique_ptr<SqliteConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (connection) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

std::size_t SqliteConnections::in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

}  // namespace outbox::orders
