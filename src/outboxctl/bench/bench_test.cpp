// The benchmark on the real servers, small.
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "outboxctl/outboxctl_fixture.hpp"
#include "support/kafka/admin.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using testing::HasSubstr;

class BenchTest : public OutboxctlDatabaseTest {
 protected:
  std::vector<std::string> command(const std::string& seconds,
                                   const std::string& more = "--yes") const {
    return {"bench",  "--messages", "20000",
            "--rate", "200",        "--seconds",
            seconds,  "--set",      "sink.brokers=" + brokers_,
            more};
  }
  std::string cleanup() const { return outboxctl(command("1", "--cleanup")).out; }
  // The program itself, measuring for minutes.
  e2e::Process start_long() {
    std::vector<std::string> arguments = command("600");
    arguments.insert(arguments.begin(), std::string{OUTBOX_BIN_DIR} + "/outboxctl");
    return {arguments, {{"DATABASE_URL", database_.url()}}, folder_.path() / "log"};
  }
  std::string schema() {
    return value(
        "select coalesce(min(nspname), '') from pg_namespace where nspname ~ "
        "'^outbox_bench_'");
  }
  std::string roles() {
    return value("select count(*) from pg_roles where rolname ~ '^outbox_bench_'");
  }
  // Neither in the database nor beside it.
  void expect_no_trace() {
    EXPECT_EQ(schema(), "");
    EXPECT_EQ(roles(), roles_before_);
  }
  bool has_topic(const std::string& name) {
    // Growing to nothing is refused; not_found tells that it is not there.
    const auto grown = kafka_.set_partitions(name, 1);
    return grown.ok() || grown.error().code != ErrorCode::not_found;
  }
  bool is_measuring() {
    const std::string name = schema();
    return !name.empty() &&
           value("select to_regclass('" + name + "." + name + "') is not null") == "t" &&
           value("select count(*) > 20000 from " + name + "." + name) == "t";
  }

  std::string brokers_ = test::require_env("OUTBOX_TEST_KAFKA");
  kafka::Admin kafka_ = kafka::Admin::connect(brokers_).value();
  test::TemporaryFolder folder_;
  std::string roles_before_ = roles();  // of whatever else was killed on this server
};

TEST_F(BenchTest, MeasuresDrainAndLatencyAndLeavesNothing) {
  write({"mine"});
  const Outcome done = outboxctl(command("1", "--json"));
  ASSERT_EQ(done.code, ExitCode::ok) << done.err;
  const auto found = done.json();
  EXPECT_GT(found["drain"]["rate"].get<double>(), 1'000);
  EXPECT_GT(found["drain"]["cpu_seconds_per_million"].get<double>(), 0);
  const auto& latency = found["latency"]["due_to_ack_ms"];
  EXPECT_GT(latency["p50"].get<double>(), 0);
  EXPECT_LE(latency["p50"].get<double>(), latency["p99.9"].get<double>());
  expect_no_trace();
  // The outbox that is there was not touched.
  EXPECT_EQ(value("select count(*) from outbox_message where status = 'pending'"), "1");
}

TEST_F(BenchTest, IntoTheNullSinkNeedsNoBroker) {
  const Outcome done = outboxctl({"bench", "--messages", "2000", "--rate", "100", "--seconds", "1",
                                  "--set", "sink.type=null", "--set", "sink.brokers=127.0.0.1:1"});
  ASSERT_EQ(done.code, ExitCode::ok) << done.err;
  EXPECT_THAT(done.out, HasSubstr("to the null sink, 2000 messages of 256 bytes"));
  EXPECT_THAT(done.out, HasSubstr("p99.9"));
  expect_no_trace();
}

TEST_F(BenchTest, ABrokerThatIsAwayIsSaidAndNothingIsLeft) {
  const Outcome done = outboxctl({"bench", "--set", "sink.brokers=127.0.0.1:1"});
  EXPECT_NE(done.code, ExitCode::ok);
  EXPECT_THAT(done.err, HasSubstr("no broker can be reached"));
  expect_no_trace();
}

TEST_F(BenchTest, AnInterruptEndsItAndItCleansUp) {
  e2e::Process bench = start_long();
  ASSERT_TRUE(eventually([&] { return is_measuring(); }));
  const std::string name = schema();
  EXPECT_TRUE(has_topic(name));
  bench.signal(SIGINT);
  EXPECT_EQ(bench.wait(60s), 1);
  expect_no_trace();
  EXPECT_TRUE(eventually([&] { return !has_topic(name); }));
}

TEST_F(BenchTest, WhatAKilledOneLeftIsRemovedWhenToldAndNotBefore) {
  e2e::Process bench = start_long();
  ASSERT_TRUE(eventually([&] { return is_measuring(); }));
  const std::string name = schema();
  // It runs: it is not a leftover.
  EXPECT_THAT(cleanup(), HasSubstr("no benchmark has left anything"));
  bench.kill();
  ASSERT_TRUE(eventually([&] { return cleanup() == "removed " + name + "\n"; }));
  expect_no_trace();
  EXPECT_TRUE(eventually([&] { return !has_topic(name); }));
}

TEST_F(BenchTest, WhatItCannotMeasureIsRefused) {
  const Outcome http = outboxctl({"bench", "--set", "sink.type=http"});
  EXPECT_EQ(http.code, ExitCode::usage);
  EXPECT_THAT(http.err, HasSubstr("sink.type=http"));
  const Outcome sqlite = outboxctl({"bench", "--set", "source.url=sqlite:shop.db"});
  EXPECT_EQ(sqlite.code, ExitCode::usage);
  EXPECT_THAT(sqlite.err, HasSubstr("SQLite"));
}

}  // namespace
}  // namespace outbox::ctl
