#include "invoice-service/order_consumer.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The last two are of the producer of dead letters, which gets the same properties.
constexpr std::array<const char*, 7> kOwnProperties{"bootstrap.servers",
                                                    "group.id",
                                                    "enable.auto.commit",
                                                    "enable.auto.offset.store",
                                                    "partition.assignment.strategy",
                                                    "acks",
                                                    "transactional.id"};

EventRecord copy_record(const rd_kafka_message_t& message) {
  EventRecord record;
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  if (message.key != nullptr) {
    record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    record.payload.emplace(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t index = 0;
       rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++index) {
    record.headers.emplace_back(name, value == nullptr
                                          ? std::string()
                                          : std::string(static_cast<const char*>(value), size));
  }
  return record;
}

int to_ms(milliseconds duration) {
  return static_cast<int>(duration.count());
}

void complain(std::string_view error, const char* what) {
  log::warn(what, {{"error", error}});
}

}  // namespace

Result<std::unique_ptr<OrderConsumer>> OrderConsumer::create(ConsumerOptions options,
                                                             EventHandler& handler,
                                                             DeadLetters& dead_letters,
                                                             ConsumerMetrics& metrics) {
  for (const char* name : kOwnProperties) {
    if (options.properties.contains(name)) {
      return Error{ErrorCode::invalid_argument,
                   "the Kafka property \"" + std::string(name) +
                       "\" cannot be set here: that no message is lost depends on "
                       "the service's own value"};
    }
  }
  const std::map<std::string, std::string> defaults{
      {"client.id", "invoice-service"},
      {"auto.offset.reset", "earliest"},
      {"auto.commit.interval.ms", "1000"},
      // For so long the partitions of a killed instance wait for another.
      {"session.timeout.ms", "10000"},
      // A topic that is made after the subscription is noticed within this time.
      {"topic.metadata.refresh.interval.ms", "3000"},
      {"allow.auto.create.topics", "true"},
      // A broker that was away is tried again this often.
      {"reconnect.backoff.max.ms", "2000"},
  };
  const std::map<std::string, std::string> own{
      {"bootstrap.servers", options.brokers},
      {"group.id", options.group},
      // Not cooperative-sticky: librdkafka before 2.2 aborts the process when a consumer closes
      // while such a rebalance is under way (librdkafka issue 4312).
      {"partition.assignment.strategy", "range"},
      // What is stored is committed: each second, at a revocation and at the end. Stored is what
      // has had its effect.
      {"enable.auto.commit", "true"},
      {"enable.auto.offset.store", "false"},
  };
  auto settings = kafka_settings({&defaults, &options.properties, &own});
  if (!settings) return std::move(settings).error();
  auto consumer = std::unique_ptr<OrderConsumer>(
      new OrderConsumer(std::move(options), handler, dead_letters, metrics));
  rd_kafka_conf_set_opaque(settings->get(), consumer.get());
  rd_kafka_conf_set_rebalance_cb(settings->get(), &OrderConsumer::on_rebalance);
  auto client = kafka_client(RD_KAFKA_CONSUMER, std::move(settings).value());
  if (!client) return std::move(client).error();
  consumer->consumer_ = std::move(client).value();
  rd_kafka_poll_set_consumer(consumer->consumer_.get());
  return consumer;
}

