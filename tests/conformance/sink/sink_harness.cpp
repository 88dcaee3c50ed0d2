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

bool SinkHarness::relay(const Records& records, std::size_t sent) {
  Progress progress;
  for (const auto& record : records.all()) {
    progress.open.insert(record.tag);
  }
  progress.judged = sent > 0 ? 0 : deliveries_.size();
  const auto deadline = steady_clock::now() + std::chrono::seconds(120);
  while (true) {
    while (deliveries_.size() < accepted_ && steady_clock::now() < deadline) {
      take(milliseconds(100));
    }
    judge(records, progress);
    if (progress.open.empty()) return true;
    if (steady_clock::now() >= deadline) return false;
    progress.failed = false;
    send_open(records, progress);
  }
}

void SinkHarness::judge(const Records& records, Progress& progress) {
  for (; progress.judged < deliveries_.size(); ++progress.judged) {
    const auto& delivery = deliveries_[progress.judged];
    if (!delivery.error) {
      progress.open.erase(delivery.tag);
    } else if (delivery.error->code == ErrorCode::message_rejected ||
               delivery.error->code == ErrorCode::topic_unavailable) {
      progress.open.erase(delivery.tag);
      progress.blocked.emplace(records.by_tag(delivery.tag).key);
    } else {
      progress.failed = true;
    }
  }
}

// Once over what is open, up to the first failure.
void SinkHarness::send_open(const Records& records, Progress& progress) {
  for (const auto tag : std::vector<std::uint64_t>(progress.open.begin(), progress.open.end())) {
    const auto& record = records.by_tag(tag);
    for (bool accepted = false; !accepted;) {
      judge(records, progress);
      if (progress.failed) return;
      if (progress.blocked.contains(record.key)) {
        progress.open.erase(tag);
        break;
      }
      auto result = sink_->send({&record, 1});
      accepted_ += result.accepted;
      accepted = result.accepted == 1;
      if (result.rejected) {
        refusals_.emplace(tag, *std::move(result.rejected));
        progress.blocked.emplace(record.key);
      } else if (!accepted) {
        take(milliseconds(1'000));
      }
    }
  }
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
