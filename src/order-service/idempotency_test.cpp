// Idempotency-Key, on each store.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"

namespace outbox::orders {
namespace {

using testing::kOrderBody;
using testing::Reply;
using testing::RunningService;

class Idempotency : public testing::OnEachStore {};
INSTANTIATE_TEST_SUITE_P(Stores, Idempotency, testing::each_store(), testing::store_name);

TEST_P(Idempotency, ARepetitionGetsTheFirstAnswerAndCreatesNothing) {
  RunningService service(GetParam());
  for (const std::string_view path : {"/v1/orders", "/orders"}) {
    const std::string body = path == "/orders" ? R"({"productId":"p","quantity":1,"price":1.5})"
                                               : std::string(kOrderBody);
    const std::string key = "Idempotency-Key: for" + std::string(path) + "\r\n";
    const Reply first = service.post(path, body, key);
    const Reply second = service.post(path, body, key);
    EXPECT_EQ(first.status, 201);
    EXPECT_FALSE(first.headers.find("Idempotency-Replayed"));
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.headers.find("Idempotency-Replayed"), "true");
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.headers.find("Location"), first.headers.find("Location"));
    EXPECT_EQ(second.headers.find("Content-Type"), first.headers.find("Content-Type"));
  }
  EXPECT_EQ(service.value("select count(*) from orders"), "2");
  EXPECT_EQ(service.value("select count(*) from outbox"), "2");
  EXPECT_NE(service.get("/metrics").body.find("idempotent_replays_total 2\n"), std::string::npos);
}

TEST_P(Idempotency, AKeyStandsForOneRequest) {
  RunningService service(GetParam());
  const std::string key = "Idempotency-Key: k\r\n";
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, key).status, 201);
  EXPECT_EQ(service.post("/v1/orders", std::string(kOrderBody) + " ", key).status, 422);
  EXPECT_EQ(service.post("/orders", R"({"productId":"p","quantity":1,"price":1})", key).status,
            422);
  EXPECT_EQ(service.value("select count(*) from orders"), "1");
}

TEST_P(Idempotency, ARefusedRequestMayBeCorrectedUnderItsKey) {
  RunningService service(GetParam());
  const std::string key = "Idempotency-Key: k\r\n";
  EXPECT_EQ(service.post("/v1/orders", "{}", key).status, 422);
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, key).status, 201);
}

TEST_P(Idempotency, RefusesMalformedKeys) {
  RunningService service(GetParam());
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: \r\n").status, 400);
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: a b\r\n").status, 400);
  EXPECT_EQ(
      service.post("/v1/orders", kOrderBody, "Idempotency-Key: a\r\nIdempotency-Key: a\r\n").status,
      400);
}

TEST_P(Idempotency, ARequestWhoseTwinIsRunningIsToldSo) {
  RunningService service(GetParam());
  service.database().hold_transactions();
  std::jthread first([&] {
    EXPECT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n").status, 201);
  });
  ASSERT_TRUE(service.holds_transactions(1));
  const Reply second = service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.headers.find("Retry-After"), "1");
  service.database().release_transactions();
  first.join();
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n")
                .headers.find("Idempotency-Replayed"),
            "true");
}

TEST_P(Idempotency, RacingRequestsCreateOneOrderForEachKey) {
  RunningService service(GetParam());
  constexpr int kKeys = 25;
  constexpr int kThreads = 8;
  std::atomic<int> created{0};
  std::atomic<int> other{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int k = 0; k < kKeys; ++k) {
          const std::string key = "Idempotency-Key: key-" + std::to_string(k) + "\r\n";
          Reply reply = service.post("/v1/orders", kOrderBody, key);
          while (reply.status == 409)
            reply = service.post("/v1/orders", kOrderBody, key);
          if (reply.status != 201) ++other;
          if (!reply.headers.find("Idempotency-Replayed")) ++created;
        }
      });
    }
  }
  EXPECT_EQ(other, 0);
  EXPECT_EQ(created, kKeys);
  EXPECT_EQ(service.value("select count(*) from orders"), std::to_string(kKeys));
  EXPECT_EQ(service.value("select count(*) from outbox"), std::to_string(kKeys));
  EXPECT_EQ(service.value("select count(*) from order_idempotency"), std::to_string(kKeys));
}

TEST_P(Idempotency, AnOldKeyMayBeUsedAgain) {
  RunningService service(GetParam());
  const std::string key = "Idempotency-Key: k\r\n";
  EXPECT_EQ(service.post("/v1/orders", kOrderBody, key).status, 201);
  service.database().age_answers(25);
  const Reply later = service.post(
      "/v1/orders", R"({"productId":"q","quantity":1,"price":1,"currency":"EUR"})", key);
  EXPECT_EQ(later.status, 201);
  EXPECT_FALSE(later.headers.find("Idempotency-Replayed"));
  EXPECT_EQ(service.value("select count(*) from orders"), "2");
  const auto kept = nlohmann::json::parse(service.value("select body from order_idempotency"));
  EXPECT_EQ(kept["items"][0]["productId"], "q");
}

TEST_P(Idempotency, OldAnswersAreRemovedInSmallSteps) {
  RunningService service(GetParam());
  ASSERT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: old\r\n").status, 201);
  service.database().exec(
      "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 1499) "
      "insert into order_idempotency (key, created_at, status, request_hash, location, body) "
      "select 'old' || n, created_at, status, request_hash, location, body "
      "from order_idempotency, numbers");
  service.database().age_answers(25);
  ASSERT_EQ(service.post("/v1/orders", kOrderBody, "Idempotency-Key: young\r\n").status, 201);
  const auto store = open_store({.url = service.database().url()}, {});
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(*(*store)->prune_answers(), 1'000);
  EXPECT_EQ(*(*store)->prune_answers(), 500);
  EXPECT_EQ(*(*store)->prune_answers(), 0);
  EXPECT_EQ(service.value("select key from order_idempotency"), "young");
}

}  // namespace
}  // namespace outbox::orders
