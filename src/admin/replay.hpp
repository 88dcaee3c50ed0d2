// Delivered messages, sent again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/chunks.hpp"
#include "admin/filters.hpp"
#include "admin/postgres_outbox.hpp"
#include "admin/replay_sql.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

class Replay {
 public:
  explicit Replay(PostgresOutbox& outbox) : outbox_(&outbox) {}

  // The processed messages that the filter chooses, ascending; without those that an operator or
  // the relay has to do with just now. In steps, however many there are: `go_on` is asked after
  // each. invalid_argument: they are more than `most`, or filter.id is no id.
  Result<std::vector<std::int64_t>> select(const ReplayFilter& filter,
                                           std::size_t most = kMostMessages,
                                           const GoOn& go_on = {});

  // Has the relay send them when they are due, marked as a replay, to `topic` where it is not
  // empty. Gives how many were still processed. An audit row for each, in the same transaction.
  Result<std::int64_t> start(const std::vector<std::int64_t>& seqs, const Schedule& schedule,
                             const std::string& topic, const GoOn& go_on = {});

 private:
  // Where the filter's times lie, so that a look at some hours does not walk through days.
  Result<SeqRange> seq_range(const ReplayFilter& filter);
  // How many were looked at; adds those that were chosen, and has the step go on behind them.
  Result<std::int64_t> look(const ReplayFilter& filter, ReplayStep& step,
                            std::vector<std::int64_t>& seqs);

  PostgresOutbox* outbox_;
};

}  // namespace outbox::admin
