#include "tests/support/kafka_topic.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <stdexcept>

#include <librdkafka/rdkafka.h>

#include "outbox/uuid.hpp"
#include "support/kafka/admin.hpp"

namespace outbox::test {
namespace {

constexpr int kTimeoutMs = 30'000;

template <class T, void (*Destroy)(T*)>
struct Deleter {
  void operator()(T* object) const { Destroy(object); }
};
template <class T, void (*Destroy)(T*)>
using Owned = std::unique_ptr<T, Deleter<T, Destroy>>;

using Handle = Owned<rd_kafka_t, rd_kafka_destroy>;
using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

[[noreturn]] void fail(const std::string& what, const std::string& why) {
  throw std::runtime_error("Kafka test topic: " + what + ": " + why);
}

void check(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, rd_kafka_err2str(code));
}

void check(const Result<void>& done) {
  if (!done) throw std::runtime_error("Kafka test topic: " + done.error().message);
}

template <class T>
T checked(Result<T> result) {
  if (!result) throw std::runtime_error("Kafka test topic: " + result.error().message);
  return *std::move(result);
}

kafka::Admin admin(const std::string& brokers) {
  return checked(kafka::Admin::connect(brokers));
}

Handle make_consumer(const std::string& brokers) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", brokers},
           {"group.id", "outbox-test-reader"},
           {"enable.auto.commit", "false"},
           {"enable.partition.eof", "true"},
           {"auto.offset.reset", "earliest"},
           {"fetch.wait.max.ms", "20"},
           {"allow.auto.create.topics", "false"}}) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      fail("settings", problem.data());
    }
  }
  Handle handle(rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size()));
  if (!handle) fail("client", problem.data());
  return handle;
}

std::optional<std::string> text(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

KafkaRecord record_of(const rd_kafka_message_t& message) {
  KafkaRecord record{message.partition,
                     message.offset,
                     text(message.key, message.key_len),
                     text(message.payload, message.len),
                     {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    record.headers.emplace_back(name, text(value, size));
  }
  return record;
}

}  // namespace

std::optional<std::string> KafkaRecord::header(const std::string& name) const {
  for (const auto& [known, content] : headers) {
    if (known == name) return content;
  }
  return std::nullopt;
}

std::string unique_topic_name(const std::string& prefix) {
  return prefix + "-" + Uuid::v7().to_string();
}

KafkaTopic::KafkaTopic(std::string brokers, std::string name)
    : brokers_(std::move(brokers)), name_(std::move(name)) {}

KafkaTopic KafkaTopic::create(std::string brokers, std::string name, std::int32_t partitions,
                              const Config& config) {
  check(admin(brokers).create_topic(name, partitions, -1, config));
  return {std::move(brokers), std::move(name)};
}

void KafkaTopic::set_partitions(std::int32_t count) const {
  check(admin(brokers_).set_partitions(name_, count));
}

void KafkaTopic::remove() const {
  check(admin(brokers_).remove_topic(name_));
}

std::vector<KafkaRecord> KafkaTopic::read_all() const {
  const Handle consumer = make_consumer(brokers_);
  check(rd_kafka_poll_set_consumer(consumer.get()), "consumer");
  kafka::Admin asked = admin(brokers_);
  const auto count = checked(asked.partitions(name_));
  const Partitions partitions(rd_kafka_topic_partition_list_new(count));
  for (std::int32_t partition = 0; partition < count; ++partition) {
    rd_kafka_topic_partition_list_add(partitions.get(), name_.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  // Asked first: a consumer that has just begun can be told an end that is not the end.
  const std::vector<std::int64_t> ends = checked(asked.ends(name_, count));
  check(rd_kafka_assign(consumer.get(), partitions.get()), "assign " + name_);
  std::vector<KafkaRecord> records;
  // A partition can come to its end more than once, as the broker lets its end be seen.
  std::set<std::int32_t> at_end;
  while (at_end.size() < static_cast<std::size_t>(count)) {
    const Message message(rd_kafka_consumer_poll(consumer.get(), kTimeoutMs));
    if (!message) fail("read " + name_, "no answer");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message->offset >= ends[static_cast<std::size_t>(message->partition)]) {
        at_end.insert(message->partition);
      }
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      at_end.erase(message->partition);
      records.push_back(record_of(*message));
    }
  }
  std::sort(records.begin(), records.end(), [](const KafkaRecord& a, const KafkaRecord& b) {
    return std::pair(a.partition, a.offset) < std::pair(b.partition, b.offset);
  });
  return records;
}

}  // namespace outbox::test
