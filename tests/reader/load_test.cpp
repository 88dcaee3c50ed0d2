// 16 writers at once, each with an xid that is far older than its key's lock.
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/reader/mutants/mutants.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/reader/trial.hpp"

namespace outbox::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kWriters = 16;
constexpr int kKeys = 100;
// So few that the writers meet all the time.
constexpr int kFewKeys = 10;

// Changes aggregates until told to stop, in one to three steps a transaction, some of them rolled
// back as a whole or to a savepoint.
void change_aggregates(const OutboxDatabase& database, int keys, unsigned seed,
                       const std::stop_token& stop) {
  std::mt19937 random{seed};
  const auto chance = [&](int of) { return std::uniform_int_distribution<int>{0, of - 1}(random); };
  pg::Connection connection = database.connect();
  must_exec(connection,
            "prepare change (text) as with v as (update aggregate set version = version + 1 "
            "where key = $1 returning version) insert into outbox "
            "(id, aggregatetype, aggregateid, type, payload) select gen_random_uuid(), "
            "'aggregate', $1, 'Changed', format('{\"v\": %s}', version)::json from v");
  while (!stop.stop_requested()) {
    must_exec(connection, "begin");
    must_exec(connection, "select pg_current_xact_id()");
    std::this_thread::sleep_for(microseconds{chance(4'000)});
    // Keys in ascending order, so that there is no deadlock.
    const int steps = 1 + chance(3);
    int key = chance(keys / 2);
    for (int step = 0; step < steps && key < keys; ++step, key += 1 + chance(20)) {
      const std::string change = "execute change ('" + key_name(key) + "')";
      if (chance(8) == 0) {
        must_exec(connection, "savepoint s");
        must_exec(connection, change);
        must_exec(connection, "rollback to savepoint s");
      }
      must_exec(connection, change);
    }
    if (chance(10) == 0) {
      std::this_thread::sleep_for(microseconds{chance(20'000)});
    }
    must_exec(connection, chance(10) == 0 ? "rollback" : "commit");
  }
}

struct LoadVerdict {
  std::int64_t messages = 0;  // committed
  std::int64_t lost = 0;
  std::int64_t swapped = 0;
  std::int64_t repeated = 0;
};

class Account {
 public:
  void add(const std::vector<Delivered>& messages) {
    for (const Delivered& message : messages) {
      std::vector<bool>& seen = seen_[message.key];
      const auto index = static_cast<std::size_t>(message.version);
      if (index < seen.size() && seen[index]) {
        ++verdict_.repeated;
        continue;
      }
      // The key's later messages begin behind the end of what was seen of it.
      verdict_.swapped += index < seen.size() ? 1 : 0;
      seen.resize(std::max(seen.size(), index + 1));
      seen[index] = true;
    }
  }

  // Counts no losses yet: what was not seen may still come.
  [[nodiscard]] const LoadVerdict& so_far() const { return verdict_; }

  // The aggregates' rows tell how many messages of each key were committed: versions 1 to n.
  LoadVerdict finish(const OutboxDatabase& database) {
    pg::Connection connection = database.connect();
    const pg::Rows rows = must_exec(connection, "select key, version from aggregate");
    for (int i = 0; i < rows.size(); ++i) {
      const std::vector<bool>& seen = seen_[std::string{rows.text(i, 0)}];
      const std::int64_t committed = rows.int8(i, 1);
      verdict_.messages += committed;
      verdict_.lost += committed - std::count(seen.begin(), seen.end(), true);
    }
    return verdict_;
  }

 private:
  std::map<std::string, std::vector<bool>> seen_;  // by version
  LoadVerdict verdict_;
};

enum class Until { the_end, the_first_swap };

LoadVerdict under_load(const OutboxDatabase& database, Reader& reader, milliseconds time,
                       int keys = kKeys, Until until = Until::the_end) {
  make_aggregates(database, keys);
  Account account;
  {
    std::vector<std::jthread> writers;
    for (unsigned seed = 1; seed <= kWriters; ++seed) {
      writers.emplace_back([&database, keys, seed](const std::stop_token& stop) {
        change_aggregates(database, keys, seed, stop);
      });
    }
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end &&
           (until == Until::the_end || account.so_far().swapped == 0)) {
      account.add(reader.read());
      std::this_thread::sleep_for(milliseconds{1});
    }
  }
  account.add(reader.read());
  account.add(reader.read());
  return account.finish(database);
}

TEST(ReaderLoadTest, SixteenWritersLoseAndSwapNothing) {
  const OutboxDatabase database;
  SourceReader reader{database.url(), 100};
  const LoadVerdict verdict = under_load(database, reader, seconds{20});
  RecordProperty("messages", std::to_string(verdict.messages));
  EXPECT_GT(verdict.messages, 2'000);
  EXPECT_EQ(verdict.lost, 0);
  EXPECT_EQ(verdict.swapped, 0);
  EXPECT_EQ(verdict.repeated, 0);
}

TEST(ReaderLoadTest, TheSameLoadCatchesTheSeqCursor) {
  const OutboxDatabase database;
  const std::unique_ptr<Reader> reader = make_seq_cursor(database);
  EXPECT_GT(under_load(database, *reader, seconds{3}).lost, 0);
}

TEST(ReaderLoadTest, TheSameLoadCatchesTheXminCursor) {
  const OutboxDatabase database;
  const std::unique_ptr<Reader> reader = make_xmin_cursor(database);
  // How soon two writers meet on a key in the wrong order depends on how busy the disk is.
  EXPECT_GT(under_load(database, *reader, seconds{60}, kFewKeys, Until::the_first_swap).swapped, 0);
}

}  // namespace
}  // namespace outbox::test
