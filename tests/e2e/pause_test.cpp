// Operators pause an outbox before its relay starts: nothing is sent until they let it go on.
#include "admin/pause.hpp"

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "core/exponential_backoff.hpp"
#include "core/relay.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/recording_observer.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

using namespace std::chrono_literals;

class PauseTest : public testing::Test {
 protected:
  // The membership looks every 500 ms, as with the default lease.
  void start() {
    thread_ = std::jthread{[this](const std::stop_token& stop) {
      PostgresTableOptions options;
      options.url = database_.url();
      options.owner = "relay";
      PostgresTableSource source{options};
      ExponentialBackoff retry{{1s, 1s}, 1};
      const SteadyClock clock;
      Relay relay{{}, source, sink_, retry, clock, observer_};
      const Result<void> ended = relay.run(stop);
      EXPECT_TRUE(ended) << ended.error().message;
    }};
  }
  void pause(bool paused) {
    auto outbox = admin::PostgresOutbox::open(database_.url(), "outbox", "alice");
    ASSERT_TRUE(outbox);
    const auto changed = admin::set_paused(*outbox, paused);
    ASSERT_TRUE(changed) << changed.error().message;
  }
  void write(int rows) {
    test::must_exec(connection_,
                    "insert into outbox (id, aggregatetype, aggregateid, type, payload) select "
                    "gen_random_uuid(), 'order', i % 10, 'Changed', '1' from generate_series(1, " +
                        std::to_string(rows) + ") i");
  }
  [[nodiscard]] bool connected_times(std::size_t times) {
    return test::eventually([&] {
      std::size_t connects = 0;
      for (const std::string& event : observer_.events()) {
        connects += event.starts_with("source connected") ? 1U : 0U;
      }
      return connects >= times;
    });
  }
  [[nodiscard]] bool sends(std::size_t messages) {
    return test::eventually([&] { return sink_.arrived_count() >= messages; }, 1'500ms);
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  FakeSink sink_;
  RecordingObserver observer_;
  std::jthread thread_;
};

TEST_F(PauseTest, ARelayThatIsStartedMeanwhileOrHasToConnectAgainSendsNothing) {
  sink_.deliver_at_once(true);
  write(1'000);
  ASSERT_NO_FATAL_FAILURE(pause(true));
  start();
  ASSERT_TRUE(connected_times(1));
  EXPECT_FALSE(sends(1));
  test::must_exec(connection_, "update outbox_shard set released = true where shard = 3");
  ASSERT_TRUE(connected_times(2));
  EXPECT_FALSE(sends(1));
  ASSERT_NO_FATAL_FAILURE(pause(false));
  EXPECT_TRUE(test::eventually([&] { return sink_.arrived_count() == 1'000; }));
}

}  // namespace
}  // namespace outbox
