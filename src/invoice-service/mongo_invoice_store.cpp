#include "invoice-service/mongo_invoice_store.hpp"

#include <utility>

#include "invoice-service/invoice.hpp"
#include "invoice-service/mongo_invoice.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

using mongo::Bson;

// Keeps a reply to the driver within what it takes, also from a server that sees to that less.
constexpr int kMaxBatch = 50;
constexpr std::int64_t kKeepRedeliveriesSeconds = 14 * 86'400;
constexpr int kMostNotes = 1'000;  // looked at for one message

// In a note of redeliveries, which names a message as often as it came in the batch.
std::int64_t occurrences(const Bson& note, const std::string& message) {
  bson_iter_t field;
  bson_iter_t entry;
  std::int64_t count = 0;
  if (!bson_iter_init_find(&field, note.get(), "messages") || !bson_iter_recurse(&field, &entry)) {
    return 0;
  }
  while (bson_iter_next(&entry)) {
    if (BSON_ITER_HOLDS_UTF8(&entry) && message == bson_iter_utf8(&entry, nullptr)) ++count;
  }
  return count;
}

}  // namespace

Result<std::unique_ptr<InvoiceStore>> MongoInvoiceStore::open(const std::string& uri,
                                                              const std::string& database) {
  mongo::ClientOptions options;
  options.uri = uri;
  options.database = database;
  auto client = mongo::Client::create(options);
  if (!client) return std::move(client).error();
  auto store = std::make_unique<MongoInvoiceStore>(std::move(client).value());
  if (auto indexed = store->create_indexes(); !indexed) {
    log::warn("look-ups by message are slow: the indexes were not made",
              {{"error", indexed.error().message}});
  }
  return std::unique_ptr<InvoiceStore>(std::move(store));
}

MongoInvoiceStore::MongoInvoiceStore(std::unique_ptr<mongo::Client> client)
    : client_(std::move(client)), inbox_(*client_, kInvoices) {}

std::vector<Result<InboxOutcome>> MongoInvoiceStore::apply(
    std::span<const InvoiceMessage> messages) {
  std::vector<mongo::DocumentMessage> documents;
  documents.reserve(messages.size());
  for (const InvoiceMessage& message : messages) {
    documents.push_back(
        {message.id, std::visit([](const auto& event) { return effect_of(event); }, message.effect),
         message.traceparent});
  }
  std::vector<Result<InboxOutcome>> outcomes;
  {
    const std::lock_guard lock(inbox_mutex_);
    outcomes = inbox_.apply(documents);
  }
  std::vector<Uuid> duplicates;
  for (std::size_t index = 0; index < outcomes.size(); ++index) {
    const auto& outcome = outcomes[index];
    if (outcome && *outcome == InboxOutcome::duplicate) duplicates.push_back(messages[index].id);
  }
  if (!duplicates.empty()) note_redeliveries(duplicates);
  return outcomes;
}

Result<void> MongoInvoiceStore::create_indexes() const {
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

Result<void> MongoInvoiceStore::make_index(const char* collection, const char* field,
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

Result<std::optional<Invoice>> MongoInvoiceStore::find_by_order(const std::string& order_id) const {
  auto found = client_->collection(kInvoices).find_by_id(order_id);
  if (!found) return std::move(found).error();
  if (*found == nullptr || !is_invoice(**found)) return std::optional<Invoice>();
  return std::optional<Invoice>(invoice_of(**found));
}

Result<InvoicePage> MongoInvoiceStore::list(const std::string& after, int limit) const {
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
  const auto found = client_->collection(kInvoices).find(filter, options, kMaxPageBytes);
  if (!found) return found.error();

  InvoicePage page;
  std::size_t bytes = 0;
  for (const Bson& document : *found) {
    bytes += document.get()->len;
    page.invoices.push_back(invoice_of(document));
  }
  const bool full = page.invoices.size() > static_cast<std::size_t>(limit);
  page.more = full || bytes >= kMaxPageBytes;
  if (full) page.invoices.pop_back();
  return page;
}

Result<std::optional<MessageFate>> MongoInvoiceStore::find_message(const Uuid& id) const {
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
    fate.traceparent = mongo::find_text(effect, "traceparent");
  }

  Bson noted;
  noted.text("messages", message);
  Bson redeliveries;
  redeliveries.integer("limit", kMostNotes);
  const auto again = client_->collection(kRedeliveries).find(noted, redeliveries);
  if (!again) return again.error();
  for (const Bson& note : *again)
    fate.redeliveries += occurrences(note, message);
  return std::optional<MessageFate>(std::move(fate));
}

// One insert for all: a write for each would keep a server that is slow at them from the invoices.
void MongoInvoiceStore::note_redeliveries(std::span<const Uuid> messages) const {
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
