// The system on embedded parts: two SQLite files, webhooks between the programs. Each program is
// killed (SIGKILL) again and again while orders come in, at moments that a seed chooses.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "demo/audit.hpp"
#include "demo/order_driver.hpp"
#include "sources/sqlite/status_reader.hpp"
#include "support/sqlite/database.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::e2e {
namespace {

using namespace std::chrono_literals;

constexpr int kKillsOfEach = 200;
constexpr std::int64_t kOrdersAtOnce = 100;
constexpr std::array kPrograms{"order-service", "outbox-processor", "invoice-service"};

class EmbeddedKills : public testing::Test {
 protected:
  EmbeddedKills() {
    targets_.orders_database = "sqlite:" + orders_;
    targets_.invoices_database = "sqlite:" + invoices_;
    Process migrate{{bin("outboxctl"), "migrate"},
                    {{"DATABASE_URL", targets_.orders_database}},
                    folder_.path() / "migrate.log"};
    if (migrate.wait(1min) != 0) throw std::runtime_error("outboxctl migrate failed");
    for (const char* program : kPrograms)
      ports_[program] = free_port();
    for (const char* program : kPrograms)
      start(program);
  }

  static std::string bin(const std::string& program) {
    return std::string{OUTBOX_BIN_DIR} + "/" + program;
  }
  [[nodiscard]] std::string url(const std::string& program) const {
    return "http://127.0.0.1:" + std::to_string(ports_.at(program));
  }

  void start(const std::string& program) {
    const std::string secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const std::map<std::string, Environment> settings{
        {"order-service", {{"DATABASE_URL", targets_.orders_database}}},
        {"outbox-processor",
         {{"DATABASE_URL", targets_.orders_database},
          {"OUTBOX_SINK__TYPE", "http"},
          {"OUTBOX_SINK__HTTP__URL", url("invoice-service") + "/v1/events"},
          {"OUTBOX_SINK__HTTP__SECRETS", secret},
          {"OUTBOX_SINK__HTTP__ALLOW_PRIVATE_NETWORKS", "true"}}},
        {"invoice-service",
         {{"OUTBOX_STORE__URL", targets_.invoices_database}, {"OUTBOX_EVENTS__SECRETS", secret}}},
    };
    Environment environment = settings.at(program);
    environment["OUTBOX_HTTP__PORT"] = std::to_string(ports_.at(program));
    environment["OUTBOX_LOG__LEVEL"] = "error";
    running_.insert_or_assign(
        program, Process{{bin(program)}, environment, folder_.path() / (program + ".log")});
  }

  // Sends orders until told to stop; what is refused for the moment is sent again.
  void send(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const demo::DriverOptions options{url("order-service"), kOrdersAtOnce, 8,
                                        std::chrono::steady_clock::now() + 2min};
      const auto sent = demo::send_orders(options, [](const demo::DriverReport&) {});
      ASSERT_TRUE(sent) << sent.error().message;
      accepted_ += sent->accepted;
    }
  }

  // Messages that are written and not marked: something is under way in each of the programs.
  bool work_in_flight() {
    const auto status = status_.read();
    return status && status->pending > 0;
  }

  static std::string integrity(const std::string& path) {
    auto database = sqlite::Database::open(path, {});
    if (!database) return database.error().message;
    auto check = database->prepare("pragma integrity_check");
    if (!check || !check->step()) return "cannot be checked";
    return std::string{check->text(0)};
  }

  test::TemporaryFolder folder_;
  std::string orders_ = folder_.path() / "orders.db";
  std::string invoices_ = folder_.path() / "invoices.db";
  demo::AuditTargets targets_;
  sqlite::StatusReader status_{orders_};
  std::map<std::string, int> ports_;
  std::map<std::string, Process> running_;
  std::atomic<std::int64_t> accepted_{0};
};

TEST_F(EmbeddedKills, two_hundred_kills_of_each_program_lose_double_and_damage_nothing) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  std::uniform_int_distribution<int> pause_ms{5, 80};
  std::map<std::string, int> in_flight;
  {
    const std::jthread sending{[this](const std::stop_token& stop) { send(stop); }};
    ASSERT_TRUE(test::eventually([this] { return work_in_flight(); }));
    for (int kill = 0; kill < kKillsOfEach; ++kill) {
      for (const char* program : kPrograms) {
        std::this_thread::sleep_for(std::chrono::milliseconds{pause_ms(random)});
        in_flight[program] += work_in_flight() ? 1 : 0;
        running_.at(program).kill();
        start(program);
      }
    }
  }
  const auto settled = demo::await_settled(targets_, std::chrono::steady_clock::now() + 2min,
                                           [](const demo::Progress&) {});
  EXPECT_TRUE(settled) << settled.error().message;
  const auto report = demo::audit(targets_);
  ASSERT_TRUE(report) << report.error().message;
  std::printf(
      "measured: embedded kills: seed %u, %d of each program, with work in flight %d, %d, %d; "
      "%lld orders, lost %lld, duplicate effects %lld, redelivered %lld\n",
      seed, kKillsOfEach, in_flight[kPrograms[0]], in_flight[kPrograms[1]], in_flight[kPrograms[2]],
      static_cast<long long>(report->orders), static_cast<long long>(report->lost),
      static_cast<long long>(report->duplicate_effects),
      static_cast<long long>(report->redelivered));
  for (const char* program : kPrograms)
    EXPECT_GE(in_flight[program], kKillsOfEach * 3 / 4) << program;
  EXPECT_EQ(report->orders, accepted_);
  EXPECT_TRUE(report->clean()) << testing::PrintToString(report->findings);
  EXPECT_EQ(integrity(orders_), "ok");
  EXPECT_EQ(integrity(invoices_), "ok");
}

}  // namespace
}  // namespace outbox::e2e
