// Reading invoices, and what became of messages.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inbox/mongo/client.hpp"
#include "invoice-service/event_handler.hpp"
#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox::invoices {

// What a message did.
struct MessageFate {
  std::string order_id;
  std::string effect;  // created | voided
  std::int64_t amount_minor = 0;
  std::int64_t at_ms = 0;  // Unix time
  std::int64_t redeliveries = 0;
  std::string invoice_status;
};

struct InvoicePage {
  std::vector<mongo::Bson> invoices;
  bool more = false;  // further ones may follow
};

// Thread-safe. `client` must outlive it.
class InvoiceStore final : public RedeliveryLog {
 public:
  explicit InvoiceStore(const mongo::Client& client) : client_(&client) {}

  // Makes the indexes by which messages are found, unless they exist. find_message does so itself
  // when it was not done before.
  [[nodiscard]] Result<void> create_indexes() const;

  // The invoice's document; none for an unknown order and for a tombstone.
  [[nodiscard]] Result<std::optional<mongo::Bson>> find_by_order(const std::string& order_id) const;
  // The invoices of orders above `after`, by order id: at most `limit`, and no further one once
  // they have 8 MiB.
  [[nodiscard]] Result<InvoicePage> list(const std::string& after, int limit) const;
  [[nodiscard]] Result<std::optional<MessageFate>> find_message(const Uuid& id) const;

  [[nodiscard]] Result<void> ping() const { return client_->ping(); }

  // In one document for all of them, which the server forgets after 14 days.
  void note(std::span<const Uuid> messages) override;

 private:
  [[nodiscard]] Result<void> make_index(const char* collection, const char* field,
                                        const mongo::Bson& extra) const;

  const mongo::Client* client_;
  mutable std::atomic<bool> indexed_{false};
};

}  // namespace outbox::invoices
