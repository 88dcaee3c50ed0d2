// The caller's side of the sink: connect, send, flush, close.
#include "sinks/kafka/kafka_sink.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sinks/kafka/errors.hpp"

namespace outbox::kafka {
namespace {

// The event thread gets the mutex at least every so many messages.
constexpr std::size_t kMessagesPerLock = 256;
// A topic costs memory for as long as the sink lives.
constexpr std::size_t kMostTopics = 10'000;

Error one_too_many(std::string_view topic) {
  return {ErrorCode::message_rejected,
          fmt::format("the messages go to more than {} topics; topic {} is one too many: give "
                      "sink.topic a template that makes fewer",
                      kMostTopics, topic)};
}

}  // namespace

KafkaSink::KafkaSink(KafkaSettings settings) : settings_(std::move(settings)) {}

KafkaSink::~KafkaSink() {
  close();
}

SinkTraits KafkaSink::traits() const {
  return {.name = "kafka", .ordered_per_key = true, .has_offsets = true};
}

Result<void> KafkaSink::connect(DeliveryQueue& deliveries) {
  close();
  auto conf = make_conf(settings_);
  if (!conf) return conf.error();
  auto router = TopicRouter::make(settings_.topic, settings_.routes);
  if (!router) return router.error();
  if (settings_.headers != "plain" && settings_.headers != "cloudevents") {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("sink.headers = {} is unknown; use cloudevents or plain", settings_.headers)};
  }
  conf_ = *std::move(conf);
  router_ = *std::move(router);
  deliveries_ = &deliveries;
  headers_.emplace(
      settings_.headers == "plain" ? RecordHeaders::Mode::plain : RecordHeaders::Mode::cloudevents,
      settings_.ce_source);
  in_flight_.emplace(conf_.max_messages);
  isolation_ = {};
  if (settings_.exactly_once) {
    paused_ = true;  // until open
    if (!transactions_) transactions_.emplace(Transactions{TransactionLog(settings_)});
    return {};
  }
  auto producer = make_producer();
  if (!producer) return producer.error();
  producer_ = *std::move(producer);
  paused_ = false;
  failure_unseen_ = false;
  events_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  return {};
}

SendResult KafkaSink::send(std::span<const Record> messages) {
  SendResult result;
  while (result.accepted < messages.size()) {
    const std::lock_guard lock(mutex_);
    if (!may_send()) return result;
    const auto end = std::min(result.accepted + kMessagesPerLock, messages.size());
    const auto now = Clock::now();  // once for many: it is the hot path
    while (result.accepted < end) {
      auto sent = send_one(messages[result.accepted], now);
      if (!sent) {
        result.rejected = std::move(sent).error();
        return result;
      }
      if (!*sent) return result;
      ++result.accepted;
    }
  }
  return result;
}

bool KafkaSink::may_send() {
  if (producer_ == nullptr || paused_) return false;
  if (!failure_unseen_) return true;
  // The failure is in the queue already: the relay takes it before it asks again.
  failure_unseen_ = false;
  deliveries_->wake();
  return false;
}

Result<bool> KafkaSink::send_one(const Record& record, Clock::time_point now) {
  const auto topic = find_topic(record);
  if (!topic) return topic.error();
  if ((*topic)->handle() == nullptr) {
    if (auto opened = producer_->open(**topic); !opened) return opened.error();
  }
  if (transactions_) {
    if (auto refusal = transactions_->faults.refusal(record.seq, (*topic)->name(), now)) {
      return *std::move(refusal);
    }
  }
  // A transaction that fails takes whatever overtook the failure with it.
  const std::uint64_t mark = transactions_ ? 0 : (*topic)->cold_mark(record.key);
  if (mark != 0 && (*topic)->in_flight(mark)) return false;

  arguments_.clear();
  arguments_.add(RD_KAFKA_VTYPE_RKT).u.rkt = (*topic)->handle();
  arguments_.add_bytes(RD_KAFKA_VTYPE_KEY, record.key);
  arguments_.add_bytes(RD_KAFKA_VTYPE_VALUE, record.payload);
  arguments_.add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  auto headers = headers_->make(record);
  if (!headers) return headers.error();

  Slot* slot = in_flight_->acquire();
  if (slot == nullptr) return false;
  slot->tag = record.tag;
  slot->seq = record.seq;
  slot->topic = *topic;
  slot->mark = mark;
  slot->accepted_at = now;
  arguments_.add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = slot;

  const auto code = producer_->produce(arguments_, *std::move(headers));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (mark != 0) (*topic)->sent(mark);
    return true;
  }
  in_flight_->release(*slot);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    producer_->interrupt();  // the event thread makes a new one and wakes the relay
    return false;
  }
  if (code == RD_KAFKA_RESP_ERR__STATE) {  // of the transaction
    spoil("it takes no further message");
    return false;
  }
  return refusal_of(code, (*topic)->name());
}

std::string_view KafkaSink::topic_of(const Record& message) {
  const std::lock_guard lock(mutex_);
  const auto topic = find_topic(message);
  return topic ? (*topic)->name() : std::string_view{};
}

Result<Topic*> KafkaSink::find_topic(const Record& record) {
  if (!record.topic.empty()) {
    const auto known = topics_.find(record.topic);
    if (known != topics_.end()) return known->second.get();
    auto name = checked_topic_name(record.topic);
    return name ? topic_named(*std::move(name)) : name.error();
  }
  const auto known = topic_by_type_.find(record.aggregate_type);
  if (known != topic_by_type_.end()) return known->second;
  auto name = router_->topic_of(record.aggregate_type);
  if (!name) return name.error();
  if (topic_by_type_.size() >= kMostTopics) return one_too_many(*name);
  auto topic = topic_named(*std::move(name));
  if (topic) topic_by_type_.emplace(record.aggregate_type, *topic);
  return topic;
}

Result<Topic*> KafkaSink::topic_named(std::string name) {
  auto topic = topics_.find(name);
  if (topic == topics_.end()) {
    if (topics_.size() >= kMostTopics) return one_too_many(name);
    auto made = std::make_unique<Topic>(name, conf_.partitioner);
    topic = topics_.emplace(std::move(name), std::move(made)).first;
  }
  return topic->second.get();
}

void KafkaSink::hurry() {
  if (!conf_.hurries) return;
  const std::lock_guard lock(mutex_);
  if (producer_ != nullptr) producer_->hurry();
}

Result<void> KafkaSink::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto done = [this] { return !in_flight_ || in_flight_->size() == 0; };
  if (settled_.wait_for(lock, timeout, done)) return {};
  return Error{ErrorCode::timeout,
               fmt::format("Kafka has not acknowledged {} message(s) within {} ms",
                           in_flight_->size(), timeout.count())};
}

void KafkaSink::close() {
  if (transactions_) abandon();
  drop_producer();
  health_.unreachable("closed");
}

void KafkaSink::drop_producer() {
  events_ = {};  // stops and joins
  producer_.reset();
  const std::lock_guard lock(mutex_);
  in_flight_.reset();
  topic_by_type_.clear();
  for (auto& [name, topic] : topics_) {
    topic->set_handle(nullptr);
  }
}

SinkHealth KafkaSink::health() const {
  SinkHealth health = health_.get();
  health.topic_partition_changes = partition_changes_;
  return health;
}

}  // namespace outbox::kafka
