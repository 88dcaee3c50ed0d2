#include "invoice-service/invoice_store_test.hpp"

#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "invoice-service/event_handler.hpp"

namespace outbox::invoices::testing {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string store_order(int n) {
  return fmt::format("0190aaaa-0000-7000-8000-{:012}", n);
}

InvoiceMessage created(int n, const Uuid& id) {
  return {id,
          OrderCreated{
              store_order(n), "c1", "EUR", {{"p1", 2, 1'250, 2'500}, {"p2", 1, 100, 100}}, 2'600}};
}

InvoiceMessage cancelled(int n, const Uuid& id) {
  return {id, OrderCancelled{store_order(n), "too late"}};
}

InvoiceStoreTest::InvoiceStoreTest() : place_(GetParam().make()), store_(open()) {}

std::unique_ptr<InvoiceStore> InvoiceStoreTest::open() const {
  auto opened = open_store(place_->address(), place_->mongo_database());
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(opened).value();
}

std::vector<std::string> InvoiceStoreTest::apply(const std::vector<InvoiceMessage>& messages) {
  std::vector<std::string> words;
  for (const auto& outcome : store_->apply(messages)) {
    if (outcome) {
      words.emplace_back(*outcome == InboxOutcome::applied ? "applied" : "duplicate");
    } else {
      EXPECT_EQ(outcome.error().code, ErrorCode::message_rejected) << outcome.error().message;
      words.push_back(outcome.error().message);
    }
  }
  return words;
}

Invoice InvoiceStoreTest::invoice(int order) const {
  auto found = store_->find_by_order(store_order(order));
  EXPECT_TRUE(found && *found) << order;
  return found && *found ? **std::move(found) : Invoice{};
}

TEST_P(InvoiceStoreTest, KeepsAnInvoiceAsTheOrderSays) {
  EXPECT_THAT(apply({created(1)}), ElementsAre("applied"));
  const Invoice made = invoice(1);
  EXPECT_EQ(made.order_id, store_order(1));
  EXPECT_EQ(made.number, invoice_number(store_order(1)));
  EXPECT_EQ(made.status, kIssued);
  EXPECT_EQ(made.customer_id, "c1");
  EXPECT_EQ(made.currency, "EUR");
  EXPECT_EQ(made.total_minor, 2'600);
  ASSERT_EQ(made.items.size(), 2U);
  EXPECT_EQ(made.items[0].product_id, "p1");
  EXPECT_EQ(made.items[0].quantity, 2);
  EXPECT_EQ(made.items[0].unit_price_minor, 1'250);
  EXPECT_EQ(made.items[1].amount_minor, 100);
  EXPECT_NEAR(static_cast<double>(made.issued_at_ms), static_cast<double>(now_ms()), 60'000);
  EXPECT_FALSE(made.voided_at_ms || made.void_reason);
  EXPECT_THAT(place_->ledger(store_order(1)), ElementsAre("created 2600"));
  EXPECT_TRUE(store_->ping());
  const auto unknown = store_->find_by_order(store_order(2));
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
}

TEST_P(InvoiceStoreTest, KeepsTextsThatAreHardToStore) {
  InvoiceMessage message = created(1);
  auto& order = std::get<OrderCreated>(message.effect);
  const std::string odd("\0$where.\"'\xF0\x9F\x98\x80 \\", 16);
  order.customer_id = odd;
  order.items[0].product_id = odd;
  EXPECT_THAT(apply({message}), ElementsAre("applied"));
  EXPECT_EQ(invoice(1).customer_id, odd);
  EXPECT_EQ(invoice(1).items[0].product_id, odd);

  InvoiceMessage nobody = created(2);
  std::get<OrderCreated>(nobody.effect).customer_id.reset();
  EXPECT_THAT(apply({nobody}), ElementsAre("applied"));
  EXPECT_EQ(invoice(2).customer_id, std::nullopt);
}

TEST_P(InvoiceStoreTest, ARedeliveryChangesNothingAndIsCounted) {
  const auto first = created(1);
  EXPECT_THAT(apply({first, created(2)}), ElementsAre("applied", "applied"));
  const std::string before = invoice_json(invoice(1));
  EXPECT_THAT(apply({first}), ElementsAre("duplicate"));
  EXPECT_THAT(apply({created(3), first, first}), ElementsAre("applied", "duplicate", "duplicate"));
  EXPECT_EQ(invoice_json(invoice(1)), before);
  EXPECT_THAT(place_->ledger(store_order(1)), ElementsAre("created 2600"));

  const auto fate = store_->find_message(first.id);
  ASSERT_TRUE(fate && *fate);
  EXPECT_EQ((*fate)->order_id, store_order(1));
  EXPECT_EQ((*fate)->effect, kCreated);
  EXPECT_EQ((*fate)->amount_minor, 2'600);
  EXPECT_EQ((*fate)->invoice_status, kIssued);
  EXPECT_EQ((*fate)->redeliveries, 3);
  EXPECT_NEAR(static_cast<double>((*fate)->at_ms), static_cast<double>(now_ms()), 60'000);
  const auto unknown = store_->find_message(Uuid::v7());
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
}

TEST_P(InvoiceStoreTest, ACancellationVoidsBeforeOrAfter) {
  const auto cancel = cancelled(2);
  EXPECT_THAT(apply({created(1), cancelled(1), cancel}), Each("applied"));
  const auto tombstone = store_->find_by_order(store_order(2));
  ASSERT_TRUE(tombstone);
  EXPECT_FALSE(*tombstone) << "an order of which only the end is known has no invoice";
  EXPECT_THAT(store_->list("", 10)->invoices, ::testing::SizeIs(1));
  const auto fate = store_->find_message(cancel.id);
  ASSERT_TRUE(fate && *fate);
  EXPECT_EQ((*fate)->effect, kVoided);
  EXPECT_EQ((*fate)->invoice_status, kVoided);

  EXPECT_THAT(apply({created(2)}), ElementsAre("applied"));
  for (const int order : {1, 2}) {
    const Invoice voided = invoice(order);
    EXPECT_EQ(voided.status, kVoided);
    EXPECT_TRUE(voided.voided_at_ms);
    EXPECT_EQ(voided.void_reason, "too late");
    EXPECT_EQ(voided.total_minor, 2'600);
    EXPECT_EQ(voided.items.size(), 2U);
  }
  EXPECT_THAT(place_->ledger(store_order(1)), ElementsAre("created 2600", "voided 0"));
  EXPECT_THAT(place_->ledger(store_order(2)), ElementsAre("voided 0", "created 2600"));
}

TEST_P(InvoiceStoreTest, AnOrderHasEachEffectOnce) {
  const auto first = created(1);
  const auto cancel = cancelled(1);
  EXPECT_THAT(apply({first, cancel}), Each("applied"));
  EXPECT_THAT(apply({created(1), cancelled(1), created(2)}),
              ElementsAre("the invoice of order " + store_order(1) + " was made by message " +
                              first.id.to_string(),
                          "the invoice of order " + store_order(1) + " was voided by message " +
                              cancel.id.to_string(),
                          "applied"));
  EXPECT_THAT(place_->ledger(store_order(1)), ElementsAre("created 2600", "voided 0"));
  EXPECT_EQ(invoice(1).items.size(), 2U);
}

TEST_P(InvoiceStoreTest, ListsByOrderPageByPage) {
  std::vector<InvoiceMessage> messages;
  for (const int order : {5, 3, 1, 4, 2})
    messages.push_back(created(order));
  EXPECT_THAT(apply(messages), Each("applied"));
  const auto first = store_->list("", 2);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->invoices.size(), 2U);
  EXPECT_EQ(first->invoices[0].order_id, store_order(1));
  EXPECT_EQ(first->invoices[1].items.size(), 2U);
  EXPECT_TRUE(first->more);
  const auto last = store_->list(store_order(2), 3);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->invoices.size(), 3U);
  EXPECT_EQ(last->invoices[2].order_id, store_order(5));
  EXPECT_FALSE(last->more);
  EXPECT_THAT(store_->list(store_order(5), 3)->invoices, IsEmpty());
}

TEST_P(InvoiceStoreTest, APageEndsBeforeItGetsTooLarge) {
  constexpr int kInvoices1MiB = 20;
  for (int order = 1; order <= kInvoices1MiB; ++order) {
    InvoiceMessage message = created(order);
    std::get<OrderCreated>(message.effect).customer_id = std::string(1024 * 1024, 'c');
    EXPECT_THAT(apply({message}), ElementsAre("applied"));
  }
  std::vector<std::size_t> pages;
  std::string after;
  InvoicePage page;
  do {
    auto read = store_->list(after, 500);
    ASSERT_TRUE(read);
    page = std::move(read).value();
    ASSERT_FALSE(page.invoices.empty());
    after = page.invoices.back().order_id;
    pages.push_back(page.invoices.size());
  } while (page.more && pages.size() < 10);
  EXPECT_THAT(pages, ElementsAre(8, 8, 4));
}

TEST_P(InvoiceStoreTest, WhatWasAppliedIsThereForTheNextToOpenIt) {
  const auto first = created(1);
  EXPECT_THAT(apply({first}), ElementsAre("applied"));
  store_ = open();
  EXPECT_THAT(apply({first, created(2)}), ElementsAre("duplicate", "applied"));
  EXPECT_EQ(store_->find_message(first.id)->value().redeliveries, 1);
}

TEST_P(InvoiceStoreTest, OfThreadsAndStoresThatDeliverTheSameOneHasTheEffect) {
  constexpr int kMessages = 40;
  std::vector<InvoiceMessage> messages;
  for (int order = 0; order < kMessages; ++order)
    messages.push_back(created(order));
  const auto other = open();
  std::atomic<int> applied{0};
  {
    std::vector<std::jthread> threads;
    for (InvoiceStore* store : {store_.get(), store_.get(), other.get()}) {
      threads.emplace_back([&, store] {
        for (const auto& message : messages) {
          const auto outcomes = store->apply({&message, 1});
          EXPECT_TRUE(outcomes[0]) << outcomes[0].error().message;
          if (outcomes[0] && *outcomes[0] == InboxOutcome::applied) ++applied;
        }
      });
    }
  }
  EXPECT_EQ(applied, kMessages);
  for (int order = 0; order < kMessages; ++order)
    EXPECT_THAT(place_->ledger(store_order(order)), ElementsAre("created 2600"));
}

TEST_P(InvoiceStoreTest, KeepsTheTraceOfAMessageWithItsEffect) {
  const std::string traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  InvoiceMessage traced = created(1);
  traced.traceparent = traceparent;
  InvoiceMessage traced_too = cancelled(1);
  traced_too.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00";
  const InvoiceMessage untraced = created(2);
  EXPECT_THAT(apply({traced, traced_too, untraced}), Each("applied"));
  EXPECT_EQ(store_->find_message(traced.id)->value().traceparent, traceparent);
  EXPECT_EQ(store_->find_message(traced_too.id)->value().traceparent, traced_too.traceparent);
  EXPECT_EQ(store_->find_message(untraced.id)->value().traceparent, std::nullopt);
}

// The handler on a real store.
TEST_P(InvoiceStoreTest, TheHandlersEventsBecomeInvoices) {
  prometheus::Registry registry;
  ConsumerMetrics metrics(registry);
  EventHandler handler(*store_, metrics);
  const auto pending = [](int order, const std::string& type, const std::string& payload) {
    PendingRecord record;
    record.record.key = store_order(order);
    record.record.payload = payload;
    record.record.headers = {{"id", Uuid::v7().to_string()}, {"ce_type", type}};
    return record;
  };
  const std::string payload =
      R"({"orderId":")" + store_order(1) +
      R"(","currency":"EUR","items":[{"productId":"p","quantity":2,"unitPrice":"1.50"}],)"
      R"("total":"3.00"})";
  std::vector<PendingRecord> records{
      pending(1, "OrderCreated", payload), pending(1, "OrderCreated", payload),
      pending(1, "OrderPainted", ""), pending(1, "OrderCreated", "garbage"),
      pending(1, "OrderCancelled", R"({"orderId":")" + store_order(1) + "\"}")};
  records.push_back(records[0]);
  ASSERT_TRUE(handler.apply(records));
  std::vector<bool> done;
  for (const PendingRecord& record : records)
    done.push_back(record.done);
  EXPECT_THAT(done, ElementsAre(true, false, true, false, true, true));
  EXPECT_THAT(records[1].refusal.value_or(""), HasSubstr("was made by message"));
  EXPECT_THAT(records[3].refusal.value_or(""), HasSubstr("not JSON"));
  EXPECT_THAT(place_->ledger(store_order(1)), ElementsAre("created 300", "voided 0"));
}

}  // namespace outbox::invoices::testing
