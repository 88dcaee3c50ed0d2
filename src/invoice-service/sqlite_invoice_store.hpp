// The invoices in a SQLite file of the service's own; migrations/sqlite has its tables.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "invoice-service/invoice_store.hpp"
#include "invoice-service/sqlite_invoice_reader.hpp"
#include "invoice-service/sqlite_invoice_writer.hpp"

namespace outbox::invoices {

// A batch is one transaction. One thread writes at a time and one reads, which do not wait for each
// other.
class SqliteInvoiceStore final : public InvoiceStore {
 public:
  // Makes the file and its tables, or brings them up to date.
  [[nodiscard]] static Result<std::unique_ptr<InvoiceStore>> open(const std::string& path);

  SqliteInvoiceStore(std::unique_ptr<SqliteInvoiceWriter> writer, SqliteInvoiceReader reader);

  [[nodiscard]] std::vector<Result<InboxOutcome>> apply(
      std::span<const InvoiceMessage> messages) override;
  [[nodiscard]] Result<std::optional<Invoice>> find_by_order(
      const std::string& order_id) const override;
  [[nodiscard]] Result<InvoicePage> list(const std::string& after, int limit) const override;
  [[nodiscard]] Result<std::optional<MessageFate>> find_message(const Uuid& id) const override;
  [[nodiscard]] Result<void> ping() const override;
  [[nodiscard]] std::string_view name() const override { return "sqlite"; }

 private:
  std::mutex writer_mutex_;
  std::unique_ptr<SqliteInvoiceWriter> writer_;
  mutable std::mutex reader_mutex_;
  mutable SqliteInvoiceReader reader_;
};

}  // namespace outbox::invoices
