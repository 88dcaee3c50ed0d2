// Reads a whole topic, without a consumer group.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "outbox/result.hpp"

namespace outbox::demo {

struct TopicScan {
  std::int64_t records = 0;
  std::int64_t duplicates = 0;  // records whose header `id` an earlier record had
};

// From each partition's beginning to its present end. A topic that does not exist has no records.
[[nodiscard]] Result<TopicScan> scan_topic(const std::string& brokers, const std::string& topic,
                                           std::chrono::milliseconds timeout);

}  // namespace outbox::demo
