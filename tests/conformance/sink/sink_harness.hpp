// Plays the relay for a sink under test.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "outbox/sink.hpp"

namespace outbox::test {

// What a relay would have read: records and the bytes behind them.
class Records {
 public:
  Records() = default;
  Records(Records&&) = default;  // a copy's views would point into the original
  Records& operator=(Records&&) = default;

  // Its tag is its number, from 1.
  const Record& add(std::string key, std::string payload, std::string headers = "{}");

  [[nodiscard]] std::span<const Record> all() const { return records_; }
  [[nodiscard]] const Record& by_tag(std::uint64_t tag) const { return records_.at(tag - 1); }
  [[nodiscard]] std::size_t size() const { return records_.size(); }

 private:
  std::deque<std::string> bytes_;
  std::vector<Record> records_;
};

// Owns a connected sink and keeps every delivery.
class SinkHarness {
 public:
  // Throws when the sink does not connect.
  explicit SinkHarness(std::unique_ptr<Sink> sink);
  ~SinkHarness();
  SinkHarness(const SinkHarness&) = delete;
  SinkHarness& operator=(const SinkHarness&) = delete;

  [[nodiscard]] Sink& sink() { return *sink_; }

  // Sends in order and takes deliveries whenever the buffer is full, until all are accepted.
  // A message that the sink refuses is kept in refusals() and skipped.
  void send(std::span<const Record> records);
  // Waits for the deliveries of all that was accepted.
  [[nodiscard]] bool settle(std::chrono::milliseconds timeout = std::chrono::seconds(60));
  // Takes what is there, waiting for a first delivery or a wake.
  void take(std::chrono::milliseconds timeout);

  // As the relay does: a message that is refused, or whose topic is, blocks its key; a failed
  // destination stops sending until everything has come back, then what was not delivered is sent
  // again in order. Until every message is delivered or behind a refused one of its key. The first
  // `sent` of the records have been sent to this harness already, and nothing else has.
  [[nodiscard]] bool relay(const Records& records, std::size_t sent = 0);

  [[nodiscard]] std::size_t accepted() const { return accepted_; }
  // In the order in which they came.
  [[nodiscard]] const std::vector<Delivery>& deliveries() const { return deliveries_; }
  [[nodiscard]] std::vector<Delivery> of_tag(std::uint64_t tag) const;
  [[nodiscard]] std::vector<std::uint64_t> delivered_tags() const;
  [[nodiscard]] const std::map<std::uint64_t, Error>& refusals() const { return refusals_; }

 private:
  // What a relay knows of its messages.
  struct Progress {
    std::set<std::uint64_t> open;  // tags
    std::set<std::string, std::less<>> blocked;
    std::size_t judged = 0;  // deliveries
    bool failed = false;
  };
  void judge(const Records& records, Progress& progress);
  void send_open(const Records& records, Progress& progress);

  DeliveryQueue queue_;
  std::unique_ptr<Sink> sink_;
  std::size_t accepted_ = 0;
  std::vector<Delivery> deliveries_;
  std::map<std::uint64_t, Error> refusals_;
};

}  // namespace outbox::test
