// One relay at a time, waiting for work, and two threads on one source.
#include <chrono>
#include <future>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "tests/conformance/source/source_test.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

class RelayTest : public SourceTest {
 protected:
  // As a relay that has nothing to do: claims and waits, until something comes or `limit` is over.
  std::vector<std::int64_t> await_messages(milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    while (Clock::now() < deadline) {
      const Batch batch = must(source_->claim(100));
      if (!batch.records.empty()) {
        return seqs_of(batch);
      }
      must(source_->await_work(limit, std::stop_token{}));
    }
    return {};
  }

  // Idle for so long that the source may have gone to sleep.
  void idle(milliseconds time) {
    const auto deadline = Clock::now() + time;
    while (Clock::now() < deadline) {
      ASSERT_THAT(must(source_->claim(100)).records, IsEmpty());
      must(source_->await_work(std::chrono::ceil<milliseconds>(deadline - Clock::now()),
                               std::stop_token{}));
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Source, RelayTest, testing::ValuesIn(all_drivers()),
                         [](const auto& driver) { return driver.param.name; });

TEST_P(RelayTest, ASecondRelayIsRefusedUntilTheFirstLeaves) {
  if (!GetParam().excludes_other_relays) {
    return;
  }
  const std::int64_t seq = append("a");
  connect();
  const std::unique_ptr<Source> second = driver_->make_source({.owner = "relay-2"});
  const Result<Exceptions> refused = second->connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(claim_all_seqs(), ElementsAre(seq)) << "the first is not disturbed";
  source_->close();
  source_->leave();
  ASSERT_TRUE(eventually([&] { return second->connect().ok(); }));
  EXPECT_THAT(seqs_of(must(second->claim(10))), ElementsAre(seq));
}

TEST_P(RelayTest, CloseMayComeTwiceAndBeforeConnect) {
  source_->close();
  connect();
  source_->close();
  source_->close();
  connect();
  EXPECT_THAT(claim_all_seqs(), IsEmpty());
}

TEST_P(RelayTest, AwaitWorkEndsWithTheTimeout) {
  connect();
  idle(milliseconds{600});
  const auto begin = Clock::now();
  must(source_->await_work(milliseconds{100}, std::stop_token{}));
  EXPECT_LT(Clock::now() - begin, seconds{10});
}

TEST_P(RelayTest, AwaitWorkEndsWhenStopIsRequested) {
  connect();
  idle(milliseconds{600});
  std::stop_source stop;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(milliseconds{100});
    stop.request_stop();
  }};
  const auto begin = Clock::now();
  while (!stop.stop_requested() && Clock::now() - begin < seconds{20}) {
    must(source_->await_work(seconds{20}, stop.get_token()));
    must(source_->claim(10));
  }
  EXPECT_LT(Clock::now() - begin, seconds{15});
}

TEST_P(RelayTest, AwaitWorkEndsAtOnceWhenStopWasRequestedBefore) {
  connect();
  idle(milliseconds{600});
  std::stop_source stop;
  stop.request_stop();
  const auto begin = Clock::now();
  must(source_->await_work(seconds{20}, stop.get_token()));
  EXPECT_LT(Clock::now() - begin, seconds{15});
}

TEST_P(RelayTest, AwaitWorkEndsWhenAMessageComes) {
  connect();
  for (const milliseconds before : {milliseconds{0}, milliseconds{700}}) {
    idle(before);
    std::future<std::int64_t> written = std::async(std::launch::async, [&] {
      std::this_thread::sleep_for(milliseconds{100});
      return append("a");
    });
    const std::vector<std::int64_t> found = await_messages(seconds{20});
    EXPECT_THAT(found, ElementsAre(written.get()));
  }
}

// One thread claims, another settles what it is handed, a third writes.
TEST_P(RelayTest, ClaimAndSettleRunAtTheSameTime) {
  constexpr int kWrites = 60;
  constexpr std::size_t kEach = 50;
  connect();
  const std::jthread writer{[&] {
    const std::vector<Message> messages(kEach, message_of("a"));
    for (int i = 0; i < kWrites; ++i) {
      driver_->append(messages);
    }
  }};
  std::vector<Batch> handed;
  std::mutex mutex;
  const std::jthread settler{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<Batch> batches;
      {
        const std::lock_guard lock{mutex};
        batches.swap(handed);
      }
      Settlement settlement;
      for (const Batch& batch : batches) {
        settlement.through = batch.number;
        for (const Record& record : batch.records) {
          settlement.delivered.push_back(Receipt{record.seq, "t", 0, record.seq});
        }
      }
      if (settlement.empty()) {
        std::this_thread::yield();
      } else {
        must(source_->settle(settlement));
      }
    }
  }};
  std::set<std::int64_t> claimed;
  const auto deadline = Clock::now() + seconds{60};
  while (claimed.size() < kWrites * kEach && Clock::now() < deadline) {
    Batch batch = must(source_->claim(37));
    for (const Record& record : batch.records) {
      EXPECT_TRUE(claimed.insert(record.seq).second) << record.seq << " came twice";
    }
    const std::lock_guard lock{mutex};
    handed.push_back(std::move(batch));
  }
  EXPECT_EQ(claimed.size(), kWrites * kEach);
  EXPECT_TRUE(eventually([&] { return driver_->receipts().size() == claimed.size(); }));
}

}  // namespace
}  // namespace outbox::test
