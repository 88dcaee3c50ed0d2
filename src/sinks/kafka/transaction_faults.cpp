#include "sinks/kafka/transaction_faults.hpp"

#include <utility>

namespace outbox::kafka {
namespace {

// Long enough for the relay to ask for the topic once, which makes it pause by its own measure.
constexpr std::chrono::seconds kTopicFault{5};
// What is not asked for again, since another relay has the message now, must not pile up.
constexpr std::size_t kMostMessages = 100'000;

}  // namespace

void TransactionFaults::failed(std::int64_t seq, std::string_view topic, const Error& error,
                               Clock::time_point now) {
  if (error.code == ErrorCode::message_rejected) {
    if (messages_.size() >= kMostMessages) messages_.clear();
    messages_.insert_or_assign(seq, error);
  } else if (error.code == ErrorCode::topic_unavailable) {
    topics_.insert_or_assign(std::string(topic), TopicFault{error, now + kTopicFault});
  }
  spoil(error);
}

void TransactionFaults::spoil(Error error) {
  if (!problem_) problem_ = std::move(error);
}

std::optional<Error> TransactionFaults::refusal(std::int64_t seq, std::string_view topic,
                                                Clock::time_point now) {
  if (!messages_.empty()) {
    if (const auto known = messages_.find(seq); known != messages_.end()) {
      Error error = std::move(known->second);
      messages_.erase(known);
      return error;
    }
  }
  if (topics_.empty()) return std::nullopt;
  const auto known = topics_.find(topic);
  if (known == topics_.end()) return std::nullopt;
  if (now < known->second.until) return known->second.error;
  topics_.erase(known);
  return std::nullopt;
}

}  // namespace outbox::kafka
