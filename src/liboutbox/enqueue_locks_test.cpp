#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "liboutbox/enqueue_test.hpp"
#include "tests/support/eventually.hpp"

namespace outbox {
namespace {

using test::eventually;
using test::must_exec;
using test::value_of;

// Two transactions that write the same keys. The second must draw no seq before the first ends.
class LockKeysTest : public EnqueueTest {
 protected:
  static OutboxOptions locking() {
    OutboxOptions options;
    options.lock_keys = true;
    return options;
  }

  std::string last_seq() {
    return value_of(connection_,
                    "select coalesce(pg_sequence_last_value("
                    "pg_get_serial_sequence('outbox', 'seq')), 0)");
  }

  bool someone_waits() {
    return value_of(connection_,
                    "select count(*) from pg_stat_activity where wait_event = 'advisory' "
                    "and datname = current_database()") != "0";
  }

  const Outbox locking_{locking()};
};

TEST_F(LockKeysTest, DrawsNoSeqBeforeAllItsKeysAreLocked) {
  auto first = database_.connect();
  must_exec(first, "begin");
  Transaction first_transaction{first.raw()};
  ASSERT_TRUE(locking_.enqueue(first_transaction, message_of("contended")));
  ASSERT_EQ(last_seq(), "1");

  std::jthread second{[&] {
    auto connection = database_.connect();
    must_exec(connection, "begin");
    Transaction transaction{connection.raw()};
    std::vector<Message> messages;
    for (int i = 0; i < 50; ++i)
      messages.push_back(message_of("free " + std::to_string(i)));
    messages.push_back(message_of("contended"));
    EXPECT_TRUE(locking_.enqueue(transaction, messages));
    must_exec(connection, "commit");
  }};
  EXPECT_TRUE(eventually([&] { return someone_waits(); }));
  EXPECT_EQ(last_seq(), "1");
  // What the first one writes now goes before everything of the second.
  EXPECT_TRUE(locking_.enqueue(first_transaction, message_of("contended", "2")));
  must_exec(first, "commit");
  second.join();
  EXPECT_EQ(value_of(connection_,
                     "select string_agg(payload::text, ' ' order by seq) from outbox "
                     "where aggregateid = 'contended'"),
            "{} 2 {}");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "53");
}

TEST_F(LockKeysTest, LocksInOneOrderSoThatNoTwoCallsDeadlock) {
  constexpr int kThreads = 4;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      auto connection = database_.connect();
      Transaction transaction{connection.raw()};
      for (int round = 0; round < 25; ++round) {
        std::vector<Message> messages;
        for (int i = 0; i < 20; ++i) {
          const int key = t % 2 == 0 ? i : 19 - i;
          messages.push_back(message_of(std::to_string(key)));
        }
        must_exec(connection, "begin");
        const auto ids = locking_.enqueue(transaction, messages);
        EXPECT_TRUE(ids) << ids.error().message;
        must_exec(connection, "commit");
      }
    });
  }
  threads.clear();
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "2000");
}

TEST_F(LockKeysTest, KeepsTheOrderOfTheMessages) {
  std::vector<Message> messages;
  for (int i = 0; i < 500; ++i) {
    messages.push_back(message_of(std::to_string(i * 37 % 100), std::to_string(i)));
  }
  must_exec(connection_, "begin");
  ASSERT_TRUE(locking_.enqueue(transaction_, messages));
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from (select payload::text::int - row_number() "
                     "over (order by seq) as d from outbox) x where d <> -1"),
            "0");
}

TEST_F(EnqueueTest, DoesNotLockKeysUnlessAsked) {
  must_exec(connection_, "begin");
  ASSERT_TRUE(outbox_.enqueue(transaction_, message_of("1")));
  EXPECT_EQ(
      value_of(
          connection_,
          "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"),
      "0");
}

}  // namespace
}  // namespace outbox
