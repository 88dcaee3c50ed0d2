// outbox-processor in a shell's pipeline: messages on standard output, everything else beside it.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/sqlite/database.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::e2e {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string kBin = OUTBOX_BIN_DIR;

class Pipeline : public testing::Test {
 protected:
  Pipeline() {
    Process migrate{{kBin + "/outboxctl", "migrate"}, environment_, folder_.path() / "migrate.log"};
    if (migrate.wait(1min) != 0) throw std::runtime_error("outboxctl migrate failed");
    auto database = sqlite::Database::open(file_, {});
    for (int i = 1; i <= 3; ++i) {
      const auto written = database->exec(
          "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
          "('0190a6f2-7c1e-7cc0-8a4b-3f0c5d1e9a7" +
          std::to_string(i) + "', 'order', 'k', 'OrderPaid', '{\"n\": " + std::to_string(i) +
          "}')");
      if (!written) throw std::runtime_error(written.error().message);
    }
  }

  // outbox-processor with its log in a file; `rest` says where its output goes.
  Process start(const std::string& sink, const std::string& rest) {
    return {{"/bin/bash", "-c",
             "exec '" + kBin + "/outbox-processor' --set http.port=0 --set sink.type=" + sink +
                 " --set sink.routes.order=order-events 2>'" + log_ + "' " + rest},
            environment_,
            folder_.path() / "shell.log"};
  }
  std::string text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
  }

  test::TemporaryFolder folder_;
  std::string file_ = folder_.path() / "shop.db";
  std::string log_ = folder_.path() / "log";
  std::string out_ = folder_.path() / "out";
  Environment environment_{{"DATABASE_URL", "sqlite:" + file_}};
};

TEST_F(Pipeline, StandardOutputHoldsTheMessagesAloneWithTheirTopics) {
  Process relay = start("stdout", ">'" + out_ + "'");
  ASSERT_TRUE(test::eventually([&] { return std::ranges::count(text(out_), '\n') == 3; }));
  relay.signal(SIGTERM);
  EXPECT_EQ(relay.wait(20s), 0);
  std::istringstream lines(text(out_));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto message = nlohmann::json::parse(line);
    EXPECT_EQ(message["payload"]["n"], ++number);
    EXPECT_EQ(message["topic"], "order-events");
  }
  EXPECT_THAT(text(log_), HasSubstr("outbox-processor is up"));
}

TEST_F(Pipeline, TheNullSinkSaysThatMessagesGoNowhere) {
  Process relay = start("null", ">'" + out_ + "'");
  ASSERT_TRUE(test::eventually([&] { return !text(log_).empty(); }));
  EXPECT_TRUE(test::eventually([&] {
    return text(log_).find("messages are marked as processed and go nowhere") != std::string::npos;
  })) << text(log_);
  relay.signal(SIGTERM);
  EXPECT_EQ(relay.wait(20s), 0);
  EXPECT_EQ(text(out_), "");
}

}  // namespace
}  // namespace outbox::e2e
