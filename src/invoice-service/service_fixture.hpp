// The real program on real servers, with a topic, a group and a database of the test's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "inbox/mongo/test_database.hpp"
#include "invoice-service/order_event.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/kafka_topic.hpp"

namespace outbox::invoices::testing {

// The events of order n, always the same, with the message ids that go with them.
[[nodiscard]] std::string order_id(int n);
[[nodiscard]] EventRecord created_event(int n);
[[nodiscard]] EventRecord cancelled_event(int n);

// What the topic of dead letters takes.
inline constexpr std::size_t kMaxDeadLetterBytes = 20'000;

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest();
  ~ServiceTest() override;

  // A running invoice-service.
  struct Instance {
    e2e::Process process;
    std::uint16_t port;
  };
  // Returns when it is ready. `changes`: environment beyond the usual.
  [[nodiscard]] Instance start(const e2e::Environment& changes = {}) const;

  // Returns when the broker has them, in their order.
  void produce(const std::vector<EventRecord>& records) const;

  [[nodiscard]] std::vector<mongo::Bson> documents() const;
  // The effects of an order's ledger, "created 2600" for example, in their order.
  [[nodiscard]] std::vector<std::string> ledger(int order) const;
  // Whether `count` invoices are there before the timeout.
  [[nodiscard]] bool await_invoices(std::size_t count, std::chrono::seconds timeout) const;
  // How many redeliveries were noted.
  [[nodiscard]] std::int64_t redeliveries() const;

  [[nodiscard]] std::vector<test::KafkaRecord> dead_letters() const;

  // Of the services that a test starts, one after the other. It stays when the test fails.
  [[nodiscard]] std::string log_path() const;

  mongo::TestDatabase database_;
  std::string brokers_;
  test::KafkaTopic topic_;
  test::KafkaTopic dead_letter_topic_;
};

}  // namespace outbox::invoices::testing
