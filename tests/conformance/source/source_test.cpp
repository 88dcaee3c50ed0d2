#include "tests/conformance/source/source_test.hpp"

namespace outbox::test {

FailedHead head_of(const Record& record, int attempts, std::chrono::milliseconds due_in,
                   std::string error) {
  return FailedHead{record.seq, record.shard, std::string{record.key},
                    attempts,   due_in,       std::move(error)};
}

HeldRange range_of(const Record& first, std::int64_t until) {
  return HeldRange{std::string{first.key}, first.shard, first.seq, until};
}

}  // namespace outbox::test
