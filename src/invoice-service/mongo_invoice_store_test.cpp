// The store suite on MongoDB.
#include <fmt/format.h>

#include "inbox/mongo/test_database.hpp"
#include "invoice-service/invoice_store_test.hpp"
#include "invoice-service/mongo_invoice.hpp"

namespace outbox::invoices::testing {
namespace {

class MongoPlace final : public StorePlace {
 public:
  [[nodiscard]] std::string address() const override { return database_.uri(); }
  [[nodiscard]] std::string mongo_database() const override { return database_.name(); }
  [[nodiscard]] std::vector<std::string> ledger(const std::string& order_id) const override {
    const auto found = database_.client().collection(kInvoices).find_by_id(order_id);
    std::vector<std::string> effects;
    if (!found || *found == nullptr) return effects;
    for (const mongo::Bson& effect : mongo::find_documents(**found, "effects")) {
      effects.push_back(fmt::format("{} {}", mongo::find_text(effect, "effect").value_or("?"),
                                    mongo::find_integer(effect, "amountMinor").value_or(-1)));
    }
    return effects;
  }

 private:
  mongo::TestDatabase database_;
};

INSTANTIATE_TEST_SUITE_P(Mongo, InvoiceStoreTest,
                         ::testing::Values(StoreKind{
                             "mongo", [] { return std::make_unique<MongoPlace>(); }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace outbox::invoices::testing
