#include "invoice-service/invoice_store.hpp"

#include <utility>

#include "invoice-service/invoice.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

using mongo::Bson;

constexpr std::size_t kMaxPageBytes = 8 * 1024 * 1024;
// Keeps a reply to the driver within what it takes, also from a server that sees to that less.
constexpr int kMaxBatch = 50;

}  // namespace

Result<void> InvoiceStore::create_index() const {
  Bson key;
  key.integer("effects.messageId", 1);
  Bson index;
  index.document("key", key).text("name", "effects.messageId");
  std::vector<Bson> indexes;
  indexes.push_back(std::move(index));
  Bson command;
  command.text("createIndexes", kInvoices).array("indexes", indexes);
  const mongo::Collection invoices = client_->collection(kInvoices);
  bson_error_t error{};
  if (!mongoc_collection_command_simple(invoices.get(), command.get(), nullptr, nullptr, &error)) {
    return mongo::to_error(error, "create the index on effects.messageId");
  }
  indexed_ = true;
  return {};
}

Result<std::optional<Bson>> InvoiceStore::find_by_order(const std::string& order_id) const {
  auto found = client_->collection(kInvoices).find_by_id(order_id);
  if (!found) return std::move(found).error();
  if (*found == nullptr || !is_invoice(**found)) return std::optional<Bson>();
  return std::optional<Bson>(std::move(**found));
}

Result<InvoicePage> InvoiceStore::list(const std::string& after, int limit) const {
  Bson above;
  above.text("$gt", after);
  Bson exists;
  bson_append_bool(exists.get(), "$exists", -1, true);
  Bson filter;
  filter.document("_id", above).document("number", exists);
  Bson order;
  order.integer("_id", 1);
  Bson options;
  options.document("sort", order).integer("limit", limit + 1).integer("batchSize", kMaxBatch);
  auto found = client_->collection(kInvoices).find(filter, options, kMaxPageBytes);
  if (!found) return std::move(found).error();

  InvoicePage page{std::move(found).value()};
  std::size_t bytes = 0;
  for (const Bson& invoice : page.invoices)
    bytes += invoice.get()->len;
  const bool full = page.invoices.size() > static_cast<std::size_t>(limit);
  page.more = full || bytes >= kMaxPageBytes;
  if (full) page.invoices.pop_back();
  return page;
}

Result<std::optional<MessageFate>> InvoiceStore::find_message(const Uuid& id) const {
  if (!indexed_) {
    if (auto indexed = create_index(); !indexed) return std::move(indexed).error();
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

  const auto again = client_->collection(kRedeliveries).find_by_id(message);
  if (!again) return again.error();
  if (*again) fate.redeliveries = mongo::find_integer(**again, "count").value_or(0);
  return std::optional<MessageFate>(std::move(fate));
}

void InvoiceStore::note(std::span<const Uuid> messages) {
  const mongo::Collection collection = client_->collection(kRedeliveries);
  Bson one;
  one.integer("count", 1);
  Bson increment;
  increment.document("$inc", one);
  Bson options;
  bson_append_bool(options.get(), "ordered", -1, false);
  Bson upsert;
  bson_append_bool(upsert.get(), "upsert", -1, true);
  const mongo::Owned<mongoc_bulk_operation_t> bulk(
      mongoc_collection_create_bulk_operation_with_opts(collection.get(), options.get()));
  bson_error_t error{};
  for (const Uuid& message : messages) {
    Bson filter;
    filter.text("_id", message.to_string());
    mongoc_bulk_operation_update_one_with_opts(bulk.get(), filter.get(), increment.get(),
                                               upsert.get(), &error);
  }
  if (mongoc_bulk_operation_execute(bulk.get(), nullptr, &error) == 0) {
    log::warn("redeliveries were not noted",
              {{"messages", messages.size()}, {"error", error.message}});
  }
}

}  // namespace outbox::invoices
