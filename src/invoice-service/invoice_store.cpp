#include "invoice-service/invoice_store.hpp"

#include <chrono>
#include <utility>

#include "invoice-service/invoice.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

using mongo::Bson;

Result<void> create_index(const mongo::Collection& collection, const char* name,
                          const std::string& field) {
  Bson key;
  key.integer(field, 1);
  Bson index;
  index.document("key", key).text("name", field);
  std::vector<Bson> indexes;
  indexes.push_back(std::move(index));
  Bson command;
  command.text("createIndexes", name).array("indexes", indexes);
  bson_error_t error{};
  if (!mongoc_collection_command_simple(collection.get(), command.get(), nullptr, nullptr,
                                        &error)) {
    return mongo::to_error(error, "create the index on " + field);
  }
  return {};
}

}  // namespace

Result<void> InvoiceStore::create_indexes() const {
  auto effects = create_index(client_->collection(kInvoices), kInvoices, "effects.messageId");
  if (!effects) return effects;
  auto redeliveries = create_index(client_->collection(kRedeliveries), kRedeliveries, "messageId");
  if (redeliveries) indexed_ = true;
  return redeliveries;
}

Result<std::optional<Bson>> InvoiceStore::find_by_order(const std::string& order_id) const {
  auto found = client_->collection(kInvoices).find_by_id(order_id);
  if (!found) return std::move(found).error();
  if (*found == nullptr || !is_invoice(**found)) return std::optional<Bson>();
  return std::optional<Bson>(std::move(**found));
}

Result<std::vector<Bson>> InvoiceStore::list(const std::string& after, int limit) const {
  Bson above;
  above.text("$gt", after);
  Bson exists;
  bson_append_bool(exists.get(), "$exists", -1, true);
  Bson filter;
  filter.document("_id", above).document("number", exists);
  Bson order;
  order.integer("_id", 1);
  Bson options;
  options.document("sort", order).integer("limit", limit);
  return client_->collection(kInvoices).find(filter, options);
}

Result<std::optional<MessageFate>> InvoiceStore::find_message(const Uuid& id) const {
  if (!indexed_) {
    if (auto indexed = create_indexes(); !indexed) return std::move(indexed).error();
  }
  const std::string message = id.to_string();
  Bson filter;
  filter.text("effects.messageId", message);
  Bson options;
  options.integer("limit", 1);
  const auto found = client_->collection(kInvoices).find(filter, options);
  if (!found) return found.error();
  if (found->empty()) return std::optional<MessageFate>();

  MessageFate fate;
  const Bson& document = found->front();
  fate.order_id = mongo::find_text(document, "_id").value_or("");
  fate.invoice_status = mongo::find_text(document, "status").value_or("");
  for (const Bson& effect : mongo::find_documents(document, "effects")) {
    if (mongo::find_text(effect, "messageId") != message) continue;
    fate.effect = mongo::find_text(effect, "effect").value_or("");
    fate.amount_minor = mongo::find_integer(effect, "amountMinor").value_or(0);
    fate.at_ms = mongo::find_date(effect, "at").value_or(0);
  }

  Bson again;
  again.text("messageId", message);
  const mongo::Collection redeliveries = client_->collection(kRedeliveries);
  bson_error_t error{};
  fate.redeliveries = mongoc_collection_count_documents(redeliveries.get(), again.get(), nullptr,
                                                        nullptr, nullptr, &error);
  if (fate.redeliveries < 0) return mongo::to_error(error, "count redeliveries");
  return std::optional<MessageFate>(std::move(fate));
}

void InvoiceStore::note(std::span<const Uuid> messages) {
  using std::chrono::milliseconds;
  const auto now =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const mongo::Collection collection = client_->collection(kRedeliveries);
  Bson options;
  bson_append_bool(options.get(), "ordered", -1, false);
  const mongo::Owned<mongoc_bulk_operation_t> bulk(
      mongoc_collection_create_bulk_operation_with_opts(collection.get(), options.get()));
  bson_error_t error{};
  for (const Uuid& message : messages) {
    Bson document;
    document.text("messageId", message.to_string()).date("at", now);
    mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(), nullptr, &error);
  }
  if (mongoc_bulk_operation_execute(bulk.get(), nullptr, &error) == 0) {
    log::warn("redeliveries were not noted",
              {{"messages", messages.size()}, {"error", error.message}});
  }
}

}  // namespace outbox::invoices
