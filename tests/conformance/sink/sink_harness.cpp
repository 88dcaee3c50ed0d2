#include "tests/conformance/sink/sink_harness.hpp"

#include <iterator>
#include <stdexcept>
#include <utility>

namespace outbox::test {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const Record& Records::add(std::string key, std::string payload, std::string headers) {
  Record record;
  record.seq = static_cast<std::int64_t>(records_.size()) + 1;
  record.tag = records_.size() + 1;
  record.id = Uuid::v7();
  record.aggregate_type = "order";
  record.type = "OrderCreated";
  record.created_at_us = 1'764'023'064'000'042;  // 2025-11-24T22:24:24.000042Z
  record.key = bytes_.emplace_back(std::move(key));
  record.payload = bytes_.emplace_back(std::move(payload));
  record.headers = bytes_.emplace_back(std::move(headers));
  return records_.emplace_back(record);
}

SinkHarness::SinkHarness(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {
  if (auto connected = sink_->connect(queue_); !connected) {
    throw std::runtime_error(connected.error().message);
  }
}

SinkHarness::~SinkHarness() {
  sink_->close();
}

void SinkHarness::send(std::span<const Record> records) {
  while (!records.empty()) {
    auto result = sink_->send(records);
    accepted_ += result.accepted;
    records = records.subspan(result.accepted);
    if (result.rejected) {
      refusals_.emplace(records.front().tag, *std::move(result.rejected));
      records = records.subspan(1);
    } else if (!records.empty()) {
      take(milliseconds(1'000));
    }
  }
}

void SinkHarness::take(milliseconds timeout) {
  auto arrived = queue_.wait(timeout);
  deliveries_.insert(deliveries_.end(), std::make_move_iterator(arrived.begin()),
                     std::make_move_iterator(arrived.end()));
}

bool SinkHarness::settle(milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  while (deliveries_.size() < accepted_ && steady_clock::now() < deadline) {
    take(milliseconds(100));
  }
  return deliveries_.size() == accepted_;
}

bool SinkHarness::relay(const Records& records, milliseconds timeout) {
  std::set<std::uint64_t> open;
  for (const auto& record : records.all()) {
    open.insert(record.tag);
  }
  std::set<std::string, std::less<>> blocked;
  const auto deadline = steady_clock::now() + timeout;
  while (!open.empty()) {
    if (steady_clock::now() > deadline) return false;
    relay_once(records, open, blocked);
  }
  return true;
}

// One pass over what is open, stopped by the first failure; then waits until nothing is in flight.
void SinkHarness::relay_once(const Records& records, std::set<std::uint64_t>& open,
                             std::set<std::string, std::less<>>& blocked) {
  std::size_t judged = deliveries_.size();
  bool failed = false;
  const auto judge = [&] {
    for (; judged < deliveries_.size(); ++judged) {
      const auto& delivery = deliveries_[judged];
      const auto& record = records.by_tag(delivery.tag);
      if (!delivery.error) {
        open.erase(delivery.tag);
      } else if (delivery.error->code == ErrorCode::message_rejected) {
        open.erase(delivery.tag);
        blocked.emplace(record.key);
      } else {
        failed = true;
      }
    }
  };
  for (const auto tag : std::vector<std::uint64_t>(open.begin(), open.end())) {
    const auto& record = records.by_tag(tag);
    for (bool accepted = false; !accepted;) {
      judge();
      if (failed) break;
      if (blocked.contains(record.key)) {
        open.erase(tag);
        break;
      }
      auto result = sink_->send({&record, 1});
      accepted_ += result.accepted;
      accepted = result.accepted == 1;
      if (result.rejected) {
        refusals_.emplace(tag, *std::move(result.rejected));
        blocked.emplace(record.key);
      } else if (!accepted) {
        take(milliseconds(1'000));
      }
    }
    if (failed) break;
  }
  while (deliveries_.size() < accepted_) {
    take(milliseconds(100));
  }
  judge();
}

std::vector<Delivery> SinkHarness::of_tag(std::uint64_t tag) const {
  std::vector<Delivery> result;
  for (const auto& delivery : deliveries_) {
    if (delivery.tag == tag) result.push_back(delivery);
  }
  return result;
}

std::vector<std::uint64_t> SinkHarness::delivered_tags() const {
  std::vector<std::uint64_t> result;
  for (const auto& delivery : deliveries_) {
    if (!delivery.error) result.push_back(delivery.tag);
  }
  return result;
}

}  // namespace outbox::test
