// The event thread's side of the sink: delivery reports, and a new producer when one is needed.
#include <utility>

#include <fmt/format.h>

#include "sinks/kafka/errors.hpp"
#include "sinks/kafka/kafka_sink.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll{100};
// How long a lost producer may take to report what it still held.
constexpr std::chrono::seconds kPurge{10};
// How soon a topic with a new number of partitions is noticed, once a message went there.
constexpr std::chrono::seconds kCount{1};
// Brokers forget a producer that is silent for a day (producer.id.expiration.ms).
constexpr std::chrono::hours kAge{1};

// Waits, but not for longer than until a stop.
void pause(milliseconds delay, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, delay, [] { return false; });
}

bool is_size_fault(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

const Slot& slot_of(const rd_kafka_message_t& report) {
  return *static_cast<const Slot*>(report._private);
}

// What is known of the message. librdkafka also reports success without an offset: when it
// concludes from sequence numbers that an earlier request, whose answer it does not have, must have
// been taken. Around the end of a producer that conclusion was seen to be wrong, with the message
// lost; so only what the broker has given an offset counts as delivered. Sending again at worst
// repeats.
rd_kafka_resp_err_t outcome_of(const rd_kafka_message_t& report) {
  const bool unproven = report.err == RD_KAFKA_RESP_ERR_NO_ERROR && report.offset < 0;
  return unproven ? RD_KAFKA_RESP_ERR__INCONSISTENT : report.err;
}

}  // namespace

void KafkaSink::serve(const std::stop_token& stop) {
  const std::stop_callback interrupt(stop, [this] {
    const std::lock_guard lock(mutex_);
    if (producer_) producer_->interrupt();
  });
  auto counted = Clock::now();
  auto aged = counted;
  while (!stop.stop_requested()) {
    if (const Event event = producer_->poll(kPoll)) take(event.get());
    keep_producer_fit(stop);
    const auto now = Clock::now();
    if (now - counted >= kCount) {
      counted = now;
      warn_of_moved_keys();
    }
    if (now - aged >= kAge) {
      aged = now;
      age_topics();
    }
  }
}

void KafkaSink::warn_of_moved_keys() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, topic] : topics_) {
    const auto change = topic->take_partition_change();
    if (!change) continue;
    ++partition_changes_;
    log::warn(
        "kafka: the number of partitions of a topic has changed: keys move to other partitions, "
        "and consumers may see a moved key's messages of before and after out of order",
        {{"topic", name}, {"partitions_before", change->from}, {"partitions", change->to}});
  }
}

void KafkaSink::age_topics() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, topic] : topics_) {
    topic->age();
  }
}

void KafkaSink::take(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
    take_reports(event);
  } else {
    health_.take(event);
  }
}

// An event holds the messages of one batch, when a broker answered.
void KafkaSink::take_reports(rd_kafka_event_t* event) {
  std::vector<const rd_kafka_message_t*> reports(rd_kafka_event_message_count(event));
  reports.resize(rd_kafka_event_message_array(event, reports.data(), reports.size()));
  std::vector<std::int64_t> refused;  // seqs
  std::size_t bytes = 0;
  bool too_large = false;
  for (const auto* report : reports) {
    __builtin_prefetch(&slot_of(*report));  // written by another thread; read in the next loop
    const auto code = outcome_of(*report);
    if (fault_of(code) == Fault::message) refused.push_back(slot_of(*report).seq);
    too_large |= is_size_fault(code);
    bytes += report->len + report->key_len;
  }
  bool failed = false;
  pushed_.clear();
  const auto now = Clock::now();
  for (const auto* report : reports) {
    pushed_.push_back(delivery_of(*report, slot_of(*report), refused.size(), now));
    const auto code = outcome_of(*report);
    failed |= code != RD_KAFKA_RESP_ERR_NO_ERROR;
    // A broker that judges messages is alive, whatever it says.
    if (fault_of(code) != Fault::destination || !code) futile_producers_ = 0;
  }
  if (!reports.empty() && !failed) health_.delivered();

  const std::lock_guard lock(mutex_);
  if (refused.size() > 1) {
    const std::size_t before = transactions_ ? transactions_->reported : 0;
    isolation_.batch_refused(refused, bytes, too_large, in_flight_->size() + before);
  }
  for (const auto* report : reports) {
    const Slot& slot = slot_of(*report);
    const auto code = outcome_of(*report);
    const bool final = !code || (fault_of(code) == Fault::message && refused.size() == 1);
    if (final) isolation_.settled(slot.seq, is_size_fault(code));
    settle(*report, slot);
  }
  if (transactions_) keep_faults(reports, refused.size());
  for (const auto* report : reports) {
    in_flight_->release(*static_cast<Slot*>(report->_private));
  }
  failure_unseen_ |= failed && !transactions_;
  deliveries_->push(pushed_);
  settled_.notify_all();
}

