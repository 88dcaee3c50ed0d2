// A part of the load that goes through order-service.
#pragma once

#include <string>
#include <thread>
#include <vector>

namespace outbox::chaos {

// Sends orders in a thread of its own, from the constructor to stop(), also while the service is
// away. Which of them were committed, the database knows.
class OrderLoad {
 public:
  explicit OrderLoad(std::string orders_url);
  OrderLoad(const OrderLoad&) = delete;
  OrderLoad& operator=(const OrderLoad&) = delete;

  // Returns within some seconds; orders that the service refused, in its words.
  [[nodiscard]] std::vector<std::string> stop();

 private:
  void send(const std::stop_token& stop);

  const std::string orders_url_;
  std::vector<std::string> refusals_;
  std::jthread thread_;
};

}  // namespace outbox::chaos
