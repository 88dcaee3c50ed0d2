// What was wrong with a transaction, and what must not go into the next one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "outbox/result.hpp"

namespace outbox::kafka {

// One message that is not delivered spoils its whole transaction, so it is kept out of the next
// one: `refusal` tells the relay what it would have been told by a Delivery. Not thread-safe.
class TransactionFaults {
 public:
  using Clock = std::chrono::steady_clock;

  // A new sender begins.
  void clear_problem() { problem_.reset(); }

  // A message was not delivered. message_rejected and topic_unavailable are remembered of it and of
  // its topic.
  void failed(std::int64_t seq, std::string_view topic, const Error& error, Clock::time_point now);
  // The transaction is at its end for another reason; the first one stays.
  void spoil(Error error);

  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

  // Why the message is not to be sent now. What is known of the message itself is forgotten with
  // the answer.
  [[nodiscard]] std::optional<Error> refusal(std::int64_t seq, std::string_view topic,
                                             Clock::time_point now);

 private:
  struct TopicFault {
    Error error;
    Clock::time_point until;
  };

  std::optional<Error> problem_;
  std::unordered_map<std::int64_t, Error> messages_;
  std::map<std::string, TopicFault, std::less<>> topics_;
};

}  // namespace outbox::kafka
