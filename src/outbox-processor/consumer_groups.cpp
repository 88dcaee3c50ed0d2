#include "outbox-processor/consumer_groups.hpp"

#include <algorithm>
#include <condition_variable>
#include <limits>

#include "support/telemetry/log.hpp"

namespace outbox {
namespace {

prometheus::Family<prometheus::Gauge>& gauges(telemetry::Metrics& metrics, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry());
}

bool is_too_slow(std::int64_t lag, double per_second) {
  return lag > ConsumerGroups::kFew &&
         static_cast<double>(lag) > per_second * ConsumerGroups::kMuchSeconds;
}

}  // namespace

ConsumerGroups::ConsumerGroups(Ask ask, const std::vector<std::string>& groups,
                               const RelayMetrics& relay, telemetry::Metrics& metrics)
    : ask_(std::move(ask)),
      relay_(relay),
      lags_(gauges(metrics, "outbox_consumer_lag",
                   "Offsets of a topic that a group of sink.consumer_groups has not committed yet; "
                   "NaN while it cannot be read")),
      positions_(gauges(metrics, "outbox_consumer_position",
                        "The sum of the offsets that the group has committed of the topic")) {
  for (const std::string& group : groups)
    groups_.push_back({group});
}

ConsumerGroups::~ConsumerGroups() {
  stop();
}

void ConsumerGroups::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ConsumerGroups::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void ConsumerGroups::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    look(Clock::now(), stop);
    stopped.wait_for(lock, stop, kInterval, [] { return false; });
  }
}

void ConsumerGroups::look(Clock::time_point now, const std::stop_token& stop) {
  TopicNames sent_to;
  for (TopicTotals& topic : relay_.topics())
    sent_to.insert(std::move(topic.topic));
  const std::vector<kafka::GroupLag> found = ask_(sent_to, stop);
  if (stop.stop_requested()) return;
  std::vector<ConsumerGroup> groups;
  for (const kafka::GroupLag& group : found)
    groups.push_back(take(group, now));
  const std::lock_guard lock{mutex_};
  groups_ = std::move(groups);
}

ConsumerGroup ConsumerGroups::take(const kafka::GroupLag& found, Clock::time_point now) {
  ConsumerGroup group{found.group};
  if (!found.topics) {
    group.problem = found.topics.error().message;
    log::debug("a consumer group's lag is not known",
               {{"group", found.group}, {"error", *group.problem}});
    slow_since_.erase(found.group);
    for (auto& [place, topic] : watched_) {
      if (place.first == found.group) topic.lag.Set(std::numeric_limits<double>::quiet_NaN());
    }
    return group;
  }
  forget_others(found);
  group.topics = *found.topics;
  group.lag = 0;
  for (const kafka::TopicLag& lag : group.topics) {
    Watched& topic = watched({found.group, lag.topic});
    topic.lag.Set(static_cast<double>(lag.lag));
    topic.position.Set(static_cast<double>(lag.position));
    topic.growth.look(lag.position, now);
    *group.lag += lag.lag;
    if (const auto per_second = topic.growth.per_second(now)) {
      group.per_second = group.per_second.value_or(0) + *per_second;
    }
  }
  std::stable_sort(
      group.topics.begin(), group.topics.end(),
      [](const kafka::TopicLag& a, const kafka::TopicLag& b) { return a.lag > b.lag; });
  if (group.per_second && is_too_slow(*group.lag, *group.per_second)) {
    group.behind = now - slow_since_.try_emplace(found.group, now).first->second >= kBehindFor;
  } else {
    slow_since_.erase(found.group);
  }
  return group;
}

ConsumerGroups::Watched& ConsumerGroups::watched(const Place& place) {
  const auto known = watched_.find(place);
  if (known != watched_.end()) return known->second;
  const prometheus::Labels labels{{"group", place.first}, {"topic", place.second}};
  return watched_.try_emplace(place, lags_.Add(labels), positions_.Add(labels)).first->second;
}

// Topics that the group no longer has offsets of.
void ConsumerGroups::forget_others(const kafka::GroupLag& found) {
  for (auto topic = watched_.begin(); topic != watched_.end();) {
    const auto& [group, name] = topic->first;
    const bool stays =
        group != found.group ||
        std::any_of(found.topics->begin(), found.topics->end(),
                    [&name = name](const kafka::TopicLag& lag) { return lag.topic == name; });
    if (stays) {
      ++topic;
      continue;
    }
    lags_.Remove(&topic->second.lag);
    positions_.Remove(&topic->second.position);
    topic = watched_.erase(topic);
  }
}

std::vector<ConsumerGroup> ConsumerGroups::now() const {
  const std::lock_guard lock{mutex_};
  return groups_;
}

}  // namespace outbox
