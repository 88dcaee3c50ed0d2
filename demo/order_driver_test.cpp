// The driver against a service that behaves badly.
#include "demo/order_driver.hpp"

#include <atomic>
#include <map>
#include <mutex>

#include <gtest/gtest.h>

#include "support/http/server.hpp"

namespace outbox::demo {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// Answers POST /v1/orders by what `answer` says of the n-th request, and notes the keys.
class Service {
 public:
  explicit Service(std::function<http::Response(int)> answer) {
    http::Router router;
    router.add("POST", "/v1/orders", [this, answer](const http::Request& request) {
      const std::string key(request.headers.find("Idempotency-Key").value_or(""));
      const std::lock_guard lock(mutex_);
      auto [known, first] = bodies_.emplace(key, request.body);
      same_bodies_ = same_bodies_ && (first || known->second == request.body);
      return answer(requests_++);
    });
    server_ = std::make_unique<http::Server>(http::ServerOptions{}, std::move(router));
    const auto started = server_->start();
    EXPECT_TRUE(started);
  }
  ~Service() { server_->stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] DriverOptions options(std::int64_t orders, seconds timeout) const {
    return {"http://127.0.0.1:" + std::to_string(server_->port()), orders, 4,
            steady_clock::now() + timeout};
  }
  [[nodiscard]] std::size_t keys() const { return bodies_.size(); }
  [[nodiscard]] bool same_bodies() const { return same_bodies_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> bodies_;
  bool same_bodies_ = true;
  int requests_ = 0;
  std::unique_ptr<http::Server> server_;
};

Result<DriverReport> drive(const DriverOptions& options) {
  return send_orders(options, [](const DriverReport&) {});
}

TEST(OrderDriver, RepeatsARequestUnderItsKeyUntilItIsAccepted) {
  Service service([](int n) {
    if (n % 3 == 0) return http::problem(503, "Service Unavailable", "later");
    if (n % 7 == 0) return http::problem(409, "Conflict", "still running");
    return http::json_response(201, "{}");
  });
  const auto report = drive(service.options(100, seconds(30)));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->accepted, 100);
  EXPECT_GT(report->retries, 30);
  EXPECT_EQ(service.keys(), 100U) << "an order must keep its key";
  EXPECT_TRUE(service.same_bodies());
}

TEST(OrderDriver, StopsWhenTheServiceRefusesAnOrder) {
  Service service(
      [](int) { return http::problem(422, "Unprocessable Content", "no such currency"); });
  const auto report = drive(service.options(10, seconds(30)));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(report.error().message.find("no such currency"), std::string::npos);
}

TEST(OrderDriver, EndsAtTheDeadlineAndSaysWhatTheTroubleIs) {
  const auto report =
      drive({"http://127.0.0.1:1", 10, 4, steady_clock::now() + std::chrono::milliseconds(400)});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::timeout);
  EXPECT_NE(report.error().message.find("0 of 10"), std::string::npos) << report.error().message;
}

}  // namespace
}  // namespace outbox::demo
