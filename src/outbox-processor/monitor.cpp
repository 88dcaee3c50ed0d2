#include "outbox-processor/monitor.hpp"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "admin/shard_list.hpp"

namespace outbox {
namespace {

constexpr std::chrono::seconds kTick{1};

std::int64_t unix_us_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Monitor::Monitor(MonitorSources sources, std::chrono::milliseconds cache_for)
    : sources_(sources), cache_for_(cache_for) {}

Monitor::~Monitor() {
  stop();
}

void Monitor::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Monitor::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock{mutex_};
  listeners_.clear();
}

void Monitor::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  auto next = Clock::now();
  for (std::int64_t number = 0; !stop.stop_requested(); ++number) {
    tick(number);
    // What took longer than its second is not made up for.
    next = std::max(next + kTick, Clock::now());
    stopped.wait_until(lock, stop, next, [] { return false; });
  }
}

void Monitor::tick(std::int64_t number) {
  note_topics();
  note_renewals();
  if (number % History::kStepSeconds == 0) {
    ask_consumer();
    note_history();
  }
  tell_listeners();
}

void Monitor::note_topics() {
  const auto now = Growth::Clock::now();
  const std::vector<TopicTotals> topics = sources_.relay.topics();
  const std::lock_guard lock{mutex_};
  for (const TopicTotals& topic : topics)
    published_[topic.topic].look(static_cast<std::int64_t>(topic.published), now);
}

void Monitor::note_history() {
  const OverviewFacts facts = look();
  HistoryPoint point;
  point.at_us = facts.at_us;
  point.processed_per_second = sources_.relay.processed_per_second();
  point.failed_per_second = sources_.relay.failed_per_second();
  point.inserted_per_second = facts.inserted_per_second;
  point.latency = sources_.relay.latency();
  if (facts.status) {
    point.pending = facts.status->pending;
    point.oldest_pending_age_seconds =
        static_cast<double>(facts.status->oldest_pending_age_ms) / 1e3;
  }
  history_.add(point);
}

void Monitor::note_renewals() {
  // While the database is away, waiting for it would hold up the rest.
  if (sources_.outbox == nullptr || !sources_.relay.source_is_connected()) return;
  auto outbox = sources_.outbox->take("outbox-processor");
  if (!outbox) return;
  if (const auto renewals = admin::relay_renewals(*outbox)) renewals_.look(*renewals);
}

void Monitor::ask_consumer() {
  if (sources_.consumer == nullptr) return;
  const bool reachable = sources_.consumer->reachable();
  const std::lock_guard lock{mutex_};
  consumer_reachable_ = reachable;
}

void Monitor::tell_listeners() {
  std::vector<Listener> listeners;
  {
    const std::lock_guard lock{mutex_};
    listeners.swap(listeners_);
  }
  if (listeners.empty()) return;
  const std::string told = overview();
  std::erase_if(listeners, [&](const Listener& listener) { return !listener(told); });
  const std::lock_guard lock{mutex_};
  listeners_.insert(listeners_.end(), std::make_move_iterator(listeners.begin()),
                    std::make_move_iterator(listeners.end()));
}

void Monitor::listen(Listener listener) {
  const std::lock_guard lock{mutex_};
  listeners_.push_back(std::move(listener));
}

std::string Monitor::overview() {
  // A server's message may be in any encoding.
  return overview_json(look(), sources_.relay)
      .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

OverviewFacts Monitor::look() {
  const std::lock_guard lock{looking_};
  if (!last_ || Clock::now() - last_->at >= cache_for_) {
    last_.emplace(Look{Clock::now(), look_anew()});
  }
  return last_->facts;
}

OverviewFacts Monitor::look_anew() {
  OverviewFacts facts{unix_us_now(), sources_.status.read(), sources_.sink.health()};
  if (facts.status) {
    facts.state = outbox_state();
  }
  if (sources_.retention != nullptr) {
    facts.partitions_ahead = sources_.retention->partitions_ahead();
  }
  if (facts.status) {
    inserted_.look(facts.status->last_seq);
  }
  facts.inserted_per_second = inserted_.per_second();
  for (const Topic& topic : topics())
    facts.topics.push_back({topic.totals.topic, topic.published_per_second});
  std::stable_sort(facts.topics.begin(), facts.topics.end(),
                   [](const TopicRate& a, const TopicRate& b) {
                     return a.published_per_second > b.published_per_second;
                   });
  if (sources_.groups != nullptr) {
    facts.groups = sources_.groups->now();
  }
  const std::lock_guard lock{mutex_};
  if (consumer_reachable_) {
    facts.consumer = ConsumerState{sources_.consumer->shown_url(), *consumer_reachable_};
  }
  return facts;
}

std::optional<admin::OutboxState> Monitor::outbox_state() {
  if (sources_.outbox == nullptr) return std::nullopt;
  auto outbox = sources_.outbox->take("outbox-processor");
  if (!outbox) return std::nullopt;  // the status reader says why
  auto state = admin::read_state(*outbox);
  if (!state) return std::nullopt;
  return *std::move(state);
}

std::vector<Monitor::Topic> Monitor::topics() const {
  std::vector<Topic> topics;
  for (TopicTotals& totals : sources_.relay.topics())
    topics.push_back({std::move(totals), 0});
  const std::lock_guard lock{mutex_};
  for (Topic& topic : topics) {
    const auto growth = published_.find(topic.totals.topic);
    if (growth == published_.end()) continue;
    topic.published_per_second = growth->second.per_second().value_or(0);
  }
  return topics;
}

}  // namespace outbox