// run has closed the consumer, or it never joined.
OrderConsumer::~OrderConsumer() {
  if (consumer_) {
    rd_kafka_destroy_flags(consumer_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
}

Result<void> OrderConsumer::check(milliseconds timeout) const {
  // Asking for the topic by its name also has a broker that makes topics by itself make it: a
  // subscription alone does not.
  const KafkaOwned<rd_kafka_topic_t> topic(
      rd_kafka_topic_new(consumer_.get(), options_.topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(consumer_.get(), 0, topic.get(), &metadata, to_ms(timeout));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Error{ErrorCode::source_unavailable,
                 "no Kafka broker answers: " + std::string(rd_kafka_err2str(error))};
  }
  const bool exists =
      metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_metadata_destroy(metadata);
  // As long as there is no topic, there is nothing to consume and no group to be in.
  if (exists && (!joined_ || rd_kafka_assignment_lost(consumer_.get()) != 0)) {
    return Error{ErrorCode::source_unavailable,
                 "the group " + options_.group + " has not taken this consumer in"};
  }
  return {};
}

Result<void> OrderConsumer::run(const std::stop_token& stop) {
  const KafkaOwned<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(consumer_.get(), topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Error{ErrorCode::invalid_argument,
                 "cannot subscribe to topic " + options_.topic + ": " + rd_kafka_err2str(error)};
  }
  while (!stop.stop_requested() && !fatal_) {
    if (pending_.empty()) {
      // What was in hand is done, or was given up with its partition.
      if (paused_) {
        set_paused(false);
        log::info("consumption goes on", {{"topic", options_.topic}});
      }
      collect(stop);
      continue;
    }
    const auto handled = handle_pending();
    if (!handled) back_off(handled.error(), stop);
  }
  if (!pending_.empty() && !paused_ && !fatal_) static_cast<void>(handle_pending());
  close();
  if (fatal_) return *fatal_;
  return {};
}

// A batch is what is there: it waits for nothing once it has a record.
void OrderConsumer::collect(const std::stop_token& stop) {
  take(milliseconds(100));
  while (!pending_.empty() && pending_.size() < options_.max_batch && !stop.stop_requested()) {
    if (!take_one(milliseconds(0))) break;
  }
}

void OrderConsumer::take(milliseconds timeout) {
  static_cast<void>(take_one(timeout));
}

// False when nothing came. Rebalances happen in here and may change what is pending.
bool OrderConsumer::take_one(milliseconds timeout) {
  const KafkaOwned<rd_kafka_message_t> message(
      rd_kafka_consumer_poll(consumer_.get(), to_ms(timeout)));
  if (message == nullptr) return false;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    pending_.push_back({copy_record(*message), false, std::nullopt});
    return true;
  }
  if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
    fatal_ = Error{ErrorCode::internal, "the Kafka client failed for good: " +
                                            std::string(rd_kafka_message_errstr(message.get()))};
  } else if (const auto held_back = complaints_.pass(steady_clock::now())) {
    log::warn("Kafka reports a problem; consumption goes on when it is over",
              {{"error", rd_kafka_message_errstr(message.get())},
               {"topic", options_.topic},
               {"held_back", *held_back}});
  }
  return true;
}

Result<void> OrderConsumer::handle_pending() {
  const auto begun = steady_clock::now();
  auto handled = handler_->handle(pending_, *dead_letters_);
  store_finished();
  if (!handled) {
    metrics_->store_failure();
    return handled;
  }
  metrics_->batch(pending_.size(),
                  std::chrono::duration<double>(steady_clock::now() - begun).count());
  pending_.clear();
  backoff_ = milliseconds(0);
  return handled;
}

void OrderConsumer::store_finished() {
  const Offsets finished = finished_offsets(pending_);
  if (finished.empty()) return;
  const KafkaOwned<rd_kafka_topic_partition_list_t> offsets(
      rd_kafka_topic_partition_list_new(static_cast<int>(finished.size())));
  for (const auto& [partition, offset] : finished) {
    rd_kafka_topic_partition_list_add(offsets.get(), partition.first.c_str(), partition.second)
        ->offset = offset;
  }
  // Fails only for partitions that are no longer ours; their next owner meets duplicates.
  rd_kafka_offsets_store(consumer_.get(), offsets.get());
}

// Keeps polling, so that the group does not give us up.
void OrderConsumer::back_off(const Error& error, const std::stop_token& stop) {
  backoff_ = std::clamp(backoff_ * 2, options_.min_backoff, options_.max_backoff);
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto wait = milliseconds(
      std::uniform_int_distribution<std::int64_t>(backoff_.count() / 2, backoff_.count())(random));
  if (!paused_) set_paused(true);
  if (const auto held_back = complaints_.pass(steady_clock::now())) {
    log::warn("a batch could not be finished; it stays in hand and is tried again",
              {{"records", pending_.size()},
               {"retry_in_ms", wait.count()},
               {"error", error.message},
               {"held_back", *held_back}});
  }
  const auto until = steady_clock::now() + wait;
  while (!stop.stop_requested() && !fatal_) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (left <= milliseconds(0)) break;
    take(std::min(left, milliseconds(50)));
  }
}

