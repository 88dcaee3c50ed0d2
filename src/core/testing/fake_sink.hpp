#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/testing/fake_destination.hpp"
#include "core/testing/records.hpp"
#include "outbox/sink.hpp"

namespace outbox {

// A destination in memory. It accepts up to its capacity and then does what the test says: each
// accepted message waits until the test delivers, rejects or fails it. It keeps the order that the
// Sink promises: what was accepted after an undelivered message of its key fails with it, also when
// it is accepted before the relay has been told of the first failure. Thread-safe.
class FakeSink : public Sink {
 public:
  // With a destination of its own.
  explicit FakeSink(std::size_t capacity = 1'000'000)
      : FakeSink(std::make_shared<FakeDestination>(), capacity) {}
  FakeSink(std::shared_ptr<FakeDestination> destination, std::size_t capacity)
      : destination_(std::move(destination)), capacity_(capacity) {}

  // Each message is delivered as soon as it is accepted.
  void deliver_at_once(bool at_once);
  // Outcomes wait for push_delivery instead of being told at once.
  void delay_deliveries(bool delayed);
  // It accepts so many undecided messages from now on.
  void set_capacity(std::size_t capacity);
  // connect() fails with this.
  void fail_connect(Error error);
  // After it has told of a failure, send() accepts nothing once, as a sink with threads of its own
  // does: the relay shall see the failure before it sends more.
  void stall_after_failures(bool stall);
  // send() refuses the messages for which `refuses` is true, or has an error.
  void refuse_if(std::function<bool(std::int64_t seq)> refuses);
  void refuse_with(std::function<std::optional<Error>(std::int64_t seq)> refuses);
  // Told of each message before it is accepted.
  void watch(std::function<void(const Record&)> told);

  // The oldest accepted message with this seq. Precondition: it is accepted and undecided.
  void deliver(std::int64_t seq);
  void reject(std::int64_t seq);
  void reject(std::int64_t seq, Error error);
  // It fails with destination_unavailable, and may have arrived all the same.
  void fail(std::int64_t seq, bool arrives = false);
  void deliver_all();
  // Nothing that was accepted is decided any more.
  void forget();
  // The one who sent them is gone: nobody is told of anything any more.
  void abandon();
  // Arrives, or is refused with all that follows of its key, when nobody is told any more.
  void arrive_unseen(std::int64_t seq);
  void drop_unseen(std::int64_t seq);
  // Tells one of the delayed outcomes and returns its tag. Precondition: index < delayed().
  std::uint64_t push_delivery(std::size_t index);
  [[nodiscard]] std::size_t delayed() const;

  // Accepted and undecided, in the order of acceptance.
  [[nodiscard]] std::vector<SeqAndKey> accepted() const;
  [[nodiscard]] std::vector<std::int64_t> accepted_seqs() const;
  // Of each key the first of them.
  [[nodiscard]] std::vector<std::int64_t> oldest_of_keys() const;
  // Everything that arrived at the destination, in order, duplicates too.
  [[nodiscard]] std::vector<SeqAndKey> arrivals() const;
  [[nodiscard]] std::vector<std::int64_t> arrived_seqs() const;
  [[nodiscard]] std::size_t arrived_count() const;
  [[nodiscard]] bool acknowledged(std::int64_t seq) const;
  [[nodiscard]] std::size_t send_calls() const;
  [[nodiscard]] bool closed() const;

  [[nodiscard]] SinkTraits traits() const override;
  [[nodiscard]] Result<void> connect(DeliveryQueue& deliveries) override;
  // Its aggregate type, unless it names one.
  [[nodiscard]] std::string_view topic_of(const Record& message) override {
    return message.topic.empty() ? message.aggregate_type : message.topic;
  }
  [[nodiscard]] SendResult send(std::span<const Record> messages) override;
  void hurry() override { ++hurries_; }
  [[nodiscard]] std::size_t hurries() const { return hurries_; }
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout) override;
  void close() override;
  [[nodiscard]] SinkHealth health() const override;

 private:
  struct Message {
    SeqAndKey row;
    std::uint64_t tag = 0;
  };
  struct Delayed {
    std::string key;
    Delivery delivery;
  };

  void push(Delivery delivery);
  [[nodiscard]] bool has_untold_failure(std::string_view key) const;
  [[nodiscard]] std::size_t find(std::int64_t seq) const;
  [[nodiscard]] std::size_t next_of_key(std::string_view key, std::size_t from) const;
  void deliver_at(std::size_t index);
  void fail_from(std::size_t index, bool arrives);
  void decide(std::size_t index, Delivery delivery);

  mutable std::mutex mutex_;
  std::shared_ptr<FakeDestination> destination_;
  std::size_t capacity_;
  bool at_once_ = false;
  bool delay_ = false;
  std::function<std::optional<Error>(std::int64_t)> refuses_;
  std::function<void(const Record&)> told_;
  DeliveryQueue* deliveries_ = nullptr;
  std::deque<Message> accepted_;
  std::vector<Delayed> delayed_;
  std::optional<Error> connect_error_;
  bool stall_ = false;
  bool failure_unseen_ = false;
  std::size_t send_calls_ = 0;
  std::size_t hurries_ = 0;  // the sender's thread alone
};

}  // namespace outbox
