#include <utility>

#include "demo/readers.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::demo {
namespace {

class SqliteOrders final : public OrdersReader {
 public:
  explicit SqliteOrders(std::string path) : path_(std::move(path)) {}

  Result<WrittenOrders> read() override {
    auto database = sqlite::Database::open(path_, {});
    if (!database) return std::move(database).error();
    WrittenOrders seen;
    auto orders =
        database->prepare("select id, total_minor, currency, cancelled_at is not null from orders");
    if (!orders) return std::move(orders).error();
    while (true) {
      const auto row = orders->step();
      if (!row) return row.error();
      if (!*row) break;
      seen.orders.emplace(orders->text(0), OrderFacts{orders->int8(1), std::string(orders->text(2)),
                                                      orders->int8(3) != 0});
    }
    auto messages = database->prepare(
        "select id, type, status, created_at from outbox_message where aggregatetype = 'order'");
    if (!messages) return std::move(messages).error();
    while (true) {
      const auto row = messages->step();
      if (!row) return row.error();
      if (!*row) return seen;
      if (messages->text(1) == "OrderCreated") ++seen.created_rows;
      if (messages->text(2) == "processed") ++seen.processed;
      seen.written_at.emplace(messages->text(0), messages->int8(3));
    }
  }

  Result<OrderCounts> count() override {
    auto database = sqlite::Database::open(path_, {});
    if (!database) return std::move(database).error();
    auto row = database->prepare(
        "select (select count(*) from orders), count(*) filter (where status = 'processed'), "
        "count(*) filter (where status <> 'processed') "
        "from outbox_message where aggregatetype = 'order'");
    if (!row) return std::move(row).error();
    if (const auto found = row->step(); !found) return found.error();
    return OrderCounts{row->int8(0), row->int8(1), row->int8(2)};
  }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<OrdersReader> open_sqlite_orders(const std::string& path) {
  return std::make_unique<SqliteOrders>(path);
}

}  // namespace outbox::demo
