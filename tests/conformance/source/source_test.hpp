// The fixture of the conformance suite and the small words in which its cases are written.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/message.hpp"
#include "outbox/source.hpp"
#include "tests/conformance/source/source_driver.hpp"

namespace outbox::test {

// The value of a result that must be one.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error("unexpected error: " + result.error().message);
  }
  return std::move(result).value();
}
inline void must(const Result<void>& result) {
  if (!result) {
    throw std::runtime_error("unexpected error: " + result.error().message);
  }
}

[[nodiscard]] inline Message message_of(std::string key, std::string payload = "{}") {
  Message message;
  message.aggregate_type = "order";
  message.aggregate_id = std::move(key);
  message.type = "OrderCreated";
  message.payload = std::move(payload);
  return message;
}

[[nodiscard]] inline std::vector<std::int64_t> seqs_of(const Batch& batch) {
  std::vector<std::int64_t> seqs;
  for (const Record& record : batch.records) {
    seqs.push_back(record.seq);
  }
  return seqs;
}

class SourceTest : public testing::TestWithParam<DriverFactory> {
 protected:
  void connect() { exceptions_ = must(source_->connect()); }
  void reconnect() {
    source_->close();
    connect();
  }

  std::int64_t append(const std::string& key, const std::string& payload = "{}") {
    const Message message = message_of(key, payload);
    return driver_->append(std::span{&message, 1}).front();
  }

  // A backlog, claimed as one batch.
  Batch claimed(const std::vector<std::string>& keys) {
    std::vector<Message> messages;
    for (const std::string& key : keys) {
      messages.push_back(message_of(key));
    }
    driver_->append(messages);
    connect();
    return must(source_->claim(keys.size() + 1));
  }
  std::vector<std::int64_t> exceptions_of(std::vector<HeldRange> ranges, std::size_t limit) {
    return seqs_of(must(source_->claim_exceptions(ranges, limit)));
  }

  // Claims until nothing is new.
  std::vector<Batch> claim_all(std::size_t limit = 1'000) {
    std::vector<Batch> batches;
    for (int i = 0; i < 1'000; ++i) {
      batches.push_back(must(source_->claim(limit)));
      if (batches.back().records.empty()) {
        return batches;
      }
    }
    throw std::runtime_error("claim goes on finding something new");
  }
  std::vector<std::int64_t> claim_all_seqs(std::size_t limit = 1'000) {
    std::vector<std::int64_t> seqs;
    for (const Batch& batch : claim_all(limit)) {
      for (const Record& record : batch.records) {
        seqs.push_back(record.seq);
      }
    }
    return seqs;
  }

  void settle_through(std::uint64_t number) {
    Settlement settlement;
    settlement.through = number;
    must(source_->settle(settlement));
  }

  // One head and what waits behind it, settled together with the position.
  void settle_failed(std::uint64_t through, const FailedHead& head,
                     std::vector<HeldRange> held = {}, std::vector<Receipt> delivered = {}) {
    Settlement settlement;
    settlement.through = through;
    settlement.delivered = std::move(delivered);
    settlement.failed.push_back(head);
    settlement.held = std::move(held);
    must(source_->settle(settlement));
  }

  // One message that holds no key, settled together with the position.
  void settle_detached(std::uint64_t through, DetachedMessage message,
                       std::vector<Receipt> delivered = {}) {
    Settlement settlement;
    settlement.through = through;
    settlement.delivered = std::move(delivered);
    settlement.detached.push_back(std::move(message));
    must(source_->settle(settlement));
  }
  // Delivered at last.
  void settle_resolved(std::int64_t seq) {
    Settlement settlement;
    settlement.resolved = {seq};
    settlement.delivered = {Receipt{seq, "t", 0, 9}};
    must(source_->settle(settlement));
  }

  std::unique_ptr<SourceDriver> driver_ = GetParam().make();
  std::unique_ptr<Source> source_ = driver_->make_source({});
  Exceptions exceptions_;  // of the last connect
};

[[nodiscard]] FailedHead head_of(const Record& record, int attempts = 1,
                                 std::chrono::milliseconds due_in = std::chrono::milliseconds{0},
                                 std::string error = "refused");

// Due at once unless told otherwise.
[[nodiscard]] DetachedMessage detached_of(const Record& record, int attempts = 0,
                                          std::string error = "");

[[nodiscard]] HeldRange range_of(const Record& first, std::int64_t until);

}  // namespace outbox::test
