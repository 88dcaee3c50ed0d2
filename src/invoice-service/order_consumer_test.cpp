// Whether the consumer says rightly that it is in its group.
#include "invoice-service/order_consumer.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "invoice-service/service_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::invoices {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::eventually;

// Applies nothing until it is released.
class HangingInbox final : public Inbox<InvoiceEffect> {
 public:
  std::vector<Result<InboxOutcome>> apply(std::span<const InvoiceMessage> messages) override {
    std::unique_lock lock(mutex_);
    called_ = true;
    released_.wait(lock, [this] { return is_released_; });
    return {messages.size(), InboxOutcome::applied};
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_released_ = true;
    released_.notify_all();
  }
  [[nodiscard]] bool called() {
    const std::lock_guard lock(mutex_);
    return called_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  bool is_released_ = false;
  bool called_ = false;
};

class NoDeadLetters final : public DeadLetters {
 public:
  std::vector<Result<void>> send(std::span<const DeadLetter> letters) override {
    return std::vector<Result<void>>(letters.size());
  }
};

class OrderConsumerTest : public testing::ServiceTest {
 protected:
  // A consumer that runs as long as it lives.
  class Running {
   public:
    explicit Running(const ConsumerOptions& options) {
      auto created = OrderConsumer::create(options, handler_, letters_, metrics_);
      if (!created) throw std::runtime_error(created.error().message);
      consumer_ = std::move(created).value();
      thread_ = std::jthread(
          [this](const std::stop_token& stop) { static_cast<void>(consumer_->run(stop)); });
    }
    ~Running() { inbox_.release(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    [[nodiscard]] bool is_in_group() const { return consumer_->check(milliseconds(1'000)).ok(); }
    void release() { inbox_.release(); }
    [[nodiscard]] bool has_records() { return inbox_.called(); }

   private:
    HangingInbox inbox_;
    NoDeadLetters letters_;
    prometheus::Registry registry_;
    ConsumerMetrics metrics_{registry_};
    EventHandler handler_{inbox_, metrics_};
    std::unique_ptr<OrderConsumer> consumer_;
    std::jthread thread_;  // last: joined before the rest goes
  };

  [[nodiscard]] ConsumerOptions options(const std::string& topic) const {
    ConsumerOptions options;
    options.brokers = brokers_;
    options.topic = topic;
    options.group = topic;
    options.properties = {{"session.timeout.ms", "6000"}, {"max.poll.interval.ms", "6000"}};
    return options;
  }
};

TEST_F(OrderConsumerTest, IsNotInTheGroupFromTheLossOfItsPartitionsUntilItIsTakenInAgain) {
  Running consumer(options(topic_.name()));
  ASSERT_TRUE(eventually([&] { return consumer.is_in_group(); }, seconds(30)));
  produce({testing::created_event(1)});
  EXPECT_TRUE(eventually([&] { return !consumer.is_in_group(); }, seconds(30)))
      << "it does not poll, so the group goes on without it";
  consumer.release();
  EXPECT_TRUE(eventually([&] { return consumer.is_in_group(); }, seconds(30)));
}

TEST_F(OrderConsumerTest, AMemberWithoutPartitionsIsInTheGroup) {
  const std::string one_partition = dead_letter_topic_.name();
  Running first(options(one_partition));
  Running second(options(one_partition));
  EXPECT_TRUE(eventually([&] { return first.is_in_group() && second.is_in_group(); }, seconds(30)));
}

// librdkafka fetches ahead: at the end most of the records are its own still.
TEST_F(OrderConsumerTest, LeavesTheGroupWhileRecordsThatWereFetchedWait) {
  std::vector<EventRecord> records;
  for (int order = 1; order <= 3'000; ++order) {
    records.push_back(testing::created_event(order));
  }
  produce(records);
  ConsumerOptions few_at_once = options(topic_.name());
  few_at_once.max_batch = 1;
  Running consumer(few_at_once);
  ASSERT_TRUE(eventually([&] { return consumer.has_records(); }, seconds(30)));
}

}  // namespace
}  // namespace outbox::invoices
