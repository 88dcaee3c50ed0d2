// One thousand orders a second, offered open-loop through liboutbox for a minute: the relay keeps
// up.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "core/exponential_backoff.hpp"
#include "core/relay.hpp"
#include "outbox/migrations.hpp"
#include "outbox/outbox.hpp"
#include "sinks/kafka/kafka_sink.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka_topic.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

using namespace std::chrono_literals;
using SystemClock = std::chrono::system_clock;

constexpr int kWriters = 4;
constexpr int kOrdersPerSecond = 1'000;
constexpr std::chrono::seconds kDuration{60};
constexpr int kOrders = kOrdersPerSecond * static_cast<int>(kDuration.count());
constexpr std::chrono::milliseconds kSampleEvery{100};
constexpr std::size_t kSamples = kDuration / kSampleEvery;

// When each order was committed and acknowledged, by the order's number.
struct Times {
  std::vector<SystemClock::time_point> committed = std::vector<SystemClock::time_point>(kOrders);
  std::vector<SystemClock::time_point> acknowledged = std::vector<SystemClock::time_point>(kOrders);
  std::atomic<int> commits{0};
  std::atomic<int> acknowledgements{0};
};

// The order's number is its key.
class TimingObserver final : public RelayObserver {
 public:
  explicit TimingObserver(Times& times) : times_(times) {}
  void acknowledged(const Record& record, const Delivery& /*delivery*/) override {
    times_.acknowledged.at(static_cast<std::size_t>(std::stoi(std::string{record.key}))) =
        SystemClock::now();
    ++times_.acknowledgements;
  }
  void rejected(const Record&, std::string_view, const Error& error) override { fail(error); }
  void topic_failed(const Record& /*record*/, std::string_view /*topic*/,
                    const Error& error) override {
    fail(error);
  }
  void destination_failed(const Error& error) override { fail(error); }
  void settled(const Settlement&) override {}
  void source_connected(const Exceptions&) override {}
  void source_lost(const Error& error) override { fail(error); }

 private:
  static void fail(const Error& error) { ADD_FAILURE() << error.message; }
  Times& times_;
};

// Inserts the orders first, first + kWriters, … each at its own moment, whether or not the one
// before was on time: offered load does not wait for the system.
void write_orders(const std::string& url, int first, SystemClock::time_point start, Times& times) {
  Result<pg::Connection> connection = pg::Connection::connect(url);
  ASSERT_TRUE(connection) << connection.error().message;
  const Outbox outbox;
  const std::string payload = R"({"note":")" + std::string(230, 'x') + R"("})";
  for (int order = first; order < kOrders; order += kWriters) {
    std::this_thread::sleep_until(start +
                                  order * std::chrono::microseconds{1'000'000 / kOrdersPerSecond});
    const std::string key = std::to_string(order);
    Message message;
    message.aggregate_type = "order";
    message.aggregate_id = key;
    message.type = "OrderCreated";
    message.payload = payload;
    Result<pg::Tx> tx = pg::Tx::begin(*connection);
    ASSERT_TRUE(tx) << tx.error().message;
    pg::Params params;
    params.int8(order);
    ASSERT_TRUE(connection->query("insert into orders (id) values ($1::bigint)", params));
    Transaction transaction{connection->raw()};
    const Result<Uuid> enqueued = outbox.enqueue(transaction, message);
    ASSERT_TRUE(enqueued) << enqueued.error().message;
    ASSERT_TRUE(tx->commit());
    times.committed.at(static_cast<std::size_t>(order)) = SystemClock::now();
    ++times.commits;
  }
}

// The oldest pending message's age, every 100 ms while orders are written.
std::vector<std::int64_t> sample_ages_ms(const std::string& url, SystemClock::time_point start) {
  postgres_table::StatusReader status{url, "outbox", 0ms};
  std::vector<std::int64_t> ages;
  for (auto next = start; next < start + kDuration; next += kSampleEvery) {
    std::this_thread::sleep_until(next);
    if (SystemClock::now() >= next + kSampleEvery) {
      continue;  // the one before took too long: it does not count twice
    }
    const Result<SourceStatus> seen = status.read();
    EXPECT_TRUE(seen) << seen.error().message;
    if (seen) ages.push_back(seen->oldest_pending_age_ms);
  }
  return ages;
}

double percentile(std::vector<double>& sorted, double share) {
  return sorted.at(static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1)));
}

TEST(SteadyLoad, a_thousand_orders_a_second_for_a_minute_never_leave_one_pending_for_a_second) {
  const test::TestDatabase database;
  pg::Connection setup = database.connect();
  ASSERT_TRUE(migrate(setup.raw(), {}));
  test::must_exec(setup, "create table orders (id bigint primary key)");
  const std::string brokers = test::require_env("OUTBOX_TEST_KAFKA");
  const test::KafkaTopic topic =
      test::KafkaTopic::create(brokers, test::unique_topic_name("steady-load"), 6);

  Times times;
  TimingObserver observer{times};
  PostgresTableOptions source_options;
  source_options.url = database.url();
  source_options.owner = "steady-load";
  PostgresTableSource source{source_options};
  kafka::KafkaSettings sink_settings;
  sink_settings.brokers = brokers;
  sink_settings.topic = topic.name();
  kafka::KafkaSink sink{sink_settings};
  ExponentialBackoff retry{{}, 1};
  const SteadyClock clock;
  Relay relay{{}, source, sink, retry, clock, observer};
  std::jthread relaying{[&](const std::stop_token& stop) { EXPECT_TRUE(relay.run(stop)); }};

  const SystemClock::time_point start = SystemClock::now() + 500ms;
  std::vector<std::int64_t> ages_ms;
  std::jthread sampling{[&] { ages_ms = sample_ages_ms(database.url(), start); }};
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] { write_orders(database.url(), i, start, times); });
    }
  }
  const double elapsed = std::chrono::duration<double>(SystemClock::now() - start).count();
  EXPECT_TRUE(test::eventually([&] { return times.acknowledgements == kOrders; }, 10s));
  sampling.join();
  relaying.request_stop();
  relaying.join();

  const double rate = times.commits / elapsed;
  EXPECT_EQ(times.commits, kOrders);
  EXPECT_GE(rate, 0.99 * kOrdersPerSecond);
  EXPECT_GE(ages_ms.size(), kSamples * 8 / 10) << "too few looks to tell";
  ASSERT_FALSE(ages_ms.empty());
  const std::int64_t oldest_ms = *std::max_element(ages_ms.begin(), ages_ms.end());
  EXPECT_GT(oldest_ms, 0) << "a look that never sees a pending message says nothing";
  EXPECT_LE(oldest_ms, 1'000);
  std::vector<double> commit_to_ack_ms;
  for (std::size_t i = 0; i < times.committed.size(); ++i) {
    commit_to_ack_ms.push_back(
        std::chrono::duration<double, std::milli>(times.acknowledged[i] - times.committed[i])
            .count());
  }
  std::sort(commit_to_ack_ms.begin(), commit_to_ack_ms.end());
  // Each one, also between two looks; the promise is of the age when looked at.
  EXPECT_LE(commit_to_ack_ms.back(), 2'000);
  std::printf(
      "measured: steady load: %.1f orders/s offered and written, oldest pending %lld ms, "
      "commit to broker ack p50 %.2f ms, p99 %.2f ms\n",
      rate, static_cast<long long>(oldest_ms), percentile(commit_to_ack_ms, 0.5),
      percentile(commit_to_ack_ms, 0.99));
}

}  // namespace
}  // namespace outbox