void KafkaSink::settle(const rd_kafka_message_t& report, const Slot& slot) {
  const auto code = outcome_of(report);
  if (slot.mark != 0) slot.topic->reported(slot.mark);
  if (!code) {
    slot.topic->acknowledged(report.partition);
  } else if (fault_of(code) == Fault::topic) {
    slot.topic->chill();
  }
}

Delivery KafkaSink::delivery_of(const rd_kafka_message_t& report, const Slot& slot,
                                std::size_t refused, Clock::time_point now) const {
  using std::chrono::microseconds;
  const auto code = outcome_of(report);
  const auto latency = std::chrono::duration_cast<microseconds>(now - slot.accepted_at);
  Delivery delivery{slot.tag, slot.topic->name(), report.partition,
                    -1,       std::nullopt,       latency.count()};
  if (!code) {
    delivery.offset = report.offset;
  } else if (fault_of(code) == Fault::message && refused > 1) {
    delivery.error = Error{
        ErrorCode::destination_unavailable,
        fmt::format("Kafka refused a batch of {} messages for topic {}: {}; they are sent again "
                    "one by one to find the one at fault",
                    refused, slot.topic->name(), rd_kafka_err2str(code))};
  } else if (fault_of(code) == Fault::destination && !lost_because_.empty()) {
    delivery.error =
        Error{ErrorCode::destination_unavailable,
              fmt::format("the message for topic {} was taken back, because: {}; it is sent again",
                          slot.topic->name(), lost_because_)};
  } else {
    delivery.error = error_of(code, slot.topic->name());
  }
  return delivery;
}

void KafkaSink::keep_producer_fit(const std::stop_token& stop) {
  if (transactions_) return watch_producer();
  if (auto fatal = producer_->fatal_error()) {
    {
      const std::lock_guard lock(mutex_);
      paused_ = true;
    }
    lost_because_ = *std::move(fatal);
    health_.unreachable("the producer is restarted: " + lost_because_);
    log::warn("kafka: the producer is restarted", {{"because", lost_because_}});
    fail_outstanding(stop);
    remake_producer(stop);
    return;
  }
  bool drained = false;
  {
    const std::lock_guard lock(mutex_);
    if (!limits_changed()) return;
    paused_ = true;
    drained = in_flight_->size() == 0;
  }
  if (drained) remake_producer(stop);
}

void KafkaSink::fail_outstanding(const std::stop_token& stop) {
  const auto outstanding = [this] {
    const std::lock_guard lock(mutex_);
    return in_flight_->size();
  };
  producer_->purge();
  const auto deadline = Clock::now() + kPurge;
  while (outstanding() > 0 && Clock::now() < deadline && !stop.stop_requested()) {
    if (const Event event = producer_->poll(kPoll)) take(event.get());
  }
  if (stop.stop_requested()) return;
  const std::lock_guard lock(mutex_);
  pushed_.clear();
  for (Slot* slot : in_flight_->used()) {
    pushed_.push_back({slot->tag, slot->topic->name(), 0, -1,
                       Error{ErrorCode::destination_unavailable,
                             fmt::format("the message for topic {} got no report from a lost "
                                         "producer; it is sent again",
                                         slot->topic->name())}});
    in_flight_->release(*slot);
  }
  failure_unseen_ = true;
  deliveries_->push(pushed_);
  settled_.notify_all();
}

void KafkaSink::remake_producer(const std::stop_token& stop) {
  std::unique_ptr<Producer> lost;
  {
    const std::lock_guard lock(mutex_);
    lost = std::move(producer_);
  }
  lost.reset();  // nothing of the old one may follow the new one's messages
  constexpr milliseconds kFirst{100};
  constexpr int kDoublings = 6;
  if (futile_producers_ > 0) pause(kFirst * (1 << std::min(futile_producers_, kDoublings)), stop);
  ++futile_producers_;
  while (!stop.stop_requested()) {
    auto made = make_producer();
    if (made) {
      const std::lock_guard lock(mutex_);
      producer_ = *std::move(made);
      break;
    }
    log::error("kafka: no new producer", {{"problem", made.error().message}});
    pause(std::chrono::seconds(1), stop);
  }
  if (stop.stop_requested()) return;
  lost_because_.clear();
  const std::lock_guard lock(mutex_);
  for (auto& [name, topic] : topics_) {
    topic->set_handle(nullptr);  // opened when it is used again
  }
  paused_ = false;
  deliveries_->wake();
}

Result<std::unique_ptr<Producer>> KafkaSink::make_producer() {
  {
    const std::lock_guard lock(mutex_);
    limits_ = {isolation_.solo(), isolation_.batch_bytes()};
  }
  return Producer::make(conf_.conf.get(), limits_,
                        transactions_ ? transactions_->sender : std::string());
}

bool KafkaSink::limits_changed() const {
  return limits_.solo != isolation_.solo() || limits_.batch_bytes != isolation_.batch_bytes();
}

}  // namespace outbox::kafka
