#include <utility>

#include "demo/audit.hpp"
#include "demo/readers.hpp"
#include "inbox/mongo/client.hpp"

namespace outbox::demo {
namespace {

using mongo::Bson;

InvoiceFacts invoice_facts(const Bson& document) {
  InvoiceFacts facts;
  facts.order_id = mongo::find_text(document, "_id").value_or("");
  facts.is_invoice = mongo::find_text(document, "number").has_value();
  facts.total_minor = mongo::find_integer(document, "totalMinor").value_or(0);
  facts.currency = mongo::find_text(document, "currency").value_or("");
  facts.voided = mongo::find_text(document, "status") == "voided";
  for (const Bson& effect : mongo::find_documents(document, "effects")) {
    facts.effects.push_back({std::string(mongo::find_text(effect, "messageId").value_or("")),
                             std::string(mongo::find_text(effect, "effect").value_or("")),
                             mongo::find_integer(effect, "amountMinor").value_or(0),
                             mongo::find_date(effect, "at").value_or(0)});
  }
  return facts;
}

class MongoInvoices final : public InvoicesReader {
 public:
  explicit MongoInvoices(std::unique_ptr<mongo::Client> client) : client_(std::move(client)) {}

  Result<std::vector<InvoiceFacts>> read() override {
    const auto documents = client_->collection("invoices").find(Bson(), Bson());
    if (!documents) return documents.error();
    std::vector<InvoiceFacts> invoices;
    invoices.reserve(documents->size());
    for (const Bson& document : *documents)
      invoices.push_back(invoice_facts(document));
    return invoices;
  }

  Result<std::int64_t> count() override {
    Bson exists;
    bson_append_bool(exists.get(), "$exists", -1, true);
    Bson filter;
    filter.document("number", exists);
    Bson id_only;
    id_only.integer("_id", 1);
    Bson options;
    options.document("projection", id_only);
    const auto invoices = client_->collection("invoices").find(filter, options);
    if (!invoices) return invoices.error();
    return static_cast<std::int64_t>(invoices->size());
  }

  Result<std::int64_t> redelivered() override {
    const auto documents = client_->collection("redeliveries").find(Bson(), Bson());
    if (!documents) return documents.error();
    std::int64_t sum = 0;
    for (const Bson& document : *documents)
      sum += mongo::find_integer(document, "count").value_or(0);
    return sum;
  }

 private:
  std::unique_ptr<mongo::Client> client_;
};

}  // namespace

Result<std::unique_ptr<InvoicesReader>> open_mongo_invoices(const AuditTargets& targets) {
  mongo::ClientOptions options;
  options.uri = targets.invoices_database;
  options.database = targets.mongo_database;
  options.socket_timeout = kPatience;
  auto client = mongo::Client::create(options);
  if (!client) return std::move(client).error();
  return std::unique_ptr<InvoicesReader>{std::make_unique<MongoInvoices>(*std::move(client))};
}

}  // namespace outbox::demo
