// Events as an HTTP sink sends them, for tests.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include <fmt/format.h>

#include "support/webhook/signature.hpp"

namespace outbox::invoices::testing {

// The secrets in their two forms.
inline constexpr const char* kSecretText = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
inline constexpr const char* kOldSecretText = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

inline std::string secret_bytes(const char* text) {
  return webhook::decode_secret(text).value();
}

// Whatever a test changes in it, the signature fits, unless it is the signature.
struct SignedEvent {
  std::string id;
  std::string type;
  std::string subject;
  std::string body;
  std::string ce_id = id;
  std::int64_t timestamp = std::time(nullptr);
  std::string secret = secret_bytes(kSecretText);
  std::string signature = {};

  // Header lines, each with its end.
  [[nodiscard]] std::string headers() const {
    return fmt::format(
        "webhook-id: {}\r\nwebhook-timestamp: {}\r\nwebhook-signature: {}\r\n"
        "ce-specversion: 1.0\r\nce-id: {}\r\nce-source: outbox\r\nce-type: {}\r\nce-subject: {}\r\n"
        "content-type: application/json\r\n",
        id, timestamp, signature.empty() ? webhook::sign(secret, id, timestamp, body) : signature,
        ce_id, type, subject);
  }
};

inline std::string event_order(int n) {
  return fmt::format("0190aaaa-0000-7000-8000-{:012}", n);
}

// The events of order n, always the same, with the message ids that go with them.
inline SignedEvent created_by_http(int n) {
  return {fmt::format("0190bbbb-0000-7000-8001-{:012}", n), "OrderCreated", event_order(n),
          R"({"orderId":")" + event_order(n) +
              R"(","currency":"EUR","items":[{"productId":"p1","quantity":2,"unitPrice":"13.00"}],)"
              R"("total":"26.00"})"};
}

inline SignedEvent cancelled_by_http(int n) {
  return {fmt::format("0190bbbb-0000-7000-8002-{:012}", n), "OrderCancelled", event_order(n),
          R"({"orderId":")" + event_order(n) + "\"}"};
}

}  // namespace outbox::invoices::testing
