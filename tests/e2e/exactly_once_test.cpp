// Exactly once into Kafka: who reads committed messages gets each once and in order, whatever the
// relay is interrupted at.
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using testing::Contains;
using testing::HasSubstr;

enum class Moment { before_prepare, prepared, before_commit, committed, before_resolve, resolved };

// Stands between the relay and its source and sink, and tells of each moment of a transaction; what
// it is answered takes the place of the call's answer.
class Interruptions final : public TransactionalSource, public TransactionalSink {
 public:
  using Interrupt = std::function<bool(Moment)>;

  Interruptions(TransactionalSource& source, TransactionalSink& sink, Interrupt interrupt)
      : source_(source), sink_(sink), interrupt_(std::move(interrupt)) {}

  [[nodiscard]] TransactionScope transaction_scope() const override {
    return source_.transaction_scope();
  }
  Result<void> enlist(const TransactionSender& sender) override { return source_.enlist(sender); }
  Result<PreparedTransaction> prepare(const Settlement& settlement) override {
    if (interrupt_(Moment::before_prepare)) return lost();
    Result<PreparedTransaction> prepared = source_.prepare(settlement);
    if (interrupt_(Moment::prepared)) return lost();
    return prepared;
  }
  Result<void> resolve(const Settlement& settlement) override {
    if (interrupt_(Moment::before_resolve)) return lost();
    Result<void> resolved = source_.resolve(settlement);
    if (interrupt_(Moment::resolved)) return lost();
    return resolved;
  }

  Result<TransactionSender> open(const TransactionScope& scope) override {
    return sink_.open(scope);
  }
  Result<void> begin() override { return sink_.begin(); }
  [[nodiscard]] std::optional<Error> problem() const override { return sink_.problem(); }
  Result<void> commit(const PreparedTransaction& transaction) override {
    if (interrupt_(Moment::before_commit)) return unknown();
    Result<void> committed = sink_.commit(transaction);
    if (interrupt_(Moment::committed)) return unknown();
    return committed;
  }
  [[nodiscard]] bool is_stale() const override { return sink_.is_stale(); }
  void abandon() override { sink_.abandon(); }

 private:
  static Error lost() { return {ErrorCode::source_unavailable, "the answer was lost"}; }
  static Error unknown() { return {ErrorCode::timeout, "the answer was lost"}; }

  TransactionalSource& source_;
  TransactionalSink& sink_;
  Interrupt interrupt_;
};

// One relay on a thread of its own.
class RunningRelay {
 public:
  RunningRelay(const PostgresTableOptions& source, const kafka::KafkaSettings& sink,
               Interruptions::Interrupt interrupt)
      : judge_(sink),
        source_([&] {
          PostgresTableOptions options = source;
          options.judge = &judge_;
          return options;
        }()),
        sink_(sink),
        interruptions_(source_, sink_, std::move(interrupt)) {
    RelayOptions options;
    options.batch_limit = 500;
    options.reconnect = {1ms, 20ms};
    options.transaction.messages = 2'000;
    options.engine.settle_interval = 1h;  // transactions do not wait for it
    thread_ = std::jthread{[this, options](const std::stop_token& stop) {
      ExponentialBackoff retry{{10ms, 50ms}, 1};
      const SteadyClock clock;
      Relay relay{options,
                  source_,
                  sink_,
                  retry,
                  clock,
                  observer_,
                  TransactionPair{interruptions_, interruptions_}};
      result_ = relay.run(stop);
    }};
  }

  Result<void> stop() {
    thread_ = {};
    return result_;
  }
  // Ends by itself.
  Result<void> join() {
    thread_.join();
    return result_;
  }
  [[nodiscard]] std::vector<std::string> events() const { return observer_.events(); }

 private:
  kafka::TransactionLog judge_;
  PostgresTableSource source_;
  kafka::KafkaSink sink_;
  Interruptions interruptions_;
  RecordingObserver observer_;
  Result<void> result_;
  std::jthread thread_;
};

class ExactlyOnceTest : public testing::TestWithParam<std::string> {
 protected:
  static constexpr int kKeys = 50;
  static constexpr int kPartitions = 3;

