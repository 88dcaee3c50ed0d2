// What happens when the database fails, on each store.
#include <thread>

#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::orders {
namespace {

using testing::body_of;
using testing::kOrderBody;
using testing::Reply;
using testing::RunningService;

class Faults : public testing::OnEachStore {};
INSTANTIATE_TEST_SUITE_P(Stores, Faults, testing::each_store(), testing::store_name);

TEST_P(Faults, AnOrderWhoseMessageIsRefusedIsRolledBack) {
  RunningService service(GetParam());
  service.database().refuse_messages("OrderCreated");
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 500);
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n").status, 500);
  testing::expect_nothing(service.database());
}

TEST_P(Faults, ACancellationWhoseMessageIsRefusedIsRolledBack) {
  RunningService service(GetParam());
  const std::string path(*service.post("/v1/orders", kOrderBody).headers.find("Location"));
  service.database().refuse_messages("OrderCancelled");
  EXPECT_EQ(service.post(path + "/cancel", "").status, 500);
  EXPECT_EQ(body_of(service.get(path))["status"], "CREATED");
}

TEST_P(Faults, AnAwayDatabaseIsA503AndComesBackByItself) {
  RunningService service(GetParam());
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  service.database().close_database();
  for (int i = 0; i < 3; ++i) {
    const Reply reply = service.post("/v1/orders", kOrderBody);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.headers.find("Retry-After"), "1");
    EXPECT_EQ(reply.body.find("postgresql://"), std::string::npos);
  }
  EXPECT_EQ(service.get("/livez").status, 200);
  EXPECT_TRUE(test::eventually([&] { return service.get("/readyz").status == 503; }));
  const auto ready = body_of(service.get("/readyz?verbose"));
  EXPECT_EQ(ready["checks"][0]["name"], "database");
  EXPECT_EQ(ready["checks"][0]["ok"], false);
  service.database().open_database();
  EXPECT_TRUE(test::eventually([&] { return service.get("/readyz").status == 200; }));
  EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  EXPECT_EQ(service.value("select count(*) from orders"), "2");
}

TEST_P(Faults, StopLetsARunningRequestEnd) {
  RunningService service(GetParam());
  service.database().hold_transactions();
  std::jthread request([&] { EXPECT_EQ(service.post("/v1/orders", kOrderBody).status, 201); });
  ASSERT_TRUE(service.holds_transactions(1));
  std::jthread stopping([&] { service.service().stop(); });
  service.database().release_transactions();
  stopping.join();
  request.join();
  EXPECT_EQ(service.value("select count(*) from orders"), "1");
}

}  // namespace
}  // namespace outbox::orders
