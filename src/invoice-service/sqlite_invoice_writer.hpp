// What events do to the invoices of a SQLite file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inbox/sqlite/transaction_inbox.hpp"
#include "invoice-service/invoice_store.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::invoices {

// The one connection that writes. One thread.
class SqliteInvoiceWriter {
 public:
  // Makes the file and brings its tables up to date. conflict: they are newer than this program.
  [[nodiscard]] static Result<std::unique_ptr<SqliteInvoiceWriter>> open(const std::string& path);

  // A transaction of all of them: see sqlite::TransactionInbox.
  [[nodiscard]] std::vector<Result<InboxOutcome>> apply(std::span<const InvoiceMessage> messages);

 private:
  struct Statements {
    sqlite::Statement issue;
    sqlite::Statement add_item;
    sqlite::Statement cancel;
    sqlite::Statement append_effect;
    sqlite::Statement find_effect;
  };
  SqliteInvoiceWriter(std::unique_ptr<sqlite::Database> database, sqlite::TransactionInbox inbox,
                      Statements statements)
      : database_(std::move(database)),
        inbox_(std::move(inbox)),
        statements_(std::move(statements)) {}

  [[nodiscard]] Result<void> apply_effect(const InvoiceMessage& message, const OrderCreated& event);
  [[nodiscard]] Result<void> apply_effect(const InvoiceMessage& message,
                                          const OrderCancelled& event);
  [[nodiscard]] Result<void> append_effect(const InvoiceMessage& message,
                                           const std::string& order_id, std::string_view effect,
                                           std::int64_t amount_minor);
  [[nodiscard]] Error has_effect_already(const std::string& order_id, std::string_view effect);

  std::unique_ptr<sqlite::Database> database_;  // its address is the inbox's
  sqlite::TransactionInbox inbox_;
  Statements statements_;
};

}  // namespace outbox::invoices
