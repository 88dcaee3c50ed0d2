// Waking an idle relay within a moment, without a NOTIFY while messages flow.
#include "sources/postgres_table/doorbell.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "sources/postgres_table/sql.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// Far above what waking takes, also on a machine under load, and below the timeout with which the
// relay waits.
constexpr seconds kWakesWithin{5};
constexpr seconds kTimeout{10};
// Of the doorbell: without work for so long, it arms.
constexpr milliseconds kIdleAfter{250};

std::int64_t us(Clock::duration time) {
  return std::chrono::ceil<std::chrono::microseconds>(time).count();
}

class DoorbellTest : public testing::Test {
 protected:
  DoorbellTest() {
    must(source_.connect());
    must_exec(listener_, "listen \"public.outbox\"");
  }

  bool armed() {
    return !value_of(connection_, "select pg_sequence_last_value('outbox_doorbell')").empty();
  }

  // The relay's reading thread: claims, and waits when nothing is new. Counts what it has found.
  void start_relay() {
    relay_ = std::jthread{[this](const std::stop_token& stop) {
      Clock::time_point last_work = Clock::now();
      while (!stop.stop_requested()) {
        const Clock::time_point begin = Clock::now();
        const std::size_t found = must(source_.claim(100)).records.size();
        if (found == 0) {
          must(source_.await_work(kTimeout, stop));
          longest_idle_us_ = std::max(longest_idle_us_.load(), us(Clock::now() - last_work));
        } else {
          last_work = begin;
        }
        found_ += static_cast<int>(found);
      }
    }};
  }
  void stop_relay() {
    relay_.request_stop();
    relay_.join();
  }

  void await_armed() {
    ASSERT_TRUE(eventually([this] { return armed(); }));
  }

  bool woken_within(milliseconds time, int rows) {
    return eventually([this, rows] { return found_ == rows; }, time);
  }

  // One message wakes the relay, others follow without a pause. How often the doorbell rang;
  // nothing when this machine made a pause in which the relay may arm.
  std::optional<int> rings_while_messages_flow() {
    await_armed();
    int written = found_ + 1;
    insert_rows(connection_, 1);
    EXPECT_TRUE(eventually([&] { return found_ == written && !armed(); }));
    longest_idle_us_ = 0;
    for (const auto end = Clock::now() + milliseconds{600}; Clock::now() < end; ++written) {
      insert_rows(connection_, 1);
      std::this_thread::sleep_for(milliseconds{2});
    }
    EXPECT_TRUE(eventually([&] { return found_ == written; }));
    const std::int64_t pause_us = longest_idle_us_;
    const int rung = rings();
    return pause_us < us(kIdleAfter) ? std::optional{rung} : std::nullopt;
  }

  int rings() {
    int count = 0;
    while (must(listener_.wait_notification(milliseconds{200}))) {
      ++count;
    }
    return count;
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  pg::Connection listener_ = database_.connect();
  PostgresTableSource source_{source_options(database_.url())};
  std::atomic<int> found_{0};
  // At least how long the doorbell was left without work; counted from before each claim that found
  // some to after each wait.
  std::atomic<std::int64_t> longest_idle_us_{0};
  std::jthread relay_;  // last: stopped and joined before what it uses goes
};

TEST_F(DoorbellTest, ACommitWakesAnIdleRelay) {
  start_relay();
  for (int i = 1; i <= 3; ++i) {
    await_armed();
    // Long enough for it to be asleep, whatever it still had to look after.
    std::this_thread::sleep_for(milliseconds{150});
    insert_rows(connection_, 1);
    EXPECT_TRUE(woken_within(kWakesWithin, i));
    EXPECT_TRUE(eventually([this] { return !armed(); }));
  }
  stop_relay();
}

// Its trigger saw the doorbell unarmed, so it ends without a ring.
TEST_F(DoorbellTest, ATransactionFromBeforeArmingIsFoundSoon) {
  pg::Connection writer = database_.connect();
  must_exec(writer, "begin");
  insert_rows(writer, 1);
  start_relay();
  await_armed();
  std::this_thread::sleep_for(milliseconds{700});
  must_exec(writer, "commit");
  EXPECT_TRUE(woken_within(kWakesWithin, 1));
  EXPECT_EQ(rings(), 0);
  stop_relay();
}

TEST_F(DoorbellTest, NobodyRingsWhileMessagesFlow) {
  start_relay();
  std::optional<int> rung;
  for (int round = 0; round < 20 && !rung; ++round) {
    rung = rings_while_messages_flow();
  }
  stop_relay();
  ASSERT_TRUE(rung) << "this machine did not leave the relay without a pause in any round";
  EXPECT_EQ(*rung, 1) << "the one that woke it";
}

TEST_F(DoorbellTest, AClosedRelayLeavesTheDoorbellUnarmed) {
  start_relay();
  await_armed();
  stop_relay();
  source_.close();
  EXPECT_FALSE(armed());
}

TEST_F(DoorbellTest, TheNextRelayDisarmsWhatAKilledOneLeft) {
  start_relay();
  await_armed();
  stop_relay();
  must_exec(connection_,
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name like 'outbox-processor%'");
  source_.close();
  ASSERT_TRUE(armed());
  PostgresTableSource next{source_options(database_.url())};
  ASSERT_TRUE(eventually([&] { return next.connect().ok(); }));
  EXPECT_FALSE(armed());
}

// A ring can come along with the answer to a query that did not see its message.
TEST_F(DoorbellTest, ARingThatCameWithAnAnswerIsNotLost) {
  pg::Connection connection = database_.connect();
  const auto tables = must(postgres_table::Tables::find(connection, "outbox"));
  postgres_table::Doorbell doorbell{connection, tables};
  must(doorbell.listen());
  const auto snapshot = [&] {
    return must(
        postgres_table::Snapshot::parse(value_of(connection, "select pg_current_snapshot()")));
  };
  while (!armed()) {
    must(doorbell.wait(snapshot(), kTimeout, std::stop_token{}));
  }
  insert_rows(connection_, 1);
  must_exec(connection, "select pg_sleep(0.1)");
  const auto begin = Clock::now();
  must(doorbell.wait(snapshot(), kTimeout, std::stop_token{}));
  EXPECT_LT(Clock::now() - begin, kWakesWithin);
}

}  // namespace
}  // namespace outbox::test
