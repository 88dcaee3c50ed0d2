#include "outbox-processor/relay_metrics.hpp"

#include "outbox/shard.hpp"
#include "support/telemetry/log.hpp"

namespace outbox {
namespace {

prometheus::Family<prometheus::Counter>& counter(telemetry::Metrics& metrics, const char* name,
                                                 const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(metrics.registry());
}

BatchedHistogram histogram(telemetry::Metrics& metrics, const char* name, const char* help) {
  const prometheus::Histogram::BucketBoundaries boundaries{
      .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600};
  auto& made = prometheus::BuildHistogram()
                   .Name(name)
                   .Help(help)
                   .Register(metrics.registry())
                   .Add({}, boundaries);
  return {made, boundaries};
}

std::int64_t unix_us_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<std::string> trace_id_of(const Record& record) {
  return tracing::trace_id_of(tracing::find_traceparent(record.headers));
}

}  // namespace

prometheus::Counter& TopicCounters::of(std::string_view topic) {
  const auto found = by_topic_.find(topic);
  if (found != by_topic_.end()) {
    return *found->second;
  }
  const std::lock_guard lock{adding_};
  if (by_topic_.size() < kMaxTopics) {
    return *by_topic_.emplace(topic, &add(topic)).first->second;
  }
  if (other_ == nullptr) {
    other_ = &add("other");
  }
  return *other_;
}

std::map<std::string, std::uint64_t, std::less<>> TopicCounters::counts() const {
  std::map<std::string, std::uint64_t, std::less<>> counts;
  const std::lock_guard lock{adding_};
  for (const auto& [topic, counter] : by_topic_)
    counts.emplace(topic, static_cast<std::uint64_t>(counter->Value()));
  if (other_ != nullptr) {
    counts["other"] += static_cast<std::uint64_t>(other_->Value());
  }
  return counts;
}

prometheus::Counter& TopicCounters::add(std::string_view topic) {
  prometheus::Labels labels = labels_;
  labels.emplace("topic", topic);
  return family_.Add(labels);
}

RelayMetrics::RelayMetrics(telemetry::Metrics& metrics)
    : published_(counter(metrics, "outbox_messages_published_total",
                         "Messages acknowledged by the destination"),
                 {}),
      failures_(counter(metrics, "outbox_publish_failures_total",
                        "Failed attempts to deliver a message")),
      refused_(failures_, {{"error_type", "message"}}),
      topic_failures_(failures_, {{"error_type", "topic"}}),
      destination_failures_(failures_.Add({{"topic", ""}, {"error_type", "destination"}})),
      commit_to_ack_(histogram(metrics, "outbox_commit_to_ack_seconds",
                               "From the row's insert to the destination's acknowledgement")),
      publish_duration_(histogram(metrics, "outbox_publish_duration_seconds",
                                  "From sending to the destination's acknowledgement")),
      rebalances_(
          counter(metrics, "outbox_rebalances_total", "Times that shards were taken over").Add({})),
      transactions_(counter(metrics, "outbox_transactions_total",
                            "Kafka's transactions (sink.exactly_once); of one whose outcome is "
                            "unknown the next connection finds out")),
      committed_(transactions_.Add({{"outcome", "committed"}})),
      aborted_(transactions_.Add({{"outcome", "aborted"}})),
      unknown_(transactions_.Add({{"outcome", "unknown"}})),
      shards_owned_(prometheus::BuildGauge()
                        .Name("outbox_shards_owned")
                        .Help("Virtual shards, of 64, that this relay reads")
                        .Register(metrics.registry())
                        .Add({})) {}

void RelayMetrics::acknowledged(const Record& record, const Delivery& delivery) {
  if (taken_at_us_ == 0) {
    taken_at_us_ = unix_us_now();
  }
  if (delivery.topic != topic_) {
    count_published();
    topic_ = delivery.topic;
  }
  ++of_topic_;
  const std::int64_t latency_us = taken_at_us_ - record.created_at_us;
  commit_to_ack_.observe(static_cast<double>(latency_us) / 1e6);
  latency_.observe(latency_us);
  if (delivery.latency_us >= 0) {
    publish_duration_.observe(static_cast<double>(delivery.latency_us) / 1e6);
  }
  if (spans_ != nullptr) {
    spans_->acknowledged(record, delivery);
  }
}

void RelayMetrics::count_published() {
  if (of_topic_ > 0) {
    published_.of(topic_).Increment(static_cast<double>(of_topic_));
  }
  of_topic_ = 0;
}

void RelayMetrics::deliveries_taken() {
  count_published();
  topic_ = {};
  taken_at_us_ = 0;
  commit_to_ack_.flush();
  publish_duration_.flush();
  latency_.flush();
}

void RelayMetrics::rejected(const Record& record, std::string_view topic, const Error& error) {
  ++failed_;
  failed_rate_.add(1);
  refused_.of(topic).Increment();
  if (spans_ != nullptr) {
    spans_->rejected(record, topic, error);
  }
  if (const auto held_back = rejected_log_.pass(std::chrono::steady_clock::now())) {
    log::warn("a message was refused; it is tried again later, and its key waits",
              {{"message_id", record.id.to_string()},
               {"seq", record.seq},
               {"key", record.key},
               {"shard", record.shard},
               {"topic", topic},
               {"error", error.message},
               {"more_since_last_line", *held_back},
               {"trace_id", trace_id_of(record)}});
  }
}

void RelayMetrics::topic_failed(const Record& record, std::string_view topic, const Error& error) {
  topic_failures_.of(topic).Increment();
  note_pause(topic, error);
  if (topic_log_.pass(std::chrono::steady_clock::now())) {
    log::warn("a topic takes nothing; its messages pause and the others go on",
              {{"aggregate_type", record.aggregate_type},
               {"message_id", record.id.to_string()},
               {"seq", record.seq},
               {"key", record.key},
               {"shard", record.shard},
               {"topic", topic},
               {"error", error.message},
               {"trace_id", trace_id_of(record)}});
  }
}

void RelayMetrics::note_pause(std::string_view topic, const Error& error) {
  if (topic.empty()) return;
  const auto published = static_cast<std::uint64_t>(published_.of(topic).Value());
  const std::lock_guard lock{mutex_};
  const auto found = sink_pauses_.find(topic);
  if (found != sink_pauses_.end()) {
    found->second = {error.message, published};
  } else if (sink_pauses_.size() < TopicCounters::kMaxTopics) {
    sink_pauses_.emplace(topic, SinkPause{error.message, published});
  }
}

void RelayMetrics::destination_failed(const Error& error) {
  destination_failures_.Increment();
  if (destination_log_.pass(std::chrono::steady_clock::now())) {
    log::warn("the destination has failed; sending pauses", {{"error", error.message}});
  }
}

void RelayMetrics::settled(const Settlement& settlement) {
  processed_ += settlement.delivered.size();
  processed_rate_.add(settlement.delivered.size());
}

void RelayMetrics::source_connected(const Exceptions& exceptions) {
  {
    const std::lock_guard lock{mutex_};
    problem_.clear();
  }
  connected_ = true;
  rebalances_.Increment();
  shards_ = exceptions.shards;
  shards_owned_.Set(exceptions.shards);
  log::info("connected to the outbox", {{"shards", exceptions.shards},
                                        {"failed_messages", exceptions.heads.size()},
                                        {"held_keys", exceptions.held.size()}});
}

void RelayMetrics::source_lost(const Error& error) {
  {
    const std::lock_guard lock{mutex_};
    problem_ = error.message;
  }
  connected_ = false;
  shards_ = 0;
  shards_owned_.Set(0);
  if (source_log_.pass(std::chrono::steady_clock::now())) {
    log::warn("the outbox cannot be read at the moment; trying again", {{"error", error.message}});
  }
}

void RelayMetrics::transaction_ended(TransactionOutcome outcome) {
  switch (outcome) {
    case TransactionOutcome::committed:
      return committed_.Increment();
    case TransactionOutcome::aborted:
      return aborted_.Increment();
    case TransactionOutcome::unknown:
      return unknown_.Increment();
  }
}

std::vector<TopicTotals> RelayMetrics::topics() const {
  std::map<std::string, TopicTotals, std::less<>> totals;
  for (const auto& [topic, published] : published_.counts())
    totals[topic].published = published;
  for (const TopicCounters* failures : {&refused_, &topic_failures_}) {
    for (const auto& [topic, count] : failures->counts())
      totals[topic].failures += count;
  }
  totals.erase("");  // refused before it had a topic
  std::vector<TopicTotals> result;
  const std::lock_guard lock{mutex_};
  for (auto& [topic, total] : totals) {
    total.topic = topic;
    const auto pause = sink_pauses_.find(topic);
    // What it has taken since ends the pause.
    if (pause != sink_pauses_.end() && pause->second.published == total.published) {
      total.paused_by_sink = pause->second.reason;
    }
    result.push_back(std::move(total));
  }
  return result;
}

std::string RelayMetrics::source_problem() const {
  const std::lock_guard lock{mutex_};
  return problem_;
}

}  // namespace outbox
