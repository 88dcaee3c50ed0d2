// Asks the consuming side what became of a message.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "outbox/result.hpp"

namespace outbox {

// Over HTTP, as invoice-service answers: GET {url}/v1/events/{id}. Thread-safe; each question is a
// connection of its own, ends within kDeadline and reads at most kMostBody.
class ConsumerClient {
 public:
  static constexpr std::chrono::milliseconds kDeadline{2'000};
  static constexpr std::size_t kMostBody = 64 * 1024;

  // `url`: "http://127.0.0.1:3001".
  explicit ConsumerClient(std::string url);

  // The message's effect; nothing: the consumer has not seen it. destination_unavailable: the
  // consumer does not answer, or with something else.
  [[nodiscard]] Result<std::optional<nlohmann::ordered_json>> event(const std::string& id) const;

  // Whether GET {url}/livez is answered.
  [[nodiscard]] bool reachable() const;

  // For people: without a password that may be in it.
  [[nodiscard]] const std::string& shown_url() const { return shown_url_; }

 private:
  std::string url_;
  std::string shown_url_;
};

}  // namespace outbox
