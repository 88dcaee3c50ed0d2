#include "invoice-service/sqlite_invoice_store.hpp"

#include <utility>

namespace outbox::invoices {

Result<std::unique_ptr<InvoiceStore>> SqliteInvoiceStore::open(const std::string& path) {
  auto writer = SqliteInvoiceWriter::open(path);
  if (!writer) return std::move(writer).error();
  auto reader = SqliteInvoiceReader::open(path);
  if (!reader) return std::move(reader).error();
  return std::unique_ptr<InvoiceStore>(
      std::make_unique<SqliteInvoiceStore>(std::move(writer).value(), std::move(reader).value()));
}

SqliteInvoiceStore::SqliteInvoiceStore(std::unique_ptr<SqliteInvoiceWriter> writer,
                                       SqliteInvoiceReader reader)
    : writer_(std::move(writer)), reader_(std::move(reader)) {}

std::vector<Result<InboxOutcome>> SqliteInvoiceStore::apply(
    std::span<const InvoiceMessage> messages) {
  const std::lock_guard lock(writer_mutex_);
  return writer_->apply(messages);
}

Result<std::optional<Invoice>> SqliteInvoiceStore::find_by_order(
    const std::string& order_id) const {
  const std::lock_guard lock(reader_mutex_);
  return reader_.find_by_order(order_id);
}

Result<InvoicePage> SqliteInvoiceStore::list(const std::string& after, int limit) const {
  const std::lock_guard lock(reader_mutex_);
  return reader_.list(after, limit);
}

Result<std::optional<MessageFate>> SqliteInvoiceStore::find_message(const Uuid& id) const {
  const std::lock_guard lock(reader_mutex_);
  return reader_.find_message(id);
}

Result<void> SqliteInvoiceStore::ping() const {
  const std::lock_guard lock(reader_mutex_);
  return reader_.ping();
}

}  // namespace outbox::invoices
