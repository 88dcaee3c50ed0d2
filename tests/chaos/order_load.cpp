#include "tests/chaos/order_load.hpp"

#include <chrono>
#include <utility>

#include "demo/order_driver.hpp"
#include "tests/chaos/pace.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr int kOrdersAtOnce = 10;
constexpr milliseconds kEvery{1'000};
constexpr milliseconds kPatience{3'000};
constexpr std::size_t kMostRefusals = 10;

}  // namespace

OrderLoad::OrderLoad(std::string orders_url)
    : orders_url_(std::move(orders_url)),
      thread_([this](const std::stop_token& stop) { send(stop); }) {}

std::vector<std::string> OrderLoad::stop() {
  thread_ = {};  // joins
  return std::move(refusals_);
}

void OrderLoad::send(const std::stop_token& stop) {
  do {
    demo::DriverOptions options;
    options.orders_url = orders_url_;
    options.orders = kOrdersAtOnce;
    options.connections = 2;
    options.deadline = std::chrono::steady_clock::now() + kPatience;
    const auto sent = demo::send_orders(options, [](const demo::DriverReport&) {});
    if (!sent && sent.error().code == ErrorCode::invalid_argument &&
        refusals_.size() < kMostRefusals) {
      refusals_.push_back(sent.error().message);
    }
  } while (sleep_for(kEvery, stop));
}

}  // namespace outbox::chaos
