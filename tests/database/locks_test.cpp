// Retention under load: nobody waits long for a lock of it, and nothing is lost.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sources/postgres_table/retention.hpp"
#include "tests/database/narrow_partitions.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using namespace std::chrono_literals;

// For how long, in milliseconds, the writer waits that has waited longest for a lock which
// retention has or stands in front of it for.
constexpr const char* kLongestWait = R"(
  select coalesce(max(extract(epoch from clock_timestamp() - l.waitstart) * 1000), 0)::integer
    from pg_locks l join pg_stat_activity a using (pid)
   where not l.granted and a.application_name = 'outbox-test' and a.datname = current_database()
     and exists (select from pg_stat_activity r
                  where r.pid = any (pg_blocking_pids(l.pid))
                    and r.application_name like '%retention'))";

// What the threads of the test share.
struct Load {
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> written{0};
  std::atomic<std::int64_t> transactions{0};
  std::int64_t read = 0;
  int longest_wait_ms = 0;
  int samples = 0;
  std::atomic<std::int64_t> freed{0};
  std::atomic<std::int64_t> dropped{0};
  std::atomic<std::int64_t> busy{0};
};

void write(pg::Connection connection, Load& load, int rows) {
  while (!load.stop) {
    must_exec(connection, "begin");
    insert_rows(connection, rows);
    insert_rows(connection, 1);
    must_exec(connection, "commit");
    load.written += rows + 1;
    ++load.transactions;
  }
}

// Has the table for so long that retention cannot wait for it, and lets go of it in between.
void write_slowly(pg::Connection connection, Load& load) {
  while (!load.stop) {
    must_exec(connection, "begin");
    insert_rows(connection, 1);
    must_exec(connection, "select pg_sleep(0.3)");
    must_exec(connection, "commit");
    ++load.written;
    std::this_thread::sleep_for(300ms);
  }
}

void sample(pg::Connection connection, Load& load) {
  while (!load.stop) {
    load.longest_wait_ms =
        std::max(load.longest_wait_ms, std::stoi(value_of(connection, kLongestWait)));
    ++load.samples;
    std::this_thread::sleep_for(2ms);
  }
}

void read_all(const std::string& url, Load& load) {
  SourceReader reader{url, 1000};
  while (!load.stop) {
    load.read += static_cast<std::int64_t>(reader.read().size());
  }
  load.read += static_cast<std::int64_t>(reader.read().size());
}

void retain_all(const std::string& url, Load& load) {
  while (!load.stop) {
    const postgres_table::RetentionReport report = retain(url);
    load.freed += report.freed;
    load.dropped += report.dropped;
    load.busy += report.busy;
  }
}

TEST(RetentionUnderLoadTest, KeepsNoWriterWaitingAndLosesNothing) {
  const OutboxDatabase database;
  pg::Connection connection = database.connect();
  narrow_partitions(connection, 2'000);
  must_exec(connection, "select outbox_add_partitions(60)");  // enough, however slow retention is
  Load load;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] { write(database.connect(), load, 5 + 20 * i); });
    }
    threads.emplace_back([&] { write_slowly(database.connect(), load); });
    threads.emplace_back([&] { read_all(database.url(), load); });
    threads.emplace_back([&] { retain_all(database.url(), load); });
    threads.emplace_back([&] { sample(database.connect(), load); });
    // Long enough to meet the slow writer again and again, and for a busy machine to get that far.
    const auto begin = std::chrono::steady_clock::now();
    const bool enough = eventually([&] {
      return load.freed >= 3 && load.dropped >= 3 && std::chrono::steady_clock::now() - begin > 8s;
    });
    load.stop = true;
    EXPECT_TRUE(enough);
  }
  // What was written after the reader's last look.
  SourceReader reader{database.url(), 1000};
  load.read += static_cast<std::int64_t>(reader.read().size());
  std::printf(
      "written %ld in %ld transactions, freed %ld, dropped %ld, busy %ld, longest wait "
      "%d ms in %d samples\n",
      load.written.load(), load.transactions.load(), load.freed.load(), load.dropped.load(),
      load.busy.load(), load.longest_wait_ms, load.samples);
  EXPECT_EQ(load.read, load.written);
  EXPECT_GE(load.samples, 100);
  EXPECT_LT(load.longest_wait_ms, 100);
}

}  // namespace
}  // namespace outbox::test
