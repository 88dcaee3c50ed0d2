#include "order-service/sqlite_store.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "order-service/order_json.hpp"
#include "order-service/sqlite_schema.hpp"

namespace outbox::orders {
namespace {

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<std::string> text_or_null(const sqlite::Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::string(row.text(column));
}

struct FoundOrders {
  std::vector<Order> orders;
  std::int64_t candidates = 0;  // how many there would be without the limits
};

// Rows of select_order and list_orders: one for each line, an order's lines next to each other.
Result<FoundOrders> orders_of(sqlite::Statement& rows) {
  FoundOrders found;
  std::string last;
  while (true) {
    const auto row = rows.step();
    if (!row.ok()) return row.error();
    if (!*row) return found;
    if (found.orders.empty() || rows.text(0) != last) {
      last = rows.text(0);
      const auto id = Uuid::parse(last);
      if (!id) return Error{ErrorCode::internal, "the table orders holds an id that is none"};
      Order& order = found.orders.emplace_back();
      order.id = *id;
      order.data.customer_id = text_or_null(rows, 1);
      order.data.currency = rows.text(2);
      order.data.status = rows.text(3);
      order.data.total_minor = rows.int8(4);
      order.created_at_us = rows.int8(5);
      if (!rows.is_null(6)) order.cancelled_at_us = rows.int8(6);
      order.cancellation_reason = text_or_null(rows, 7);
      found.candidates = rows.int8(11);
    }
    found.orders.back().data.lines.push_back(
        {std::string(rows.text(8)), static_cast<std::int32_t>(rows.int8(9)), rows.int8(10)});
  }
}

Result<std::optional<Order>> select_order(SqliteConnection& connection, const Uuid& id) {
  auto found = orders_of(connection.statement(Sql::select_order).bind(id.to_string()));
  if (!found.ok()) return found.error();
  if (found->orders.empty()) return std::optional<Order>();
  return std::optional<Order>(std::move(found->orders.front()));
}

Result<void> insert_order(SqliteConnection& connection, const Order& order) {
  const std::string id = order.id.to_string();
  auto& insert = connection.statement(Sql::insert_order);
  insert.bind(id).bind_or_null(order.data.customer_id).bind(order.data.currency);
  insert.bind(order.data.status).bind(order.data.total_minor).bind(order.created_at_us);
  if (auto inserted = insert.run(); !inserted.ok()) return inserted;
  auto& insert_line = connection.statement(Sql::insert_line);
  std::int64_t number = 0;
  for (const OrderLine& line : order.data.lines) {
    insert_line.bind(id).bind(number++).bind(line.product_id);
    insert_line.bind(line.quantity).bind(line.unit_price_minor);
    if (auto inserted = insert_line.run(); !inserted.ok()) return inserted;
  }
  return {};
}

// Nothing: the request is the first with its key.
Result<std::optional<Creation>> earlier_answer(SqliteConnection& connection,
                                               const IdempotentRequest& request,
                                               std::int64_t forget_before_us) {
  auto& select = connection.statement(Sql::select_answer);
  const auto row = select.bind(request.key).bind(forget_before_us).step();
  if (!row.ok()) return row.error();
  if (!*row) return std::optional<Creation>();
  Creation earlier{Creation::Outcome::key_reused, {}};
  if (select.text(0) == request.hash) {
    earlier = {Creation::Outcome::replayed,
               {static_cast<int>(select.int8(1)), std::string(select.text(2)),
                std::string(select.text(3))}};
  }
  select.reset();
  return std::optional(std::move(earlier));
}

Result<void> keep_answer(SqliteConnection& connection, const IdempotentRequest& request,
                         const Answer& answer) {
  auto& insert = connection.statement(Sql::insert_answer);
  insert.bind(request.key).bind(now_us()).bind_blob(request.hash).bind(answer.status);
  return insert.bind(answer.location).bind(answer.body).run();
}

}  // namespace

// Holds a request's key while it is under way.
class SqliteOrderStore::RunningKey {
 public:
  RunningKey(SqliteOrderStore& store, const std::string& key) : store_(store), key_(key) {
    const std::lock_guard lock(store_.keys_mutex_);
    taken_ = store_.running_keys_.insert(key_).second;
  }
  RunningKey(const RunningKey&) = delete;
  RunningKey& operator=(const RunningKey&) = delete;
  ~RunningKey() {
    if (!taken_) return;
    const std::lock_guard lock(store_.keys_mutex_);
    store_.running_keys_.erase(key_);
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  SqliteOrderStore& store_;
  const std::string& key_;
  bool taken_ = false;
};

SqliteOrderStore::SqliteOrderStore(const std::string& path, StoreOptions options)
    : options_(std::move(options)),
      writer_(path, "writing", 1, options_.statement_timeout),
      readers_(path, "reading", std::max<std::size_t>(options_.pool_size, 2) - 1,
               options_.statement_timeout) {}

std::int64_t SqliteOrderStore::forget_before_us() const {
  return now_us() - std::chrono::microseconds(options_.keep_answers).count();
}

Result<Creation> SqliteOrderStore::create(const Order& order,
                                          const std::optional<std::string>& traceparent,
                                          const Answer& answer,
                                          const std::optional<IdempotentRequest>& request) {
  if (!request) return create_in_turn(order, traceparent, answer, request);
  const RunningKey key(*this, request->key);
  if (!key.taken()) return Creation{Creation::Outcome::running, {}};
  return create_in_turn(order, traceparent, answer, request);
}

Result<Creation> SqliteOrderStore::create_in_turn(const Order& order,
                                                  const std::optional<std::string>& traceparent,
                                                  const Answer& answer,
                                                  const std::optional<IdempotentRequest>& request) {
  auto connection = writer_.acquire(options_.acquire_timeout);
  if (!connection.ok()) return connection.error();
  auto tx = sqlite::Tx::begin((*connection)->database());
  if (!tx.ok()) return tx.error();
  if (request) {
    auto earlier = earlier_answer(**connection, *request, forget_before_us());
    if (!earlier.ok()) return earlier.error();
    if (*earlier) return std::move(**earlier);
  }
  if (auto inserted = insert_order(**connection, order); !inserted.ok()) return inserted.error();
  sqlite::Transaction transaction((*connection)->database().raw());
  auto message = outbox_.enqueue(transaction, order_created(order, traceparent));
  if (!message.ok()) return message.error();
  if (request) {
    auto kept = keep_answer(**connection, *request, answer);
    if (!kept.ok()) return kept.error();
  }
  if (auto committed = tx->commit(); !committed.ok()) return committed.error();
  return Creation{Creation::Outcome::created, answer, *message};
}

Result<std::optional<Cancellation>> SqliteOrderStore::cancel(
    const Uuid& id, const std::optional<std::string>& reason, std::int64_t now_us,
    const std::optional<std::string>& traceparent) {
  auto connection = writer_.acquire(options_.acquire_timeout);
  if (!connection.ok()) return connection.error();
  auto tx = sqlite::Tx::begin((*connection)->database());
  if (!tx.ok()) return tx.error();
  auto found = select_order(**connection, id);
  if (!found.ok()) return found.error();
  if (!*found) return std::optional<Cancellation>();
  Cancellation cancellation{std::move(**found), false};
  Order& order = cancellation.order;
  if (order.cancelled_at_us) return std::optional(std::move(cancellation));
  order.data.status = kCancelled;
  order.cancelled_at_us = now_us;
  order.cancellation_reason = reason;
  cancellation.changed = true;
  auto& update = (*connection)->statement(Sql::cancel_order);
  auto updated = update.bind(now_us).bind_or_null(reason).bind(id.to_string()).run();
  if (!updated.ok()) return updated.error();
  sqlite::Transaction transaction((*connection)->database().raw());
  auto message = outbox_.enqueue(transaction, order_cancelled(order, traceparent));
  if (!message.ok()) return message.error();
  if (auto committed = tx->commit(); !committed.ok()) return committed.error();
  cancellation.message_id = *message;
  return std::optional(std::move(cancellation));
}

Result<std::optional<Order>> SqliteOrderStore::find(const Uuid& id) {
  auto connection = readers_.acquire(options_.acquire_timeout);
  if (!connection.ok()) return connection.error();
  return select_order(**connection, id);
}

Result<OrderPage> SqliteOrderStore::list(const std::optional<Uuid>& before, int limit) {
  auto connection = readers_.acquire(options_.acquire_timeout);
  if (!connection.ok()) return connection.error();
  Uuid last;
  last.bytes.fill(0xFF);
  auto& select = (*connection)->statement(Sql::list_orders);
  auto found =
      orders_of(select.bind(before.value_or(last).to_string()).bind(limit).bind(kMaxLinesPerPage));
  if (!found.ok()) return found.error();
  const bool more = found->candidates > static_cast<std::int64_t>(found->orders.size());
  return OrderPage{std::move(found->orders), more};
}

Result<std::int64_t> SqliteOrderStore::prune_answers() {
  auto connection = writer_.acquire(options_.acquire_timeout);
  if (!connection.ok()) return connection.error();
  auto& remove = (*connection)->statement(Sql::prune_answers);
  auto removed = remove.bind(forget_before_us()).bind(kPruneBatch).run();
  if (!removed.ok()) return removed.error();
  return (*connection)->database().changes();
}

Result<void> SqliteOrderStore::ping(std::chrono::milliseconds timeout) {
  auto connection = readers_.acquire(timeout);
  if (!connection.ok()) return connection.error();
  const auto read = (*connection)->database().integer("select 1 from orders limit 1");
  if (!read.ok()) return read.error();
  return {};
}

OrderStore::Connections SqliteOrderStore::connections() const {
  return {static_cast<int>(writer_.in_use() + readers_.in_use()), writer_.size() + readers_.size()};
}

Result<std::unique_ptr<OrderStore>> open_sqlite_store(const std::string& path,
                                                      const StoreOptions& options) {
  if (options.outbox_table != "outbox") {
    return Error{ErrorCode::invalid_argument,
                 "outbox.table: in a SQLite file the table's name is outbox, not '" +
                     options.outbox_table + "'"};
  }
  // A file that is not there is not made: a wrong path would leave an empty one.
  if (std::error_code ignored; !path.empty() && !std::filesystem::exists(path, ignored)) {
    return Error{ErrorCode::not_found,
                 "there is no file " + path +
                     ": make it, with the outbox's tables, with 'outboxctl migrate --database "
                     "sqlite:" +
                     path + "', then start again"};
  }
  auto database =
      sqlite::Database::open(path, {.create = false, .busy_timeout = options.statement_timeout});
  if (!database.ok()) return database.error();
  if (auto migrated = apply_migrations(*database, path); !migrated.ok()) return migrated.error();
  return std::unique_ptr<OrderStore>(std::make_unique<SqliteOrderStore>(path, options));
}

}  // namespace outbox::orders
