// Operators pause one of two topics, on real servers: what goes to it waits in its order,
// everything else goes on.
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/shard_control.hpp"
#include "core/exponential_backoff.hpp"
#include "core/relay.hpp"
#include "core/testing/recording_observer.hpp"
#include "sinks/kafka/kafka_sink.hpp"
#include "sources/postgres_table/mode_switch.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka_topic.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

using namespace std::chrono_literals;

// A relay that waits long between attempts, on a thread of its own.
class RunningRelay {
 public:
  RunningRelay(PostgresTableOptions source, const kafka::KafkaSettings& sink)
      : judge_(sink), sink_(sink) {
    if (sink.exactly_once) {
      source.judge = &judge_;
    }
    source_.emplace(std::move(source));
    const bool transactional = sink.exactly_once;
    thread_ = std::jthread{[this, transactional](const std::stop_token& stop) {
      ExponentialBackoff retry{{60s, 60s}, 1};
      const SteadyClock clock;
      RelayOptions options;
      options.engine.topic_backoff = {60s, 60s};
      const auto pair = transactional ? std::optional{TransactionPair{*source_, sink_}}
                                      : std::optional<TransactionPair>{};
      Relay relay{options, *source_, sink_, retry, clock, observer_, pair};
      const Result<void> ended = relay.run(stop);
      EXPECT_TRUE(ended) << ended.error().message;
    }};
  }

  [[nodiscard]] std::vector<std::string> events() const { return observer_.events(); }
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> events = observer_.events();
    std::erase_if(events, [](const std::string& event) {
      return event.starts_with("acknowledged ") || event == "settled";
    });
    return events;
  }

 private:
  kafka::TransactionLog judge_;
  std::optional<PostgresTableSource> source_;
  kafka::KafkaSink sink_;
  RecordingObserver observer_;
  std::jthread thread_;
};

// Where it reads, and whether it sends in transactions.
class TopicPauseTest : public testing::TestWithParam<std::tuple<std::string, bool>> {
 protected:
  void SetUp() override {
    source_.url = database_.url();
    source_.owner = "relay";
    source_.lease = 2s;
    sink_.brokers = brokers_;
    sink_.topic = prefix_ + "-${aggregatetype}";
    sink_.exactly_once = std::get<1>(GetParam());
    sink_.position_topic = prefix_ + "-position";
    if (std::get<0>(GetParam()) == "wal") {
      auto tables = postgres_table::Tables::find(connection_, source_.table);
      ASSERT_TRUE(tables);
      const auto slot =
          postgres_table::read_log(connection_, source_.url, *tables, {}, {.actor = "test"});
      ASSERT_TRUE(slot) << slot.error().message;
      slot_ = *slot;
    }
    relay_.emplace(source_, sink_);
  }
  void TearDown() override {
    relay_.reset();
    if (!slot_.empty()) {
      EXPECT_TRUE(test::eventually([&] {
        return bool(connection_.exec("select pg_drop_replication_slot('" + slot_ + "')"));
      }));
    }
  }

  // So many rounds, each in a transaction: an order and an invoice of keys of their own, and one of
  // each of a key that has both.
  void write(int rounds) {
    test::must_exec(connection_,
                    "do $$ begin for i in 1.." + std::to_string(rounds) +
                        " loop insert into outbox (id, aggregatetype, aggregateid, type, payload) "
                        "select gen_random_uuid(), t, k || i % 10, 'Changed', '1' from (values "
                        "('order', 'order-'), ('invoice', 'invoice-'), ('order', 'both-'), "
                        "('invoice', 'both-')) as v (t, k); commit; end loop; end $$");
  }
  void pause(bool paused) {
    auto outbox = admin::PostgresOutbox::open(database_.url(), "outbox", "alice");
    ASSERT_TRUE(outbox);
    const auto changed = admin::pause_topic(*outbox, prefix_ + "-order", paused);
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_TRUE(*changed);
  }
  [[nodiscard]] std::string value(const std::string& sql) {
    return test::value_of(connection_, sql);
  }
  [[nodiscard]] std::string unsent(const std::string& which) {
    return value("select count(*) from outbox_message where status <> 'processed' and " + which);
  }
  [[nodiscard]] bool all_settled(const std::string& which) {
    return test::eventually([&] { return unsent(which) == "0"; });
  }
  // Of each key, the ids in the topic are the ids as they were written.
  void expect_each_once_in_order(const test::KafkaTopic& topic, const std::string& type) {
    std::map<std::string, std::vector<std::string>> written;
    const pg::Rows rows = test::must_exec(
        connection_, "select aggregateid, id::text from outbox where aggregatetype = '" + type +
                         "' order by aggregateid, seq");
    for (int i = 0; i < rows.size(); ++i) {
      written[std::string{rows.text(i, 0)}].emplace_back(rows.text(i, 1));
    }
    std::map<std::string, std::vector<std::string>> read;
    for (const test::KafkaRecord& record : topic.read_all()) {
      read[record.key.value_or("")].push_back(record.header("id").value_or(""));
    }
    EXPECT_EQ(read, written) << "of " << topic.name() << "\nwhat the relay told, but deliveries: "
                             << testing::PrintToString(relay_->told());
  }

