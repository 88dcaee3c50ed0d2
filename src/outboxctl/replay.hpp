// Delivered messages, sent again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "outboxctl/chunks.hpp"
#include "outboxctl/options.hpp"
#include "outboxctl/postgres_outbox.hpp"

namespace outbox::ctl {

class Replay {
 public:
  explicit Replay(PostgresOutbox& outbox) : outbox_(&outbox) {}

  // The processed messages that the options choose, ascending; without those that an operator or
  // the relay has to do with just now. not_found: options.id is no message's.
  Result<std::vector<std::int64_t>> select(const ReplayOptions& options);

  // Has the relay send them when they are due, marked as a replay, to `topic` where it is not
  // empty. Gives how many were still processed. An audit row for each, in the same transaction.
  Result<std::int64_t> start(const std::vector<std::int64_t>& seqs, const Schedule& schedule,
                             const std::string& topic);

 private:
  // From the options' times, so that a look at some hours does not walk through days.
  struct SeqRange {
    std::int64_t first = 0;
    std::int64_t last = -1;
  };
  Result<SeqRange> seq_range(const std::string& since, const std::string& until);

  PostgresOutbox* outbox_;
};

}  // namespace outbox::ctl
