#include <unordered_map>
#include <utility>

#include "demo/readers.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::demo {
namespace {

class SqliteInvoices final : public InvoicesReader {
 public:
  explicit SqliteInvoices(std::string path) : path_(std::move(path)) {}

  Result<std::vector<InvoiceFacts>> read() override {
    auto database = sqlite::Database::open(path_, {});
    if (!database) return std::move(database).error();
    std::unordered_map<std::string, InvoiceFacts> by_order;
    auto invoices = database->prepare(
        "select order_id, number is not null, total_minor, currency, status = 'voided' "
        "from invoice");
    if (!invoices) return std::move(invoices).error();
    while (true) {
      const auto row = invoices->step();
      if (!row) return row.error();
      if (!*row) break;
      InvoiceFacts& facts = by_order[std::string{invoices->text(0)}];
      facts.order_id = invoices->text(0);
      facts.is_invoice = invoices->int8(1) != 0;
      facts.total_minor = invoices->int8(2);
      facts.currency = invoices->text(3);
      facts.voided = invoices->int8(4) != 0;
    }
    if (auto added = add_effects(*database, by_order); !added) return std::move(added).error();
    std::vector<InvoiceFacts> facts;
    facts.reserve(by_order.size());
    for (auto& [order, of_order] : by_order)
      facts.push_back(std::move(of_order));
    return facts;
  }

  Result<std::int64_t> count() override {
    return number("select count(*) from invoice where number is not null");
  }

  Result<std::int64_t> redelivered() override {
    return number("select coalesce(sum(redeliveries), 0) from inbox");
  }

 private:
  static Result<void> add_effects(sqlite::Database& database,
                                  std::unordered_map<std::string, InvoiceFacts>& by_order) {
    auto effects = database.prepare(
        "select order_id, message_id, effect, amount_minor, at from invoice_effect order by seq");
    if (!effects) return std::move(effects).error();
    while (true) {
      const auto row = effects->step();
      if (!row) return row.error();
      if (!*row) return {};
      by_order[std::string{effects->text(0)}].effects.push_back(
          {std::string{effects->text(1)}, std::string{effects->text(2)}, effects->int8(3),
           effects->int8(4)});
    }
  }

  Result<std::int64_t> number(std::string_view sql) const {
    auto database = sqlite::Database::open(path_, {});
    if (!database) return std::move(database).error();
    return database->integer(sql);
  }

  std::string path_;
};

}  // namespace

std::unique_ptr<InvoicesReader> open_sqlite_invoices(const std::string& path) {
  return std::make_unique<SqliteInvoices>(path);
}

}  // namespace outbox::demo