  ExactlyOnceTest() {
    source_.url = database_.url();
    source_.lease = 2s;
    sink_.brokers = brokers_;
    sink_.topic = topic_.name();
    sink_.exactly_once = true;
    sink_.position_topic = test::unique_topic_name("position");
  }

  void SetUp() override {
    if (GetParam() == "wal") {
      Result<postgres_table::Tables> tables =
          postgres_table::Tables::find(connection_, source_.table);
      ASSERT_TRUE(tables);
      const auto slot =
          postgres_table::read_log(connection_, source_.url, *tables, {}, {.actor = "test"});
      ASSERT_TRUE(slot) << slot.error().message;
      slot_ = *slot;
    }
  }
  void TearDown() override {
    relays_.clear();
    if (!slot_.empty()) {
      EXPECT_TRUE(test::eventually([&] {
        return bool(connection_.exec("select pg_drop_replication_slot('" + slot_ + "')"));
      }));
    }
  }

  static bool never(Moment /*moment*/) { return false; }

  RunningRelay& start(Interruptions::Interrupt interrupt = never) {
    source_.owner = "relay-" + std::to_string(relays_.size());
    relays_.push_back(std::make_unique<RunningRelay>(source_, sink_, std::move(interrupt)));
    return *relays_.back();
  }

  // Each its own transaction in the source.
  void write(int count, const std::string& payload = "1") {
    test::must_exec(connection_,
                    "do $$ begin for i in 1.." + std::to_string(count) +
                        " loop insert into outbox (id, aggregatetype, aggregateid, type, payload) "
                        "values (gen_random_uuid(), 'order', 'key-' || i % " +
                        std::to_string(kKeys) + ", 'Changed', '" + payload +
                        "'); commit; end loop; end $$");
  }

  [[nodiscard]] std::string pending() {
    return test::value_of(connection_,
                          "select count(*) from outbox_message where status <> 'processed'");
  }
  [[nodiscard]] bool all_settled() {
    return test::eventually([&] { return pending() == "0"; });
  }

  // Of each key, the ids as they were written are the ids as they are read.
  void expect_each_once_in_order() {
    std::map<std::string, std::vector<std::string>> written;
    const pg::Rows rows = test::must_exec(
        connection_, "select aggregateid, id::text from outbox order by aggregateid, seq");
    for (int i = 0; i < rows.size(); ++i) {
      written[std::string{rows.text(i, 0)}].emplace_back(rows.text(i, 1));
    }
    std::map<std::string, std::vector<std::string>> read;
    for (const test::KafkaRecord& record : topic_.read_all()) {
      read[record.key.value_or("")].push_back(record.header("id").value_or(""));
    }
    ASSERT_EQ(read.size(), written.size());
    for (const auto& [key, ids] : written) {
      EXPECT_EQ(read[key], ids) << "of key " << key;
    }
  }

  std::string brokers_ = test::require_env("OUTBOX_TEST_KAFKA");
  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  test::KafkaTopic topic_ =
      test::KafkaTopic::create(brokers_, test::unique_topic_name("exactly-once"), kPartitions,
                               {{"max.message.bytes", "20000"}});
  PostgresTableOptions source_;
  kafka::KafkaSettings sink_;
  std::string slot_;
  std::vector<std::unique_ptr<RunningRelay>> relays_;
};

INSTANTIATE_TEST_SUITE_P(Source, ExactlyOnceTest, testing::Values("table", "wal"),
                         [](const auto& param) { return param.param; });

