#include "outbox-processor/alerts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "outbox-processor/retention_metrics.hpp"
#include "outbox/shard.hpp"

namespace outbox {
namespace {

using Alerts = std::vector<Alert>;

std::string counted(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

void add_connections(Alerts& found, const AlertFacts& facts) {
  if (!facts.status || !facts.connected) {
    found.push_back({"source-down", true, "The outbox cannot be read",
                     facts.status ? facts.problem : facts.status.error().message,
                     "See that the database runs and that source.url and the relay's rights are "
                     "right. Messages stay where they are until then.",
                     "/config"});
  }
  if (!facts.sink.reachable) {
    found.push_back({"sink-unreachable", true, "The destination does not answer", facts.sink.detail,
                     "See that the brokers run and that this machine reaches them. Messages wait, "
                     "in order, and go out by themselves.",
                     "/topics"});
  }
}

void add_failures(Alerts& found, const SourceStatus& status) {
  if (status.dead > 0) {
    found.push_back({"dead-letters", false,
                     counted(status.dead, "message was given up", "messages were given up"),
                     status.held_keys > 0
                         ? counted(status.held_keys, "key waits", "keys wait") + " behind failures"
                         : "",
                     "Look at what their errors have in common; retry them when the cause is "
                     "gone, edit or discard what can never be sent.",
                     "/dead-letters"});
  }
}

void add_backlog(Alerts& found, const AlertFacts& facts) {
  const SourceStatus& status = *facts.status;
  if (status.oldest_pending_age_ms > kOldestPendingMs) {
    found.push_back({"oldest-pending", false, "Messages wait for long",
                     fmt::format("The oldest has waited for {} s; {} {} pending.",
                                 status.oldest_pending_age_ms / 1'000,
                                 status.pending_is_estimate ? "about" : "exactly", status.pending),
                     "See whether the relay keeps up (rates), is paused, or waits for a topic or a "
                     "long transaction; another relay shares the work.",
                     "/messages?status=pending&order=asc"});
  }
  const std::int64_t most = status.most_kept_bytes.value_or(-1);
  const bool near_the_end = most > 0 && status.lag_bytes > most / 5 * 4;
  if (status.lag_bytes > kMuchLog || near_the_end) {
    found.push_back(
        {"lag-bytes", near_the_end, "The server keeps much log for the relay",
         fmt::format("{} MiB of the write-ahead log are kept{}.", status.lag_bytes / (1 << 20),
                     most > 0 ? fmt::format(" of at most {}", most / (1 << 20)) : ""),
         "Have the relay catch up, or raise max_slot_wal_keep_size: beyond it the "
         "server cuts the relay off, and without it the disk fills.",
         "/shards"});
  }
}

void add_shards(Alerts& found, const AlertFacts& facts) {
  const std::int64_t free = kShardCount - facts.status->shards;
  if (free > 0) {
    found.push_back({"shard-without-owner", facts.status->shards == 0,
                     counted(free, "shard has no relay", "shards have no relay"),
                     "Nobody sends their messages.",
                     "It passes within one lease after a relay has started or ended. If it stays, "
                     "look at the relays' logs.",
                     "/shards"});
  }
  if (facts.partitions_ahead && *facts.partitions_ahead < RetentionMetrics::kFewAhead) {
    found.push_back(
        {"partitions-short", true, "The outbox runs out of partitions",
         counted(*facts.partitions_ahead, "is", "are") + " left; without one, writers fail.",
         "Run 'outboxctl migrate', and see in the log what keeps the relay from making "
         "them.",
         "/config"});
  }
}

void add_consumers(Alerts& found, const std::vector<ConsumerGroup>& groups) {
  std::vector<std::string> behind;
  for (const ConsumerGroup& group : groups) {
    if (!group.behind) continue;
    const double pace = group.per_second.value_or(0);
    behind.push_back(fmt::format("{}: {} to go, {}", group.group, group.lag.value_or(0),
                                 pace > 0 ? fmt::format("{:.1f} a second", pace) : "none taken"));
  }
  if (behind.empty()) return;
  found.push_back({"consumers-behind", false,
                   counted(static_cast<std::int64_t>(behind.size()), "consumer group is behind",
                           "consumer groups are behind"),
                   fmt::format("{}.", fmt::join(behind, "; ")),
                   "See that its consumers run, and what their logs say; up to the number of "
                   "partitions, more of them share the work. The outbox waits for nobody.",
                   "/topics"});
}

void add_state(Alerts& found, const admin::OutboxState& state) {
  if (state.truncated) {
    found.push_back(
        {"truncated", true, "A TRUNCATE has removed messages before they were sent",
         fmt::format("{} of {}, by {} at {}.",
                     counted(state.truncated->unsent, "message", "messages"),
                     state.truncated->partition, state.truncated->actor, state.truncated->at),
         "They are lost to the outbox: have them written again from the data that "
         "they told of. This notice ends after seven days.",
         "/audit?action=truncate"});
  }
  if (state.paused) {
    found.push_back({"paused", false, "Delivery is paused", "Nothing is sent to any topic.",
                     "Resume it when the reason is gone; the audit says who paused it.",
                     "/audit?action=pause"});
  }
  if (!state.paused_topics.empty()) {
    found.push_back({"paused-topics", false,
                     counted(static_cast<std::int64_t>(state.paused_topics.size()),
                             "topic is paused", "topics are paused"),
                     fmt::format("{}", fmt::join(state.paused_topics, ", ")),
                     "Resume them when the reason is gone.", "/topics"});
  }
  if (!state.paused_shards.empty()) {
    found.push_back({"paused-shards", false,
                     counted(static_cast<std::int64_t>(state.paused_shards.size()),
                             "shard is paused", "shards are paused"),
                     fmt::format("{}", fmt::join(state.paused_shards, ", ")),
                     "Resume them when the reason is gone.", "/shards"});
  }
}

}  // namespace

Alerts alerts(const AlertFacts& facts) {
  Alerts found;
  add_connections(found, facts);
  if (facts.status) {
    add_failures(found, *facts.status);
    add_backlog(found, facts);
    add_shards(found, facts);
  }
  add_consumers(found, facts.groups);
  if (facts.state) {
    add_state(found, *facts.state);
  }
  std::stable_partition(found.begin(), found.end(),
                        [](const Alert& alert) { return alert.critical; });
  return found;
}

}  // namespace outbox
