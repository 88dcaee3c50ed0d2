#include "invoice-service/event_batcher.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "invoice-service/signed_event.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::invoices {
namespace {

using testing::created_by_http;
using testing::SignedEvent;

EventRecord record(int order) {
  const SignedEvent event = created_by_http(order);
  EventRecord record;
  record.key = event.subject;
  record.payload = event.body;
  record.headers = {{"id", event.id}, {"ce_type", event.type}};
  return record;
}

// Waits in its first batch until it is released; order 3 can never be applied, order 4 not now.
class SlowInbox final : public Inbox<InvoiceEffect> {
 public:
  std::vector<Result<InboxOutcome>> apply(std::span<const InvoiceMessage> messages) override {
    std::unique_lock lock(mutex_);
    batches.push_back(messages.size());
    begun = true;
    released_.wait(lock, [this] { return is_released_; });
    std::vector<Result<InboxOutcome>> outcomes;
    for (const auto& message : messages) {
      const char order = std::get<OrderCreated>(message.effect).order_id.back();
      if (order == '3') {
        outcomes.emplace_back(Error{ErrorCode::message_rejected, "never"});
      } else if (order == '4') {
        outcomes.emplace_back(Error{ErrorCode::destination_unavailable, "not now"});
      } else {
        outcomes.emplace_back(InboxOutcome::applied);
      }
    }
    return outcomes;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_released_ = true;
    released_.notify_all();
  }
  std::vector<std::size_t> batches;
  std::atomic<bool> begun{false};

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  bool is_released_ = false;
};

TEST(EventBatcher, WhatComesWhileABatchIsStoredSharesTheNextAndEachGetsItsOwnOutcome) {
  SlowInbox inbox;
  prometheus::Registry registry;
  ConsumerMetrics metrics(registry);
  EventHandler handler(inbox, metrics);
  EventBatcher batcher(handler, metrics);
  std::vector<std::optional<Result<PendingRecord>>> outcomes(5);
  {
    std::vector<std::jthread> threads;
    const auto submit = [&](std::size_t order) {
      threads.emplace_back(
          [&, order] { outcomes[order] = batcher.submit(record(static_cast<int>(order))); });
    };
    submit(0);
    EXPECT_TRUE(test::eventually([&] { return inbox.begun.load(); }));
    for (std::size_t order = 1; order < outcomes.size(); ++order)
      submit(order);
    EXPECT_TRUE(test::eventually([&] { return batcher.waiting() == 4; }));
    inbox.release();
  }
  EXPECT_THAT(inbox.batches, ::testing::ElementsAre(1, 4));
  for (const std::size_t order : {0U, 1U, 2U}) {
    ASSERT_TRUE(*outcomes[order]);
    EXPECT_TRUE((**outcomes[order]).done);
    EXPECT_EQ((**outcomes[order]).record.key, testing::event_order(static_cast<int>(order)));
  }
  ASSERT_TRUE(*outcomes[3]);
  EXPECT_EQ((**outcomes[3]).refusal, "never");
  ASSERT_FALSE(*outcomes[4]);
  EXPECT_EQ(outcomes[4]->error().code, ErrorCode::destination_unavailable);
}

}  // namespace
}  // namespace outbox::invoices
