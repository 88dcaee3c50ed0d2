#include "tests/conformance/source/source_test.hpp"

namespace outbox::test {

FailedHead head_of(const Record& record, int attempts, std::chrono::milliseconds due_in,
                   std::string error) {
  return FailedHead{record.seq, record.shard, std::string{record.key},
                    attempts,   due_in,       std::move(error)};
}

DetachedMessage detached_of(const Record& record, int attempts, std::string error) {
  DetachedMessage message;
  message.seq = record.seq;
  message.shard = record.shard;
  message.key = record.key;
  message.attempts = attempts;
  message.error = std::move(error);
  return message;
}

HeldRange range_of(const Record& first, std::int64_t until) {
  return HeldRange{std::string{first.key}, first.shard, first.seq, until};
}

}  // namespace outbox::test
