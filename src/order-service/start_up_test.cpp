// How the service starts, on each store.
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"

namespace outbox::orders {
namespace {

using testing::TestStore;

class StartUp : public testing::OnEachStore {};
INSTANTIATE_TEST_SUITE_P(Stores, StartUp, testing::each_store(), testing::store_name);

TEST_P(StartUp, FindsTheOrdersOfAnEarlierRun) {
  testing::RunningService service(GetParam());
  const auto created = service.post("/v1/orders", testing::kOrderBody);
  const std::string path(*created.headers.find("Location"));
  const auto again = testing::start_service(service.database().url());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(http::testing::request((*again)->port(), "GET", path).body, created.body);
}

TEST_P(StartUp, RefusesATableNameThatIsNone) {
  const auto database = TestStore::make(GetParam());
  const auto started = testing::start_service(database->url(), {.outbox_table = "out$box"});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("outbox.table"), std::string::npos);
}

TEST_P(StartUp, RefusesTablesOfANewerVersion) {
  testing::RunningService service(GetParam());
  service.database().exec("insert into order_service_migration (version) values (1000)");
  const auto started = testing::start_service(service.database().url());
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::conflict);
}

TEST_P(StartUp, ManyAtOnceMakeTheTablesOnce) {
  const auto database = TestStore::make(GetParam());
  std::atomic<int> running{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto started = testing::start_service(database->url());
        EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
        if (started.ok()) ++running;
      });
    }
  }
  EXPECT_EQ(running, 4);
  EXPECT_EQ(database->value("select count(*) from order_service_migration"), "1");
}

}  // namespace
}  // namespace outbox::orders
