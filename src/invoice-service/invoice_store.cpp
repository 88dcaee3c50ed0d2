#include "invoice-service/invoice_store.hpp"

#include "invoice-service/mongo_invoice_store.hpp"
#include "invoice-service/sqlite_invoice_store.hpp"

namespace outbox::invoices {

Result<std::unique_ptr<InvoiceStore>> open_store(const std::string& address,
                                                 const std::string& mongo_database) {
  if (const auto path = sqlite::path_of(address)) return SqliteInvoiceStore::open(*path);
  if (address.starts_with("mongodb://") || address.starts_with("mongodb+srv://")) {
    return MongoInvoiceStore::open(address, mongo_database);
  }
  return Error{ErrorCode::invalid_argument,
               "store.url must begin with mongodb://, mongodb+srv:// or sqlite:"};
}

}  // namespace outbox::invoices
