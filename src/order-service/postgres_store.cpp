#include "order-service/postgres_store.hpp"

#include <array>
#include <utility>

#include "order-service/order_json.hpp"
#include "order-service/postgres_schema.hpp"
#include "order-service/request_rules.hpp"
#include "order-service/wait.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::orders {
namespace {

struct Statement {
  const char* name;
  const char* sql;
};

constexpr std::chrono::milliseconds kConnectPause{500};
constexpr std::chrono::milliseconds kLongestMigration{60'000};

constexpr std::array kStatements{
    Statement{"insert_order", R"sql(
      with o as (
        insert into orders (id, customer_id, currency, status, total_minor, created_at)
        values ($1::uuid, $2::text, $3::text, $4::text, $5::int8, $6::timestamptz))
      insert into order_lines (order_id, line, product_id, quantity, unit_price_minor)
      select $1::uuid, l.number - 1, l.product_id, l.quantity, l.price
        from unnest($7::text[], $8::int4[], $9::int8[])
             with ordinality as l (product_id, quantity, price, number))sql"},
    // An order's long texts come with its first line alone.
    Statement{"select_order", R"sql(
      select o.id, case when l.line = 0 then o.customer_id end, o.currency, o.status,
             o.total_minor, o.created_at, o.cancelled_at,
             case when l.line = 0 then o.cancellation_reason end,
             l.product_id, l.quantity, l.unit_price_minor
        from orders o join order_lines l on l.order_id = o.id
       where o.id = $1::uuid
       order by l.line)sql"},
    Statement{"list_orders", R"sql(
      select o.id, case when l.line = 0 then o.customer_id end, o.currency, o.status,
             o.total_minor, o.created_at, o.cancelled_at,
             case when l.line = 0 then o.cancellation_reason end,
             l.product_id, l.quantity, l.unit_price_minor, o.candidates
        from (select c.*, count(*) over () as candidates,
                     row_number() over newest as place, sum(lines) over newest - lines as lines_before
                from (select o.*, (select count(*) from order_lines l where l.order_id = o.id) as lines
                        from orders o where id < $1::uuid order by id desc limit $2::int8 + 1) c
              window newest as (order by id desc)) o
        join order_lines l on l.order_id = o.id
       where o.place <= $2::int8 and o.lines_before < $3::int8
       order by o.id desc, l.line)sql"},
    Statement{"lock_order", "select 1 from orders where id = $1::uuid for update"},
    Statement{"cancel_order", R"sql(
      update orders set status = 'CANCELLED', cancelled_at = $2::timestamptz,
                        cancellation_reason = $3::text
       where id = $1::uuid)sql"},
    Statement{"lock_key", "select pg_try_advisory_xact_lock($1::int8)"},
    Statement{"select_answer", R"sql(
      select request_hash, status, location, body from order_idempotency
       where key = $1::text and created_at > now() - $2::int8 * interval '1 millisecond')sql"},
    Statement{"insert_answer", R"sql(
      insert into order_idempotency (key, request_hash, status, location, body)
      values ($1::text, $2::bytea, $3::int4, $4::text, $5::text)
      on conflict (key) do update
        set created_at = now(), request_hash = excluded.request_hash, status = excluded.status,
            location = excluded.location, body = excluded.body)sql"},
    Statement{"prune_answers", R"sql(
      delete from order_idempotency where key = any (array(
        select key from order_idempotency
         where created_at <= now() - $1::int8 * interval '1 millisecond'
         order by created_at limit $2::int8 for update skip locked)))sql"},
};

Result<void> prepare_statements(pg::Connection& connection) {
  for (const Statement& statement : kStatements) {
    if (auto prepared = connection.prepare(statement.name, statement.sql); !prepared.ok()) {
      return prepared;
    }
  }
  return {};
}

pg::PoolOptions pool_options(const StoreOptions& options) {
  pg::PoolOptions pool;
  pool.size = options.pool_size;
  pool.connect.application_name = "order-service";
  pool.connect.connect_timeout = options.connect_timeout;
  pool.connect.statement_timeout = options.statement_timeout;
  pool.prepare = prepare_statements;
  return pool;
}

OutboxOptions outbox_options(const StoreOptions& options, PayloadType payload_type) {
  OutboxOptions outbox;
  outbox.table = options.outbox_table;
  outbox.payload_type = payload_type;
  outbox.prepare = true;  // the pool's connections are direct
  outbox.answer_timeout = options.statement_timeout + pg::kAnswerGrace;
  return outbox;
}

Result<pg::Connection> connect(const StoreOptions& options, const std::stop_token& stop) {
  using SteadyClock = std::chrono::steady_clock;
  pg::ConnectOptions connect;
  connect.application_name = "order-service";
  connect.connect_timeout = options.connect_timeout;
  connect.statement_timeout = kLongestMigration;
  const auto deadline = SteadyClock::now() + options.startup_timeout;
  while (true) {
    auto connection = pg::Connection::connect(options.url, connect);
    const bool may_come =
        !connection.ok() && connection.error().code == ErrorCode::source_unavailable;
    if (!may_come || SteadyClock::now() >= deadline) return connection;
    log::warn("waiting for the database", {{"error", connection.error().message}});
    if (wait_or_stop(stop, kConnectPause)) return connection;
  }
}

std::optional<std::string> text_or_null(const pg::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return std::string(rows.text(row, column));
}

// Rows of select_order and list_orders: one for each line, an order's lines next to each other.
std::vector<Order> orders_of(const pg::Rows& rows) {
  std::vector<Order> orders;
  for (int row = 0; row < rows.size(); ++row) {
    const Uuid id = rows.uuid(row, 0);
    if (orders.empty() || orders.back().id != id) {
      Order& order = orders.emplace_back();
      order.id = id;
      order.data.customer_id = text_or_null(rows, row, 1);
      order.data.currency = rows.text(row, 2);
      order.data.status = rows.text(row, 3);
      order.data.total_minor = rows.int8(row, 4);
      order.created_at_us = rows.unix_us(row, 5);
      if (!rows.is_null(row, 6)) order.cancelled_at_us = rows.unix_us(row, 6);
      order.cancellation_reason = text_or_null(rows, row, 7);
    }
    orders.back().data.lines.push_back({std::string(rows.text(row, 8)),
                                        static_cast<std::int32_t>(rows.int8(row, 9)),
                                        rows.int8(row, 10)});
  }
  return orders;
}

Result<void> insert_order(pg::Connection& connection, const Order& order) {
  pg::Array products(pg::Type::text);
  pg::Array quantities(pg::Type::int4);
  pg::Array prices(pg::Type::int8);
  for (const OrderLine& line : order.data.lines) {
    products.bytes(line.product_id);
    quantities.int4(line.quantity);
    prices.int8(line.unit_price_minor);
  }
  pg::Params params;
  params.uuid(order.id).text(order.data.customer_id).text(order.data.currency);
  params.text(order.data.status).int8(order.data.total_minor).unix_us(order.created_at_us);
  params.array(products).array(quantities).array(prices);
  auto inserted = connection.query_prepared("insert_order", params);
  if (!inserted.ok()) return inserted.error();
  return {};
}

Result<std::optional<Order>> select_order(pg::Connection& connection, const Uuid& id) {
  auto rows = connection.query_prepared("select_order", pg::Params().uuid(id));
  if (!rows.ok()) return rows.error();
  auto orders = orders_of(*rows);
  if (orders.empty()) return std::optional<Order>();
  return std::optional<Order>(std::move(orders.front()));
}

}  // namespace

// A connection of the pool, counted while it is in use.
class PostgresOrderStore::Session {
 public:
  Session(pg::Pool::Lease lease, std::atomic<int>& in_use)
      : lease_(std::move(lease)), counted_(in_use) {}
  pg::Connection& connection() { return *lease_; }

