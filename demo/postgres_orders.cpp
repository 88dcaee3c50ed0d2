#include "demo/audit.hpp"
#include "demo/readers.hpp"
#include "support/pg/connection.hpp"

namespace outbox::demo {
namespace {

using std::chrono::milliseconds;

// "billing.outbox" with its suffix, quoted: "billing"."outbox_message".
std::string quoted(const std::string& name, const std::string& suffix) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return pg::quote_identifier(name + suffix);
  return pg::quote_identifier(name.substr(0, dot)) + "." +
         pg::quote_identifier(name.substr(dot + 1) + suffix);
}

class PostgresOrders final : public OrdersReader {
 public:
  explicit PostgresOrders(const AuditTargets& targets)
      : url_(targets.orders_database), messages_(quoted(targets.outbox_table, "_message")) {}

  Result<WrittenOrders> read() override {
    auto database = connect();
    if (!database) return std::move(database).error();
    WrittenOrders seen;
    auto orders = database->query(
        "select id::text, total_minor, currency, cancelled_at is not null from orders");
    if (!orders) return std::move(orders).error();
    for (int row = 0; row < orders->size(); ++row) {
      seen.orders.emplace(orders->text(row, 0),
                          OrderFacts{orders->int8(row, 1), std::string(orders->text(row, 2)),
                                     orders->boolean(row, 3)});
    }
    auto messages = database->query("select id::text, type, status, created_at from " + messages_ +
                                    " where aggregatetype = 'order'");
    if (!messages) return std::move(messages).error();
    for (int row = 0; row < messages->size(); ++row) {
      if (messages->text(row, 1) == "OrderCreated") ++seen.created_rows;
      if (messages->text(row, 2) == "processed") ++seen.processed;
      seen.written_at.emplace(messages->text(row, 0), messages->unix_us(row, 3));
    }
    return seen;
  }

  Result<OrderCounts> count() override {
    auto database = connect();
    if (!database) return std::move(database).error();
    const auto rows = database->query(
        "select (select count(*) from orders), count(*) filter (where status = 'processed'), "
        "count(*) filter (where status <> 'processed') from " +
        messages_ + " where aggregatetype = 'order'");
    if (!rows) return rows.error();
    return OrderCounts{rows->int8(0, 0), rows->int8(0, 1), rows->int8(0, 2)};
  }

 private:
  [[nodiscard]] Result<pg::Connection> connect() const {
    return pg::Connection::connect(url_, {.application_name = "outbox-demo",
                                          .connect_timeout = milliseconds(5'000),
                                          .statement_timeout = kPatience});
  }

  std::string url_;
  std::string messages_;
};

}  // namespace

std::unique_ptr<OrdersReader> open_postgres_orders(const AuditTargets& targets) {
  return std::make_unique<PostgresOrders>(targets);
}

}  // namespace outbox::demo
