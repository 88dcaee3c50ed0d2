// The faults of one broker of our own, as its clients meet them.
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "tests/chaos/faults/disk_full.hpp"
#include "tests/chaos/faults/kafka_proxy.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka_topic.hpp"
#include "tests/support/own_stack.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::chaos {
namespace {

using namespace std::chrono_literals;

constexpr int kTimeoutMs = 60'000;

// Sends numbered messages, each once and in order, as the relay does.
class Producer {
 public:
  using Settings = std::map<std::string, std::string>;

  Producer(const std::string& brokers, Settings settings) {
    settings.insert(
        {{"bootstrap.servers", brokers}, {"enable.idempotence", "true"}, {"log_level", "2"}});
    std::array<char, 512> problem{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : settings) {
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), nullptr, 0);
    }
    handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem.data(), problem.size()));
    if (!handle_) {
      throw std::runtime_error(problem.data());
    }
  }

  [[nodiscard]] rd_kafka_t* get() const { return handle_.get(); }

  void send(const std::string& topic, int count) {
    rd_kafka_topic_t* const to = rd_kafka_topic_new(get(), topic.c_str(), nullptr);
    for (int i = 0; i < count; ++i) {
      std::string text = std::to_string(next_++);
      EXPECT_EQ(rd_kafka_produce(to, 0, RD_KAFKA_MSG_F_COPY, text.data(), text.size(), nullptr, 0,
                                 nullptr),
                0);
    }
    rd_kafka_topic_destroy(to);
  }
  // Whether everything was confirmed.
  [[nodiscard]] bool flush(std::chrono::milliseconds timeout) const {
    return rd_kafka_flush(get(), static_cast<int>(timeout.count())) == RD_KAFKA_RESP_ERR_NO_ERROR;
  }

 private:
  std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> handle_{nullptr, &rd_kafka_destroy};
  int next_ = 0;
};

void check(rd_kafka_error_t* error) {
  EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
  if (error != nullptr) {
    rd_kafka_error_destroy(error);
  }
}

class BrokerFaults : public ::testing::Test {
 protected:
  BrokerFaults() {
    std::string options =
        "--advertise 127.0.0.1:" + std::to_string(proxy_.network().listening().port);
    if (SmallDisk::available()) {
      disk_.emplace(folder_.path() / "disk", 256U << 20U);
      options += " --broker-dir 1=" + disk_->folder().string();
    }
    stack_.emplace("broker-faults", "kafka", options);
    direct_ = stack_->variable("OUTBOX_TEST_KAFKA");
    proxied_ = stack_->variable("OUTBOX_TEST_KAFKA_PROXIED");
    const auto colon = proxied_.find(':');
    proxy_.network().forward_to({proxied_.substr(0, colon), static_cast<std::uint16_t>(std::stoi(
                                                                proxied_.substr(colon + 1)))});
    topic_.emplace(test::KafkaTopic::create(direct_, test::unique_topic_name("faults")));
  }

  // The topic holds 0, 1, 2 … count - 1.
  void expect_each_once(int count) const {
    const auto records = topic_->read_all();
    ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(records.at(static_cast<std::size_t>(i)).value, std::to_string(i));
    }
  }

  test::TemporaryFolder folder_;
  std::optional<SmallDisk> disk_;
  KafkaProxy proxy_{{}, {}};
  std::optional<test::OwnStack> stack_;
  std::string direct_;
  std::string proxied_;
  std::optional<test::KafkaTopic> topic_;
};

TEST_F(BrokerFaults, dropped_replies_are_met_by_a_client_that_still_sends_each_message_once) {
  // By the broker's own port, which leads it to the proxy.
  Producer producer(proxied_, {{"linger.ms", "0"}});
  proxy_.drop_produce_replies(3, AfterDrop::reset);
  producer.send(topic_->name(), 500);
  EXPECT_TRUE(producer.flush(60s));
  EXPECT_EQ(proxy_.counters().produce_replies_dropped, 3U);
  EXPECT_EQ(proxy_.network().counters().connections_cut, 3U);
  expect_each_once(500);

  Producer patient(proxied_, {{"transactional.id", "faults"}});
  check(rd_kafka_init_transactions(patient.get(), kTimeoutMs));
  check(rd_kafka_begin_transaction(patient.get()));
  proxy_.delay_end_txn(Direction::to_server, 700ms);
  const auto begun = std::chrono::steady_clock::now();
  check(rd_kafka_abort_transaction(patient.get(), kTimeoutMs));  // empty: nothing is asked for
  EXPECT_EQ(proxy_.counters().end_txn_delayed, 0U);
  check(rd_kafka_begin_transaction(patient.get()));
  patient.send(topic_->name(), 1);
  check(rd_kafka_commit_transaction(patient.get(), kTimeoutMs));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 700ms);
  EXPECT_EQ(proxy_.counters().end_txn_delayed, 1U);
}

TEST_F(BrokerFaults, one_broker_is_killed_filled_up_and_started_again_and_forgets_nothing) {
  Producer producer(proxied_, {});
  producer.send(topic_->name(), 100);
  ASSERT_TRUE(producer.flush(60s));
  stack_->kill("kafka-1");
  producer.send(topic_->name(), 100);
  EXPECT_FALSE(producer.flush(300ms));
  stack_->start("kafka-1");
  EXPECT_TRUE(producer.flush(60s));
  if (disk_) {
    const auto refused = proxy_.network().counters().connections_refused;
    EXPECT_GT(disk_->fill(), 0U);
    producer.send(topic_->name(), 100);
    // It halts, as it has no other folder.
    EXPECT_TRUE(test::eventually(
        [&] { return proxy_.network().counters().connections_refused > refused; }));
    disk_->free();
    stack_->kill("kafka-1");  // if it is not gone yet
    stack_->start("kafka-1");
  } else {
    producer.send(topic_->name(), 100);
  }
  EXPECT_TRUE(producer.flush(60s));
  expect_each_once(300);
}

}  // namespace
}  // namespace outbox::chaos
