#include "sinks/kafka/transaction_log.hpp"

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sinks/kafka/arguments.hpp"
#include "sinks/kafka/consumer_handle.hpp"
#include "sinks/kafka/producer.hpp"
#include "sinks/kafka/topic.hpp"
#include "sinks/kafka/topic_router.hpp"
#include "support/kafka/admin.hpp"

namespace outbox::kafka {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A relay that is told to stop must not be in one of these for long; it tries again anyway.
constexpr milliseconds kPatience{8'000};
constexpr milliseconds kPoll{200};

using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;

int ms(milliseconds time) {
  return static_cast<int>(time.count());
}

Error unavailable(const std::string& what, const std::string& why) {
  return {ErrorCode::destination_unavailable, fmt::format("Kafka: {}: {}", what, why)};
}

rd_kafka_resp_err_t assign(rd_kafka_t* consumer, const std::string& topic) {
  const Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy> list(
      rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset =
      RD_KAFKA_OFFSET_BEGINNING;
  return rd_kafka_assign(consumer, list.get());
}

std::string_view text(const void* data, std::size_t size) {
  return data == nullptr ? std::string_view{}
                         : std::string_view{static_cast<const char*>(data), size};
}

using Newest = std::map<std::string, CommittedTransaction, std::less<>>;

void take(const rd_kafka_message_t& message, const std::string& origin, Newest& newest) {
  std::string sender{text(message.key, message.key_len)};
  const auto value = nlohmann::json::parse(text(message.payload, message.len), nullptr, false);
  if (!value.is_object() || value.value("origin", "") != origin) {
    newest.erase(sender);  // it is retired, or another outbox's
    return;
  }
  CommittedTransaction transaction{sender, value.value("number", std::int64_t{0}),
                                   value.value("xid", std::uint64_t{0})};
  newest.insert_or_assign(std::move(sender), std::move(transaction));
}

// Up to the record at `last` or one behind it. What other relays have open just now ends before
// long, and holds up nobody for longer than transaction.timeout.ms.
Result<Newest> read_to(rd_kafka_t* consumer, const std::string& topic, std::int64_t last,
                       const std::string& origin) {
  if (const auto code = assign(consumer, topic); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unavailable("cannot read topic " + topic, rd_kafka_err2str(code));
  }
  Newest newest;
  std::string last_problem = "transactions of others in it are open";
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    const Message message(rd_kafka_consumer_poll(consumer, ms(kPoll)));
    if (!message) {
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      last_problem = rd_kafka_message_errstr(message.get());
      continue;
    }
    take(*message, origin, newest);
    if (message->offset >= last) {
      return newest;
    }
  }
  return unavailable("topic " + topic + " could not be read to its end", last_problem);
}

// The first message's place, once the brokers have told.
Result<std::int64_t> await_offset(Producer& producer, const std::string& topic) {
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    const Event event = producer.poll(kPoll);
    if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) {
      continue;
    }
    const rd_kafka_message_t* report = rd_kafka_event_message_next(event.get());
    if (report == nullptr) {
      continue;
    }
    if (report->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unavailable("topic " + topic + " takes no record", rd_kafka_err2str(report->err));
    }
    if (report->offset < 0) {
      return unavailable("topic " + topic, "nobody knows the place of a record");
    }
    return report->offset;
  }
  return unavailable("topic " + topic + " takes no record", "no answer");
}

// Small segments, so that compaction, which leaves the newest one alone, keeps the topic short: it
// is read whole by every relay that connects.
Admin::Config topic_config() {
  return {{"cleanup.policy", "compact"},
          {"segment.bytes", "8388608"},
          {"segment.ms", "3600000"},
          {"min.cleanable.dirty.ratio", "0.1"}};
}

}  // namespace

std::string transaction_record(const std::string& origin, const PreparedTransaction& transaction) {
  return nlohmann::json{
      {"origin", origin}, {"number", transaction.number}, {"xid", transaction.xid}}
      .dump();
}

Result<ProducerConf> TransactionLog::conf() const {
  return make_conf(settings_);
}

Result<void> TransactionLog::ensure_topic() {
  if (topic_exists_) return {};
  if (!is_topic_name(topic())) {
    return Error{ErrorCode::invalid_argument,
                 "sink.position_topic = \"" + topic() + "\" is no name of a Kafka topic"};
  }
  auto made = conf();
  if (!made) return made.error();
  auto kafka = Admin::connect(made->conf.release(), kPatience);
  if (!kafka) return std::move(kafka).error();
  const auto created = kafka->create_topic(topic(), 1, -1, topic_config());
  // Who may not make it may still use it.
  if (created || created.error().code == ErrorCode::conflict || kafka->partitions(topic())) {
    topic_exists_ = true;
    return {};
  }
  return unavailable("topic " + topic() + " (sink.position_topic) cannot be made",
                     created.error().message +
                         "; create it with one partition and cleanup.policy=compact, or allow the "
                         "relay's Kafka user to");
}

Result<void> TransactionLog::fence(std::span<const std::string> senders) {
  const auto made = conf();
  if (!made) return made.error();
  for (const std::string& sender : senders) {
    auto producer = Producer::make(made->conf.get(), {}, sender);
    if (!producer) return std::move(producer).error();
    if (auto fenced = (*producer)->init_transactions(kPatience); !fenced) return fenced;
  }
  return {};
}

Result<std::int64_t> TransactionLog::write_marker(const std::string& origin) const {
  const auto made = conf();
  if (!made) return made.error();
  Topic marked(topic(), made->partitioner);
  auto producer = Producer::make(made->conf.get(), {});
  if (!producer) return std::move(producer).error();
  if (auto opened = (*producer)->open(marked); !opened) return std::move(opened).error();
  const std::string key = "marker-" + origin;
  Arguments arguments;
  arguments.add(RD_KAFKA_VTYPE_RKT).u.rkt = marked.handle();
  arguments.add_bytes(RD_KAFKA_VTYPE_KEY, key);
  arguments.add_bytes(RD_KAFKA_VTYPE_VALUE, "{}");
  arguments.add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  const auto code = (*producer)->produce(arguments, Headers(rd_kafka_headers_new(1)));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unavailable("topic " + topic() + " takes no record", rd_kafka_err2str(code));
  }
  return await_offset(**producer, topic());
}

Result<CommittedTransactions> TransactionLog::committed(const std::string& origin) {
  if (auto ensured = ensure_topic(); !ensured) return std::move(ensured).error();
  const auto marker = write_marker(origin);
  if (!marker) return marker.error();
  const auto made = conf();
  if (!made) return made.error();
  const auto consumer = make_consumer(
      made->conf.get(), "outbox-transactions",
      {{"auto.offset.reset", "earliest"},
       {"fetch.wait.max.ms", "20"},
       {"fetch.error.backoff.ms", "20"}});  // also before the first connection is there
  if (!consumer) return consumer.error();
  rd_kafka_poll_set_consumer(consumer->get());
  auto newest = read_to(consumer->get(), topic(), *marker, origin);
  if (!newest) return std::move(newest).error();
  CommittedTransactions result;
  result.end = *marker + 1;
  for (auto& [sender, transaction] : *newest) {
    result.newest.push_back(std::move(transaction));
  }
  return result;
}

}  // namespace outbox::kafka
