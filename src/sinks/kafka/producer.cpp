#include "sinks/kafka/producer.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace outbox::kafka {
namespace {

using ErrorText = std::array<char, 512>;

Result<void> limit_batches(rd_kafka_conf_t* conf, const BatchLimits& limits) {
  ErrorText problem{};
  const auto set = [&](const char* name, const std::string& value) {
    return rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size()) ==
           RD_KAFKA_CONF_OK;
  };
  if ((!limits.solo || set("batch.num.messages", "1")) &&
      (!limits.batch_bytes || set("batch.size", fmt::to_string(*limits.batch_bytes)))) {
    return {};
  }
  return Error{ErrorCode::internal, fmt::format("librdkafka: {}", problem.data())};
}

// librdkafka wants no message to outlive its transaction.
Result<void> send_in_transactions(rd_kafka_conf_t* conf, const std::string& id) {
  ErrorText longest{};
  std::size_t size = longest.size();
  rd_kafka_conf_get(conf, "transaction.timeout.ms", longest.data(), &size);
  ErrorText problem{};
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"transactional.id", id.c_str()},
           {"enable.gapless.guarantee", "false"},
           {"message.timeout.ms", longest.data()}}) {
    if (rd_kafka_conf_set(conf, name, value, problem.data(), problem.size()) != RD_KAFKA_CONF_OK) {
      return Error{ErrorCode::internal, fmt::format("librdkafka: {}", problem.data())};
    }
  }
  return {};
}

// Takes the error. What may be asked again is not known to have failed.
Result<void> outcome_of(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return {};
  const bool failed = rd_kafka_error_txn_requires_abort(error) != 0;
  Error result{failed ? ErrorCode::destination_unavailable : ErrorCode::timeout,
               fmt::format("Kafka: {}: {}", what, rd_kafka_error_string(error))};
  rd_kafka_error_destroy(error);
  return result;
}

Result<void> unavailable_unless_done(rd_kafka_error_t* error, const char* what) {
  auto outcome = outcome_of(error, what);
  if (outcome) return outcome;
  return Error{ErrorCode::destination_unavailable, std::move(outcome).error().message};
}

}  // namespace

Result<std::unique_ptr<Producer>> Producer::make(const rd_kafka_conf_t* conf,
                                                 const BatchLimits& limits,
                                                 const std::string& transactional_id) {
  Conf copy(rd_kafka_conf_dup(conf));
  if (!transactional_id.empty()) {
    if (auto set = send_in_transactions(copy.get(), transactional_id); !set) return set.error();
  }
  if (auto limited = limit_batches(copy.get(), limits); !limited) return limited.error();
  rd_kafka_conf_set_events(copy.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR |
                                           RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
  ErrorText problem{};
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_PRODUCER, copy.get(), problem.data(), problem.size());
  if (handle == nullptr) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("Kafka producer: {}; check sink.brokers and sink.properties", problem.data())};
  }
  static_cast<void>(copy.release());  // the producer owns it now
  return std::unique_ptr<Producer>(new Producer(handle));
}

Producer::Producer(rd_kafka_t* handle) : handle_(handle), queue_(rd_kafka_queue_get_main(handle)) {
  rd_kafka_set_log_queue(handle_, nullptr);  // to the main queue
  flusher_.emplace(handle_);
}

Producer::~Producer() {
  purge();
  flusher_.reset();
  for (auto* topic : topics_) {
    rd_kafka_topic_destroy(topic);
  }
  rd_kafka_queue_destroy(queue_);
  rd_kafka_destroy(handle_);
}

Result<void> Producer::open(Topic& topic) {
  rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(handle_);
  rd_kafka_topic_conf_set_opaque(conf, &topic);
  rd_kafka_topic_conf_set_partitioner_cb(conf, &Topic::partition);
  rd_kafka_topic_t* made = rd_kafka_topic_new(handle_, topic.name().c_str(), conf);
  if (made == nullptr) {
    const auto code = rd_kafka_last_error();
    rd_kafka_topic_conf_destroy(conf);
    return Error{ErrorCode::internal,
                 fmt::format("cannot open topic {}: {}", topic.name(), rd_kafka_err2str(code))};
  }
  topics_.push_back(made);
  topic.set_handle(made);
  return {};
}

// The headers are one object of ours and not an argument each, since librdkafka frees the latter
// twice when it refuses a message for its topic (its issue 4627).
rd_kafka_resp_err_t Producer::produce(Arguments& arguments, Headers headers) {
  arguments.add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
  rd_kafka_error_t* error = rd_kafka_produceva(handle_, arguments.data(), arguments.size());
  if (error == nullptr) {
    static_cast<void>(headers.release());  // the message owns them now
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  // A producer that has ended answers with the error that ended it, which says nothing of this
  // message.
  return fatal_error() ? RD_KAFKA_RESP_ERR__FATAL : code;
}

Event Producer::poll(std::chrono::milliseconds timeout) {
  return Event(rd_kafka_queue_poll(queue_, static_cast<int>(timeout.count())));
}

void Producer::interrupt() {
  rd_kafka_queue_yield(queue_);
}

std::optional<std::string> Producer::fatal_error() const {
  ErrorText text{};
  if (rd_kafka_fatal_error(handle_, text.data(), text.size()) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  return std::string(text.data());
}

void Producer::purge() {
  rd_kafka_purge(
      handle_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

Result<void> Producer::init_transactions(std::chrono::milliseconds timeout) {
  return unavailable_unless_done(
      rd_kafka_init_transactions(handle_, static_cast<int>(timeout.count())),
      "no transactions can be sent");
}

Result<void> Producer::begin_transaction() {
  return unavailable_unless_done(rd_kafka_begin_transaction(handle_), "no transaction can begin");
}

Result<void> Producer::commit_transaction(std::chrono::milliseconds timeout) {
  return outcome_of(rd_kafka_commit_transaction(handle_, static_cast<int>(timeout.count())),
                    "a transaction was not committed");
}

Result<void> Producer::abort_transaction(std::chrono::milliseconds timeout) {
  return unavailable_unless_done(
      rd_kafka_abort_transaction(handle_, static_cast<int>(timeout.count())),
      "a transaction could not be aborted");
}

Result<std::int64_t> Producer::end_of(const std::string& topic, std::chrono::milliseconds timeout) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const auto code = rd_kafka_query_watermark_offsets(handle_, topic.c_str(), 0, &low, &high,
                                                     static_cast<int>(timeout.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return high;
  return Error{
      ErrorCode::destination_unavailable,
      fmt::format("Kafka: the end of topic {} is not known: {}", topic, rd_kafka_err2str(code))};
}

}  // namespace outbox::kafka
