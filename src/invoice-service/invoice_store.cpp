#include "invoice-service/invoice_store.hpp"

#include <chrono>
#include <utility>

#include "invoice-service/invoice.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

using mongo::Bson;

constexpr std::size_t kMaxPageBytes = 8 * 1024 * 1024;
// Keeps a reply to the driver within what it takes, also from a server that sees to that less.
constexpr int kMaxBatch = 50;
constexpr std::int64_t kKeepRedeliveriesSeconds = 14 * 86'400;
constexpr int kMostRedeliveries = 1'000;  // counted of one message

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<void> InvoiceStore::create_indexes() const {
  if (auto made = make_index(kInvoices, "effects.messageId", Bson()); !made) return made;
  if (auto made = make_index(kRedeliveries, "messages", Bson()); !made) return made;
  indexed_ = true;
  Bson expiry;
  expiry.integer("expireAfterSeconds", kKeepRedeliveriesSeconds);
  if (auto made = make_index(kRedeliveries, "at", expiry); !made) {
    // Not every server that speaks MongoDB's protocol forgets by itself.
    log::info("redeliveries are kept for good", {{"error", made.error().message}});
  }
  return {};
}

Result<void> InvoiceStore::make_index(const char* collection, const char* field,
                                      const Bson& extra) const {
  Bson key;
  key.integer(field, 1);
  Bson index;
  index.document("key", key).text("name", field).append(*extra.get());
  std::vector<Bson> indexes;
  indexes.push_back(std::move(index));
  Bson command;
  command.text("createIndexes", collection).array("indexes", indexes);
  const mongo::Collection handle = client_->collection(collection);
  bson_error_t error{};
  if (!mongoc_collection_command_simple(handle.get(), command.get(), nullptr, nullptr, &error)) {
    return mongo::to_error(error, std::string("create the index on ") + field);
  }
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

  Bson noted;
  noted.text("messages", message);
  Bson id_only;
  id_only.integer("_id", 1);
  Bson redeliveries;
  redeliveries.document("projection", id_only).integer("limit", kMostRedeliveries);
  const auto again = client_->collection(kRedeliveries).find(noted, redeliveries);
  if (!again) return again.error();
  fate.redeliveries = static_cast<std::int64_t>(again->size());
  return std::optional<MessageFate>(std::move(fate));
}

// One insert for all: a write for each would keep a server that is slow at them from the invoices.
void InvoiceStore::note(std::span<const Uuid> messages) {
  Bson ids;
  for (std::size_t i = 0; i < messages.size(); ++i)
    ids.text(std::to_string(i), messages[i].to_string());
  Bson noted;
  noted.date("at", now_ms()).integer("count", static_cast<std::int64_t>(messages.size()));
  bson_append_array(noted.get(), "messages", -1, ids.get());
  const mongo::Collection collection = client_->collection(kRedeliveries);
  bson_error_t error{};
  if (!mongoc_collection_insert_one(collection.get(), noted.get(), nullptr, nullptr, &error)) {
    log::warn("redeliveries were not noted",
              {{"messages", messages.size()}, {"error", error.message}});
  }
}

}  // namespace outbox::invoices
