#include "support/pg/pool.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/test_database.hpp"

namespace outbox::pg {
namespace {

using namespace std::chrono_literals;
using test::must_exec;
using test::TestDatabase;
using test::value_of;

class PoolTest : public testing::Test {
 protected:
  static PoolOptions of_size(std::size_t size) {
    PoolOptions options;
    options.size = size;
    return options;
  }

  void terminate_all() {
    auto other = database_.connect();
    must_exec(other,
              "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
              "where datname = current_database() and pid <> pg_backend_pid()");
  }

  TestDatabase database_;
};

TEST_F(PoolTest, ReusesAConnectionThatCameBack) {
  Pool pool{database_.url(), of_size(2)};
  std::string first;
  {
    auto lease = pool.acquire(1s);
    ASSERT_TRUE(lease) << lease.error().message;
    first = value_of(**lease, "select pg_backend_pid()");
  }
  auto lease = pool.acquire(1s);
  ASSERT_TRUE(lease);
  EXPECT_EQ(value_of(**lease, "select pg_backend_pid()"), first);
}

TEST_F(PoolTest, WaitsNoLongerThanTheTimeoutWhenAllAreInUse) {
  Pool pool{database_.url(), of_size(1)};
  auto held = pool.acquire(1s);
  ASSERT_TRUE(held);
  auto second = pool.acquire(20ms);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::timeout);
}

TEST_F(PoolTest, NeverHandsOutMoreThanItsSize) {
  Pool pool{database_.url(), of_size(3)};
  std::atomic<int> in_use{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          auto lease = pool.acquire(30s);
          if (!lease) return;
          const int now = ++in_use;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          must_exec(**lease, "select 1");
          --in_use;
          ++done;
        }
      });
    }
  }
  EXPECT_EQ(done, 160);
  EXPECT_LE(most, 3);
}

TEST_F(PoolTest, ReplacesAConnectionThatBrokeWhileIdle) {
  PoolOptions options = of_size(1);
  options.check_after_idle = 0ms;
  Pool pool{database_.url(), options};
  ASSERT_TRUE(pool.acquire(1s));
  terminate_all();
  auto lease = pool.acquire(1s);
  ASSERT_TRUE(lease);
  EXPECT_EQ(value_of(**lease, "select 1"), "1");
}

TEST_F(PoolTest, ReplacesAConnectionThatBrokeInUse) {
  Pool pool{database_.url(), of_size(1)};
  {
    auto lease = pool.acquire(1s);
    ASSERT_TRUE(lease);
    terminate_all();
    ASSERT_FALSE((*lease)->exec("select 1"));
  }
  auto lease = pool.acquire(1s);
  ASSERT_TRUE(lease);
  EXPECT_EQ(value_of(**lease, "select 1"), "1");
}

TEST_F(PoolTest, DoesNotPassOnAnOpenTransaction) {
  Pool pool{database_.url(), of_size(1)};
  {
    auto lease = pool.acquire(1s);
    ASSERT_TRUE(lease);
    must_exec(**lease, "begin");
  }
  auto lease = pool.acquire(1s);
  ASSERT_TRUE(lease);
  EXPECT_TRUE((*lease)->idle());
}

TEST_F(PoolTest, GivesTheSlotBackWhenConnectingFails) {
  Pool pool{"postgresql://nobody@127.0.0.1:1/none", of_size(1)};
  for (int i = 0; i < 3; ++i) {
    auto lease = pool.acquire(10ms);
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().code, ErrorCode::source_unavailable);
  }
}

TEST_F(PoolTest, PreparesEachNewConnection) {
  PoolOptions options = of_size(1);
  options.prepare = [](Connection& connection) { return connection.prepare("one", "select 1"); };
  Pool pool{database_.url(), options};
  auto lease = pool.acquire(1s);
  ASSERT_TRUE(lease);
  EXPECT_TRUE((*lease)->query_prepared("one"));
}

}  // namespace
}  // namespace outbox::pg
