// What every store must do, whatever keeps it. A program that links invoice_store_test.cpp
// instantiates the suite for its stores.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "invoice-service/invoice_store.hpp"

namespace outbox::invoices::testing {

// A place for invoices of the test's own, which goes with the object.
class StorePlace {
 public:
  virtual ~StorePlace() = default;
  [[nodiscard]] virtual std::string address() const = 0;
  [[nodiscard]] virtual std::string mongo_database() const { return ""; }
  // The effects of an order's ledger, "created 2600" for example, in their order.
  [[nodiscard]] virtual std::vector<std::string> ledger(const std::string& order_id) const = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StorePlace>()> make;

  friend std::ostream& operator<<(std::ostream& out, const StoreKind& kind) {
    return out << kind.name;
  }
};

class InvoiceStoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  InvoiceStoreTest();

  // Another store at the same place.
  [[nodiscard]] std::unique_ptr<InvoiceStore> open() const;
  // "applied", "duplicate", or the error's message.
  [[nodiscard]] std::vector<std::string> apply(const std::vector<InvoiceMessage>& messages);
  // Of an order that must have one.
  [[nodiscard]] Invoice invoice(int order) const;

  std::unique_ptr<StorePlace> place_;
  std::unique_ptr<InvoiceStore> store_;
};

// Messages of order n: an order of two items, 26.00 EUR.
[[nodiscard]] std::string store_order(int n);
[[nodiscard]] InvoiceMessage created(int n, const Uuid& id = Uuid::v7());
[[nodiscard]] InvoiceMessage cancelled(int n, const Uuid& id = Uuid::v7());

}  // namespace outbox::invoices::testing
