// Reading the invoices of a SQLite file.
#pragma once

#include <optional>
#include <string>

#include "invoice-service/invoice_store.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::invoices {

// A connection that waits for no writer. One thread.
class SqliteInvoiceReader {
 public:
  // The file with its tables must be there.
  [[nodiscard]] static Result<SqliteInvoiceReader> open(const std::string& path);

  [[nodiscard]] Result<std::optional<Invoice>> find_by_order(const std::string& order_id);
  [[nodiscard]] Result<InvoicePage> list(const std::string& after, int limit);
  [[nodiscard]] Result<std::optional<MessageFate>> find_message(const Uuid& id);
  [[nodiscard]] Result<void> ping();

 private:
  struct Statements {
    sqlite::Statement find;
    sqlite::Statement list;
    sqlite::Statement items;
    sqlite::Statement message;
  };
  SqliteInvoiceReader(sqlite::Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  // The invoice of the statement's current row, with its items.
  [[nodiscard]] Result<Invoice> read_invoice(const sqlite::Statement& row);

  sqlite::Database database_;
  Statements statements_;  // go before their connection
};

}  // namespace outbox::invoices