  std::string brokers_ = test::require_env("OUTBOX_TEST_KAFKA");
  std::string prefix_ = test::unique_topic_name("pause");
  test::KafkaTopic orders_ = test::KafkaTopic::create(brokers_, prefix_ + "-order", 3);
  test::KafkaTopic invoices_ = test::KafkaTopic::create(brokers_, prefix_ + "-invoice", 3);
  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  PostgresTableOptions source_;
  kafka::KafkaSettings sink_;
  std::string slot_;
  std::optional<RunningRelay> relay_;
};

INSTANTIATE_TEST_SUITE_P(Source, TopicPauseTest,
                         testing::Combine(testing::Values("table", "wal"), testing::Bool()),
                         [](const auto& param) {
                           return std::get<0>(param.param) +
                                  (std::get<1>(param.param) ? "_exactly_once" : "");
                         });

TEST_P(TopicPauseTest, ItsMessagesWaitInTheirOrderAndGoAtOnceAfterwardsAndOthersGoOn) {
  write(50);
  ASSERT_TRUE(all_settled("true")) << unsent("true");
  ASSERT_NO_FATAL_FAILURE(pause(true));
  ASSERT_TRUE(test::eventually([&] {
    write(1);
    return value(
               "select count(*) from outbox_exception where last_error = "
               "'paused by an operator'") != "0";
  }));
  ASSERT_TRUE(all_settled("aggregateid like 'invoice-%'"));
  const std::size_t orders = orders_.read_all().size();
  write(100);
  ASSERT_TRUE(all_settled("aggregateid like 'invoice-%'"));
  EXPECT_EQ(orders_.read_all().size(), orders);
  EXPECT_NE(unsent("aggregateid like 'order-%'"), "0");
  EXPECT_EQ(value("select count(*) from outbox_attempt"), "0") << "nothing has failed";
  EXPECT_EQ(value("select max(attempts) from outbox_exception"), "0");

  const auto resumed = std::chrono::steady_clock::now();
  ASSERT_NO_FATAL_FAILURE(pause(false));
  ASSERT_TRUE(all_settled("true")) << unsent("true");
  EXPECT_LT(std::chrono::steady_clock::now() - resumed, 10s) << "no backoff is waited for";
  EXPECT_EQ(value("select count(*) from outbox_exception"), "0");
  expect_each_once_in_order(orders_, "order");
  expect_each_once_in_order(invoices_, "invoice");
  EXPECT_EQ(value("select count(*) from outbox_kept join outbox using (seq)"), "0")
      << "what the table has is kept once more";
  EXPECT_THAT(relay_->events(), testing::Not(testing::Contains(testing::HasSubstr("failed"))));
}

// A message that holds no key is looked at again as well.
TEST_P(TopicPauseTest, ADelayedMessageThatBecomesDueMeanwhileGoesWhenTheTopicDoes) {
  ASSERT_NO_FATAL_FAILURE(pause(true));
  write(1);
  ASSERT_TRUE(all_settled("aggregateid like 'invoice-%'"));
  test::must_exec(connection_,
                  "insert into outbox (id, aggregatetype, aggregateid, type, payload, "
                  "available_at) values (gen_random_uuid(), 'order', 'late', 'Changed', '1', "
                  "clock_timestamp() + interval '2 s')");
  ASSERT_TRUE(test::eventually([&] {
    return value("select coalesce(max(last_error), '') from outbox_exception where key = 'late'") ==
           "paused by an operator";
  }));
  EXPECT_EQ(value("select attempts from outbox_exception where key = 'late'"), "0");
  ASSERT_NO_FATAL_FAILURE(pause(false));
  EXPECT_TRUE(all_settled("true")) << unsent("true");
  EXPECT_EQ(value("select count(*) from outbox_attempt"), "0");
}

}  // namespace
}  // namespace outbox
