// The sink's transactions: one sender, one producer, and its record beside its messages.
#include <random>
#include <utility>

#include <fmt/format.h>

#include "sinks/kafka/kafka_sink.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::kafka {
namespace {

using std::chrono::milliseconds;

// Whoever asks the relay to stop waits for these.
constexpr milliseconds kOpen{8'000};
// A commit takes milliseconds; with a broker that has just failed, seconds.
constexpr milliseconds kCommit{8'000};
// Those who read committed messages wait for the end of what was left open.
constexpr milliseconds kAbort{3'000};

// Nobody has had it, nobody will.
std::string new_sender(const TransactionScope& scope) {
  std::random_device random;
  const std::uint64_t unique = (std::uint64_t{random()} << 32U) | random();
  return fmt::format("outbox-{}-{}-{:016x}", scope.origin.substr(0, 8), scope.owner, unique);
}

}  // namespace

Result<TransactionSender> KafkaSink::open(const TransactionScope& scope) {
  abandon();
  if (auto ensured = transactions_->log.ensure_topic(); !ensured) return std::move(ensured).error();
  TransactionSender sender{new_sender(scope), 0};
  transactions_->scope = scope;
  transactions_->sender = sender.id;
  auto producer = make_producer();
  if (!producer) return std::move(producer).error();
  if (auto ready = (*producer)->init_transactions(kOpen); !ready) {
    health_.unreachable(ready.error().message);
    return std::move(ready).error();
  }
  auto end = (*producer)->end_of(transactions_->log.topic(), kOpen);
  if (!end) return std::move(end).error();
  sender.since = *end;
  const std::lock_guard lock(mutex_);
  producer_ = *std::move(producer);
  in_flight_.emplace(conf_.max_messages);
  transactions_->faults.clear_problem();
  transactions_->reported = 0;
  paused_ = false;
  events_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  return sender;
}

Result<void> KafkaSink::begin() {
  transactions_->begun = true;
  {
    const std::lock_guard lock(mutex_);
    transactions_->reported = 0;
  }
  return producer_->begin_transaction();
}

std::optional<Error> KafkaSink::problem() const {
  const std::lock_guard lock(mutex_);
  return transactions_->faults.problem();
}

Result<void> KafkaSink::commit(const PreparedTransaction& transaction) {
  if (auto recorded = record(transaction); !recorded) return recorded;
  auto committed = producer_->commit_transaction(kCommit);
  transactions_->begun = false;
  return committed;
}

Result<void> KafkaSink::record(const PreparedTransaction& transaction) {
  const std::string value = transaction_record(transactions_->scope.origin, transaction);
  const std::lock_guard lock(mutex_);
  auto topic = topic_named(transactions_->log.topic());
  if (!topic) return std::move(topic).error();
  if ((*topic)->handle() == nullptr) {
    if (auto opened = producer_->open(**topic); !opened) return opened;
  }
  for (const std::string& sender : transaction.retired) {
    if (auto sent = send_record(**topic, sender, std::nullopt); !sent) return sent;
  }
  return send_record(**topic, transactions_->sender, value);
}

// With a tag that no message has.
Result<void> KafkaSink::send_record(Topic& topic, const std::string& key,
                                    const std::optional<std::string>& value) {
  Slot* slot = in_flight_->acquire();
  if (slot == nullptr) {
    return Error{ErrorCode::destination_unavailable, "Kafka's client has no room for a record"};
  }
  slot->topic = &topic;
  slot->accepted_at = Clock::now();
  arguments_.clear();
  arguments_.add(RD_KAFKA_VTYPE_RKT).u.rkt = topic.handle();
  arguments_.add_bytes(RD_KAFKA_VTYPE_KEY, key);
  if (value) arguments_.add_bytes(RD_KAFKA_VTYPE_VALUE, *value);
  arguments_.add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  arguments_.add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = slot;
  const auto code = producer_->produce(arguments_, Headers(rd_kafka_headers_new(1)));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  in_flight_->release(*slot);
  return Error{ErrorCode::destination_unavailable,
               fmt::format("Kafka does not take the transaction's record for topic {}: {}",
                           topic.name(), rd_kafka_err2str(code))};
}

bool KafkaSink::is_stale() const {
  const std::lock_guard lock(mutex_);
  return limits_changed();
}

void KafkaSink::abandon() {
  if (producer_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    paused_ = true;
  }
  if (std::exchange(transactions_->begun, false)) {
    if (const auto aborted = producer_->abort_transaction(kAbort); !aborted) {
      log::debug("kafka: a transaction was left open", {{"because", aborted.error().message}});
    }
  }
  drop_producer();
}

void KafkaSink::watch_producer() {
  if (const auto fatal = producer_->fatal_error()) {
    const std::lock_guard lock(mutex_);
    spoil(*fatal);
  }
}

void KafkaSink::spoil(std::string_view why) {
  if (paused_) return;
  paused_ = true;
  transactions_->faults.spoil(
      {ErrorCode::destination_unavailable, fmt::format("Kafka: a transaction failed: {}", why)});
  deliveries_->wake();
}

void KafkaSink::keep_faults(const std::vector<const rd_kafka_message_t*>& reports,
                            std::size_t refused) {
  const auto now = Clock::now();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const Delivery& delivery = pushed_[i];
    if (!delivery.error) continue;
    if (refused > 1) {  // sent again one by one, at once
      transactions_->faults.spoil({ErrorCode::message_rejected, delivery.error->message});
    } else {
      const auto& slot = *static_cast<const Slot*>(reports[i]->_private);
      transactions_->faults.failed(slot.seq, slot.topic->name(), *delivery.error, now);
    }
  }
  if (transactions_->faults.problem()) {
    paused_ = true;
    deliveries_->wake();
  }
  std::erase_if(pushed_, [](const Delivery& delivery) { return delivery.error.has_value(); });
  transactions_->reported += reports.size();
}

}  // namespace outbox::kafka