 private:
  struct Counted {
    explicit Counted(std::atomic<int>& counter) : in_use(&counter) { ++*in_use; }
    Counted(Counted&& other) noexcept : in_use(std::exchange(other.in_use, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (in_use != nullptr) --*in_use;
    }
    std::atomic<int>* in_use;
  };

  pg::Pool::Lease lease_;
  Counted counted_;
};

PostgresOrderStore::PostgresOrderStore(StoreOptions options, PayloadType payload_type)
    : options_(std::move(options)),
      outbox_(outbox_options(options_, payload_type)),
      pool_(options_.url, pool_options(options_)) {}

Result<PostgresOrderStore::Session> PostgresOrderStore::session(std::chrono::milliseconds timeout) {
  auto lease = pool_.acquire(timeout);
  if (!lease.ok()) return lease.error();
  return Session(std::move(*lease), in_use_);
}

Result<Creation> PostgresOrderStore::create(const Order& order,
                                            const std::optional<std::string>& traceparent,
                                            const Answer& answer,
                                            const std::optional<IdempotentRequest>& request) {
  auto session = this->session(options_.acquire_timeout);
  if (!session.ok()) return session.error();
  pg::Connection& connection = session->connection();
  auto tx = pg::Tx::begin(connection);
  if (!tx.ok()) return tx.error();
  if (request) {
    auto earlier = earlier_answer(connection, *request);
    if (!earlier.ok()) return earlier.error();
    if (*earlier) return std::move(**earlier);
  }
  if (auto inserted = insert_order(connection, order); !inserted.ok()) return inserted.error();
  if (request) {
    auto kept = keep_answer(connection, *request, answer);
    if (!kept.ok()) return kept.error();
  }
  Transaction transaction(connection.raw());
  auto message = outbox_.enqueue_and_commit(transaction, order_created(order, traceparent));
  if (!message.ok()) return message.error();
  return Creation{Creation::Outcome::created, answer, *message};
}

// Takes the key's lock until the transaction ends; nothing: the request is the first with its key.
Result<std::optional<Creation>> PostgresOrderStore::earlier_answer(
    pg::Connection& connection, const IdempotentRequest& request) {
  using Outcome = Creation::Outcome;
  auto locked = connection.query_prepared("lock_key", pg::Params().int8(lock_number(request.key)));
  if (!locked.ok()) return locked.error();
  if (!locked->boolean(0, 0)) return std::optional(Creation{Outcome::running, {}});
  // A statement of its own, so that it sees what was committed before the lock was won.
  auto rows = connection.query_prepared(
      "select_answer", pg::Params().text(request.key).int8(options_.keep_answers.count()));
  if (!rows.ok()) return rows.error();
  if (rows->empty()) return std::optional<Creation>();
  if (rows->text(0, 0) != request.hash) return std::optional(Creation{Outcome::key_reused, {}});
  return std::optional(Creation{Outcome::replayed,
                                {static_cast<int>(rows->int8(0, 1)), std::string(rows->text(0, 2)),
                                 std::string(rows->text(0, 3))}});
}

Result<void> PostgresOrderStore::keep_answer(pg::Connection& connection,
                                             const IdempotentRequest& request,
                                             const Answer& answer) {
  pg::Params params;
  params.text(request.key).bytea(request.hash).int4(answer.status);
  params.text(answer.location).text(answer.body);
  auto inserted = connection.query_prepared("insert_answer", params);
  if (!inserted.ok()) return inserted.error();
  return {};
}

Result<std::optional<Cancellation>> PostgresOrderStore::cancel(
    const Uuid& id, const std::optional<std::string>& reason, std::int64_t now_us,
    const std::optional<std::string>& traceparent) {
  auto session = this->session(options_.acquire_timeout);
  if (!session.ok()) return session.error();
  pg::Connection& connection = session->connection();
  auto tx = pg::Tx::begin(connection);
  if (!tx.ok()) return tx.error();
  // The lock on the key comes before the outbox row: so the key's messages keep their order.
  auto locked = connection.query_prepared("lock_order", pg::Params().uuid(id));
  if (!locked.ok()) return locked.error();
  auto found = select_order(connection, id);
  if (!found.ok()) return found.error();
  if (!*found) return std::optional<Cancellation>();
  Cancellation cancellation{std::move(**found), false};
  Order& order = cancellation.order;
  if (order.cancelled_at_us) return std::optional(std::move(cancellation));
  order.data.status = kCancelled;
  order.cancelled_at_us = now_us;
  order.cancellation_reason = reason;
  cancellation.changed = true;
  auto updated =
      connection.query_prepared("cancel_order", pg::Params().uuid(id).unix_us(now_us).text(reason));
  if (!updated.ok()) return updated.error();
  Transaction transaction(connection.raw());
  auto message = outbox_.enqueue_and_commit(transaction, order_cancelled(order, traceparent));
  if (!message.ok()) return message.error();
  cancellation.message_id = *message;
  return std::optional(std::move(cancellation));
}

Result<std::optional<Order>> PostgresOrderStore::find(const Uuid& id) {
  auto session = this->session(options_.acquire_timeout);
  if (!session.ok()) return session.error();
  return select_order(session->connection(), id);
}

Result<OrderPage> PostgresOrderStore::list(const std::optional<Uuid>& before, int limit) {
  auto session = this->session(options_.acquire_timeout);
  if (!session.ok()) return session.error();
  Uuid last;
  last.bytes.fill(0xFF);
  auto rows = session->connection().query_prepared(
      "list_orders", pg::Params().uuid(before.value_or(last)).int8(limit).int8(kMaxLinesPerPage));
  if (!rows.ok()) return rows.error();
  OrderPage page{orders_of(*rows), false};
  page.more = !rows->empty() && rows->int8(0, 11) > static_cast<std::int64_t>(page.orders.size());
  return page;
}

Result<std::int64_t> PostgresOrderStore::prune_answers() {
  auto session = this->session(options_.acquire_timeout);
  if (!session.ok()) return session.error();
  auto rows = session->connection().query_prepared(
      "prune_answers", pg::Params().int8(options_.keep_answers.count()).int8(kPruneBatch));
  if (!rows.ok()) return rows.error();
  return rows->affected();
}

Result<void> PostgresOrderStore::ping(std::chrono::milliseconds timeout) {
  auto session = this->session(timeout);
  if (!session.ok()) return session.error();
  auto rows = session->connection().exec("select 1");
  if (!rows.ok()) return rows.error();
  return {};
}

Result<std::unique_ptr<OrderStore>> open_postgres_store(const StoreOptions& options,
                                                        const std::stop_token& stop) {
  auto connection = connect(options, stop);
  if (!connection.ok()) return connection.error();
  const auto payload_type = outbox_payload_type(*connection, options.outbox_table);
  if (!payload_type.ok()) return payload_type.error();
  if (auto migrated = apply_migrations(*connection); !migrated.ok()) return migrated.error();
  return std::unique_ptr<OrderStore>(std::make_unique<PostgresOrderStore>(options, *payload_type));
}

}  // namespace outbox::orders
