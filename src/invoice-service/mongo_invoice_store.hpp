// The invoices in MongoDB: a document each, which holds its ledger of effects as well.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "inbox/mongo/client.hpp"
#include "inbox/mongo/document_inbox.hpp"
#include "invoice-service/invoice_store.hpp"

namespace outbox::invoices {

class MongoInvoiceStore final : public InvoiceStore {
 public:
  // Also tries to make the index by which messages are found. find_message does so itself when the
  // server was away.
  [[nodiscard]] static Result<std::unique_ptr<InvoiceStore>> open(const std::string& uri,
                                                                  const std::string& database);

  explicit MongoInvoiceStore(std::unique_ptr<mongo::Client> client);

  [[nodiscard]] std::vector<Result<InboxOutcome>> apply(
      std::span<const InvoiceMessage> messages) override;
  [[nodiscard]] Result<std::optional<Invoice>> find_by_order(
      const std::string& order_id) const override;
  [[nodiscard]] Result<InvoicePage> list(const std::string& after, int limit) const override;
  [[nodiscard]] Result<std::optional<MessageFate>> find_message(const Uuid& id) const override;
  [[nodiscard]] Result<void> ping() const override { return client_->ping(); }
  [[nodiscard]] std::string_view name() const override { return "mongo"; }

 private:
  [[nodiscard]] Result<void> create_indexes() const;
  [[nodiscard]] Result<void> make_index(const char* collection, const char* field,
                                        const mongo::Bson& extra) const;
  // In one document for all of them, which the server forgets after 14 days. Losing it does no
  // harm.
  void note_redeliveries(std::span<const Uuid> messages) const;

  std::unique_ptr<mongo::Client> client_;
  std::mutex inbox_mutex_;
  mongo::DocumentInbox inbox_;
  mutable std::atomic<bool> indexed_{false};
};

}  // namespace outbox::invoices
