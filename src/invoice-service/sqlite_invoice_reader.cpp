#include "invoice-service/sqlite_invoice_reader.hpp"

#include <utility>

namespace outbox::invoices {

namespace {

using sqlite::Statement;

constexpr const char* kColumns =
    "select order_id, number, status, customer_id, currency, total_minor, issued_at, voided_at, "
    "       void_reason "
    "  from invoice where number is not null ";

constexpr std::string_view kItems =
    "select product_id, quantity, unit_price_minor, amount_minor from invoice_item "
    " where order_id = ? order by position";

constexpr std::string_view kMessage =
    "select e.order_id, e.effect, e.amount_minor, e.at, i.status, m.redeliveries, e.traceparent "
    "  from invoice_effect e "
    "  join invoice i on i.order_id = e.order_id "
    "  join inbox m on m.message_id = e.message_id "
    " where e.message_id = ? order by e.seq desc limit 1";

std::optional<std::string> optional_text(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::string(row.text(column));
}

// About what it takes in an answer.
std::size_t size_of(const Invoice& invoice) {
  std::size_t bytes = sizeof(Invoice) + invoice.customer_id.value_or("").size() +
                      invoice.void_reason.value_or("").size();
  for (const OrderItem& item : invoice.items)
    bytes += sizeof(OrderItem) + item.product_id.size();
  return bytes;
}

}  // namespace

Result<SqliteInvoiceReader> SqliteInvoiceReader::open(const std::string& path) {
  auto database = sqlite::Database::open(path, {});
  if (!database) return std::move(database).error();
  auto find = database->prepare(std::string(kColumns) + "and order_id = ?");
  auto list =
      database->prepare(std::string(kColumns) + "and order_id > ? order by order_id limit ?");
  auto items = database->prepare(kItems);
  auto message = database->prepare(kMessage);
  for (const auto* statement : {&find, &list, &items, &message}) {
    if (!*statement) return statement->error();
  }
  return SqliteInvoiceReader{
      *std::move(database),
      Statements{*std::move(find), *std::move(list), *std::move(items), *std::move(message)}};
}

Result<std::optional<Invoice>> SqliteInvoiceReader::find_by_order(const std::string& order_id) {
  const auto row = statements_.find.bind(order_id).step();
  if (!row) return row.error();
  if (!*row) return std::optional<Invoice>();
  auto invoice = read_invoice(statements_.find);
  statements_.find.reset();
  if (!invoice) return std::move(invoice).error();
  return std::optional<Invoice>(std::move(invoice).value());
}

Result<InvoicePage> SqliteInvoiceReader::list(const std::string& after, int limit) {
  Statement& rows = statements_.list;
  rows.bind(after).bind(std::int64_t{limit} + 1);
  InvoicePage page;
  std::size_t bytes = 0;
  while (true) {
    const auto row = rows.step();
    if (!row) return row.error();
    if (!*row) return page;
    page.more = page.invoices.size() == static_cast<std::size_t>(limit) || bytes >= kMaxPageBytes;
    auto invoice = page.more ? Invoice{} : read_invoice(rows);
    if (page.more || !invoice) rows.reset();
    if (!invoice) return std::move(invoice).error();
    if (page.more) return page;
    bytes += size_of(*invoice);
    page.invoices.push_back(std::move(invoice).value());
  }
}

Result<std::optional<MessageFate>> SqliteInvoiceReader::find_message(const Uuid& id) {
  Statement& rows = statements_.message;
  const auto row = rows.bind(id.to_string()).step();
  if (!row) return row.error();
  if (!*row) return std::optional<MessageFate>();
  MessageFate fate;
  fate.order_id = rows.text(0);
  fate.effect = rows.text(1);
  fate.amount_minor = rows.int8(2);
  fate.at_ms = rows.int8(3);
  fate.invoice_status = rows.text(4);
  fate.redeliveries = rows.int8(5);
  fate.traceparent = optional_text(rows, 6);
  rows.reset();
  return std::optional<MessageFate>(std::move(fate));
}

Result<void> SqliteInvoiceReader::ping() {
  const auto read = database_.integer("select count(*) from (select 1 from invoice limit 1)");
  if (!read) return read.error();
  return {};
}

Result<Invoice> SqliteInvoiceReader::read_invoice(const Statement& row) {
  Invoice invoice;
  invoice.order_id = row.text(0);
  invoice.number = row.text(1);
  invoice.status = row.text(2);
  invoice.customer_id = optional_text(row, 3);
  invoice.currency = row.text(4);
  invoice.total_minor = row.int8(5);
  invoice.issued_at_ms = row.int8(6);
  if (!row.is_null(7)) invoice.voided_at_ms = row.int8(7);
  invoice.void_reason = optional_text(row, 8);
  Statement& items = statements_.items;
  items.bind(invoice.order_id);
  while (true) {
    const auto item = items.step();
    if (!item) return item.error();
    if (!*item) return invoice;
    invoice.items.push_back(
        {std::string(items.text(0)), items.int8(1), items.int8(2), items.int8(3)});
  }
}

}  // namespace outbox::invoices