TEST_P(ExactlyOnceTest, WhateverIsInterruptedEachMessageIsReadOnceAndInOrder) {
  constexpr std::array kMoments{Moment::before_prepare, Moment::prepared,
                                Moment::before_commit,  Moment::committed,
                                Moment::before_resolve, Moment::resolved};
  constexpr std::size_t kInterruptions = 3 * kMoments.size();
  std::atomic<std::size_t> done{0};
  std::size_t calm = 0;  // moments since the last interruption
  RunningRelay& relay = start([&](Moment moment) {
    const bool now = ++calm > kMoments.size() && done < kInterruptions &&
                     moment == kMoments.at(done % kMoments.size());
    if (now) {
      ++done;
      calm = 0;
    }
    return now;
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{2};
  while (done < kInterruptions && std::chrono::steady_clock::now() < deadline) {
    write(200);
    ASSERT_TRUE(test::eventually([&] { return std::stoi(pending()) < 2'000; }))
        << pending() << testing::PrintToString(relay.events());
  }
  EXPECT_EQ(done, kInterruptions);
  ASSERT_TRUE(all_settled()) << pending() << testing::PrintToString(relay.events());
  EXPECT_TRUE(relay.stop());
  expect_each_once_in_order();
}

TEST_P(ExactlyOnceTest, ARefusedMessageIsKeptOutOfTheNextTransactionAndHoldsItsKeyAlone) {
  write(200);
  // The broker refuses it, whatever librdkafka thinks.
  test::must_exec(connection_,
                  "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
                  "(gen_random_uuid(), 'order', 'key-7', 'Changed', to_json((select "
                  "string_agg(md5(i::text), '') from generate_series(1, 3000) i)))");
  write(200);
  RunningRelay& relay = start();
  ASSERT_TRUE(test::eventually([&] { return pending() == "5"; })) << pending();
  EXPECT_THAT(relay.events(), Contains(HasSubstr("rejected 201")));
  test::must_exec(connection_,
                  "update outbox_exception set payload = '1' where state = 'retrying'");
  ASSERT_TRUE(all_settled()) << pending();
  EXPECT_TRUE(relay.stop());
  expect_each_once_in_order();
}

// It was frozen between its promise to the database and Kafka's.
TEST_P(ExactlyOnceTest, WhoHasTheShardsNextFencesOneThatWasAboutToCommit) {
  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;
  bool released = false;
  write(100);
  RunningRelay& frozen = start([&](Moment moment) {
    std::unique_lock lock{mutex};
    if (moment == Moment::before_commit && !released) {
      reached = true;
      changed.notify_all();
      changed.wait(lock, [&] { return released; });
    }
    return false;
  });
  {
    std::unique_lock lock{mutex};
    ASSERT_TRUE(changed.wait_for(lock, 60s, [&] { return reached; }));
  }
  test::must_exec(connection_, "delete from outbox_relay; update outbox_shard set owner = ''");
  RunningRelay& next = start();
  // The frozen one goes on being a relay, and its part of the shards waits for it.
  EXPECT_TRUE(test::eventually([&] { return pending() != "100"; }));
  {
    const std::lock_guard lock{mutex};
    released = true;
  }
  changed.notify_all();
  write(100);
  EXPECT_TRUE(all_settled()) << pending();
  EXPECT_TRUE(frozen.stop());
  EXPECT_TRUE(next.stop());
  expect_each_once_in_order();
}

TEST_P(ExactlyOnceTest, ADatabaseThatWasSetBackIsRefused) {
  write(100);
  EXPECT_TRUE((start(), all_settled()));
  EXPECT_TRUE(relays_.back()->stop());
  // As the row was before the last transaction.
  test::must_exec(connection_, "update outbox_intent set n = n - 1");
  const Result<void> refused = start().join();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_history);
  EXPECT_THAT(refused.error().message, HasSubstr("source reset"));
}

TEST_P(ExactlyOnceTest, WhatIsRecordedOfSendersThatAreGoneIsRemoved) {
  for (int i = 0; i < 4; ++i) {
    write(10);
    EXPECT_TRUE((start(), all_settled()));
    EXPECT_TRUE(relays_.back()->stop());
  }
  std::map<std::string, std::string> senders;
  for (const test::KafkaRecord& record :
       test::KafkaTopic{brokers_, sink_.position_topic}.read_all()) {
    if (record.key.value_or("").starts_with("marker-")) {
      continue;
    }
    if (record.value) {
      senders[record.key.value_or("")] = *record.value;
    } else {
      senders.erase(record.key.value_or(""));
    }
  }
  EXPECT_EQ(senders.size(), 1U);
  EXPECT_EQ(test::value_of(connection_, "select count(*) from outbox_intent"), "1");
}

}  // namespace
}  // namespace outbox
