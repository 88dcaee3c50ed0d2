// What the consumers made of the messages: invoices in MongoDB.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "demo/readers.hpp"
#include "tests/chaos/report.hpp"
#include "tests/chaos/truth.hpp"

namespace outbox::chaos {

class Effects {
 public:
  explicit Effects(const std::string& mongo_uri);

  // Invoices now; -1 while MongoDB does not answer.
  [[nodiscard]] std::int64_t count() const;
  // Holds each order against its invoice and its ledger of effects. Throws when MongoDB does not
  // answer.
  void judge(const Truth& truth, Report& report) const;

 private:
  std::unique_ptr<demo::InvoicesReader> invoices_;
};

}  // namespace outbox::chaos
