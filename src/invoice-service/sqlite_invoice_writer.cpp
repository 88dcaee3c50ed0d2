#include "invoice-service/sqlite_invoice_writer.hpp"

#include <array>
#include <iterator>
#include <utility>

#include "invoice-service/embedded.hpp"

namespace outbox::invoices {

namespace {

using sqlite::Statement;

// The n-th makes version n.
constexpr std::string_view kMigrations[] = {embedded::f_0001_invoices_sql,
                                            embedded::f_0002_traceparent_sql};

constexpr const char* kVersionTable =
    "create table if not exists invoice_service_migration ("
    "  version     integer primary key,"
    "  applied_at  text not null default current_timestamp"
    ") strict";

// Fills a tombstone in, which stays voided, and leaves an invoice alone.
constexpr std::string_view kIssue =
    "insert into invoice (order_id, status, number, customer_id, currency, total_minor, issued_at) "
    "values (?, 'issued', ?, ?, ?, ?, ?) "
    "on conflict (order_id) do update "
    "   set number = excluded.number, customer_id = excluded.customer_id, "
    "       currency = excluded.currency, total_minor = excluded.total_minor, "
    "       issued_at = excluded.issued_at "
    " where invoice.number is null";

constexpr std::string_view kAddItem =
    "insert into invoice_item "
    "(order_id, position, product_id, quantity, unit_price_minor, amount_minor) "
    "values (?, ?, ?, ?, ?, ?)";

constexpr std::string_view kCancel =
    "insert into invoice (order_id, status, voided_at, void_reason) values (?, 'voided', ?, ?) "
    "on conflict (order_id) do update "
    "   set status = 'voided', voided_at = excluded.voided_at, void_reason = excluded.void_reason "
    " where invoice.status <> 'voided'";

constexpr std::string_view kAppendEffect =
    "insert into invoice_effect (message_id, order_id, effect, amount_minor, at, traceparent) "
    "values (?, ?, ?, ?, ?, ?)";

constexpr std::string_view kFindEffect =
    "select message_id from invoice_effect where order_id = ? and effect = ? order by seq";

Result<void> migrate(sqlite::Database& database) {
  auto tx = sqlite::Tx::begin(database);
  if (!tx) return std::move(tx).error();
  if (auto made = database.exec(kVersionTable); !made) return made;
  const auto version = database.integer("select max(version) from invoice_service_migration");
  if (!version) return version.error();
  const auto known = static_cast<std::int64_t>(std::size(kMigrations));
  if (*version > known) {
    return Error{ErrorCode::conflict, "its tables are at version " + std::to_string(*version) +
                                          ", this program knows up to " + std::to_string(known) +
                                          ": run a newer invoice-service"};
  }
  for (std::int64_t next = *version; next < known; ++next) {
    if (auto made = database.exec(std::string(kMigrations[next])); !made) return made;
    const std::string note =
        "insert into invoice_service_migration (version) values (" + std::to_string(next + 1) + ")";
    if (auto noted = database.exec(note); !noted) return noted;
  }
  return tx->commit();
}

}  // namespace

Result<std::unique_ptr<SqliteInvoiceWriter>> SqliteInvoiceWriter::open(const std::string& path) {
  auto opened = sqlite::Database::open(path, {.create = true});
  if (!opened) return std::move(opened).error();
  auto database = std::make_unique<sqlite::Database>(std::move(opened).value());
  if (auto migrated = migrate(*database); !migrated) {
    return Error{migrated.error().code,
                 "cannot use the SQLite database " + path + ": " + migrated.error().message};
  }
  auto inbox = sqlite::TransactionInbox::make(*database);
  if (!inbox) return std::move(inbox).error();
  std::vector<Statement> made;
  for (const std::string_view sql : {kIssue, kAddItem, kCancel, kAppendEffect, kFindEffect}) {
    auto statement = database->prepare(sql);
    if (!statement) return std::move(statement).error();
    made.push_back(std::move(statement).value());
  }
  Statements statements{std::move(made[0]), std::move(made[1]), std::move(made[2]),
                        std::move(made[3]), std::move(made[4])};
  return std::unique_ptr<SqliteInvoiceWriter>(new SqliteInvoiceWriter(
      std::move(database), std::move(inbox).value(), std::move(statements)));
}

std::vector<Result<InboxOutcome>> SqliteInvoiceWriter::apply(
    std::span<const InvoiceMessage> messages) {
  std::vector<sqlite::EffectMessage> effects;
  effects.reserve(messages.size());
  for (const InvoiceMessage& message : messages) {
    effects.push_back({message.id, [this, &message] {
                         return std::visit(
                             [&](const auto& event) { return apply_effect(message, event); },
                             message.effect);
                       }});
  }
  return inbox_.apply(effects);
}

Result<void> SqliteInvoiceWriter::apply_effect(const InvoiceMessage& message,
                                               const OrderCreated& event) {
  Statement& issue = statements_.issue;
  issue.bind(event.order_id).bind(invoice_number(event.order_id)).bind_or_null(event.customer_id);
  issue.bind(event.currency).bind(event.total_minor).bind(now_ms());
  if (auto issued = issue.run(); !issued) return issued;
  if (database_->changes() == 0) return has_effect_already(event.order_id, kCreated);
  std::int64_t position = 0;
  for (const OrderItem& item : event.items) {
    Statement& add = statements_.add_item;
    add.bind(event.order_id).bind(position++).bind(item.product_id).bind(item.quantity);
    add.bind(item.unit_price_minor).bind(item.amount_minor);
    if (auto added = add.run(); !added) return added;
  }
  return append_effect(message, event.order_id, kCreated, event.total_minor);
}

Result<void> SqliteInvoiceWriter::apply_effect(const InvoiceMessage& message,
                                               const OrderCancelled& event) {
  statements_.cancel.bind(event.order_id).bind(now_ms()).bind_or_null(event.reason);
  if (auto cancelled = statements_.cancel.run(); !cancelled) return cancelled;
  if (database_->changes() == 0) return has_effect_already(event.order_id, kVoided);
  return append_effect(message, event.order_id, kVoided, 0);
}

Result<void> SqliteInvoiceWriter::append_effect(const InvoiceMessage& message,
                                                const std::string& order_id,
                                                std::string_view effect,
                                                std::int64_t amount_minor) {
  Statement& append = statements_.append_effect;
  append.bind(message.id.to_string()).bind(order_id).bind(effect).bind(amount_minor);
  return append.bind(now_ms()).bind_or_null(message.traceparent).run();
}

Error SqliteInvoiceWriter::has_effect_already(const std::string& order_id,
                                              std::string_view effect) {
  Statement& find = statements_.find_effect;
  const auto row = find.bind(order_id).bind(effect).step();
  if (!row) return row.error();
  const std::string other(*row ? find.text(0) : "?");
  find.reset();
  return has_effect(order_id, effect, other);
}

}  // namespace outbox::invoices