void OrderConsumer::set_paused(bool paused) {
  paused_ = paused;
  metrics_->paused(paused);
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  if (rd_kafka_assignment(consumer_.get(), &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const KafkaOwned<rd_kafka_topic_partition_list_t> owned(assigned);
  if (paused) {
    rd_kafka_pause_partitions(consumer_.get(), assigned);
  } else {
    rd_kafka_resume_partitions(consumer_.get(), assigned);
  }
}

void OrderConsumer::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                                 rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto& self = *static_cast<OrderConsumer*>(opaque);
  self.metrics_->rebalance();
  if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self.assign(partitions);
  } else if (event == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    self.revoke(partitions);
  } else {
    log::warn("the group could not be balanced", {{"error", rd_kafka_err2str(event)}});
    rd_kafka_assign(client, nullptr);
    self.joined_ = false;
  }
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  if (rd_kafka_assignment(client, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const KafkaOwned<rd_kafka_topic_partition_list_t> owned(assigned);
    self.metrics_->assigned(static_cast<std::size_t>(assigned->cnt));
    log::info("partitions were assigned anew",
              {{"topic", self.options_.topic}, {"partitions", assigned->cnt}});
  }
}

void OrderConsumer::assign(const rd_kafka_topic_partition_list_t* partitions) {
  const rd_kafka_resp_err_t error = rd_kafka_assign(consumer_.get(), partitions);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    complain(rd_kafka_err2str(error), "partitions could not be taken");
  if (paused_) set_paused(true);
  joined_ = true;
}

// The records in hand belong to us until the revocation is answered: finish them, so that the next
// owner need not do it again. What cannot be finished is left to that owner.
void OrderConsumer::revoke(const rd_kafka_topic_partition_list_t* partitions) {
  const bool lost = rd_kafka_assignment_lost(consumer_.get()) != 0;
  if (lost) joined_ = false;  // until the group takes us in again, if only without a partition
  if (!lost && !paused_ && !pending_.empty()) {
    const auto handled = handler_->handle(pending_, *dead_letters_);
    if (!handled) metrics_->store_failure();
    store_finished();
  }
  std::erase_if(pending_, [&](const PendingRecord& pending) {
    return pending.done ||
           rd_kafka_topic_partition_list_find(
               const_cast<rd_kafka_topic_partition_list_t*>(partitions),  // NOLINT: C API, reads
               pending.record.topic.c_str(), pending.record.partition) != nullptr;
  });
  const rd_kafka_resp_err_t error = rd_kafka_assign(consumer_.get(), nullptr);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    complain(rd_kafka_err2str(error), "partitions could not be given up");
}

void OrderConsumer::close() {
  const KafkaOwned<rd_kafka_queue_t> queue(rd_kafka_queue_new(consumer_.get()));
  const KafkaOwned<rd_kafka_error_t> error(
      rd_kafka_consumer_close_queue(consumer_.get(), queue.get()));
  if (error) complain(rd_kafka_error_string(error.get()), "the consumer could not be closed");
  const auto until = steady_clock::now() + options_.close_timeout;
  while (rd_kafka_consumer_closed(consumer_.get()) == 0 && steady_clock::now() < until) {
    // Records that were fetched before come out as well. They are let go of, as their offsets are
    // not stored: whoever gets the partition reads them again. rd_kafka_queue_poll_callback, which
    // serves callbacks alone, aborts the process when it meets one.
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consume_queue(queue.get(), 50));
  }
  if (rd_kafka_consumer_closed(consumer_.get()) == 0) {
    log::warn("Kafka did not confirm that this consumer left the group; its session will end",
              {{"group", options_.group}});
  }
}

}  // namespace outbox::invoices
