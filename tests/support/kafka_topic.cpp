#include "tests/support/kafka_topic.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>

#include <librdkafka/rdkafka.h>

#include "outbox/uuid.hpp"

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
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

[[noreturn]] void fail(const std::string& what, const std::string& why) {
  throw std::runtime_error("Kafka test topic: " + what + ": " + why);
}

void check(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, rd_kafka_err2str(code));
}

Handle make(rd_kafka_type_t type, const std::string& brokers) {
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
    if (type == RD_KAFKA_PRODUCER && std::string_view(name) != "bootstrap.servers") continue;
    if (rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      fail("settings", problem.data());
    }
  }
  Handle handle(rd_kafka_new(type, conf, problem.data(), problem.size()));
  if (!handle) fail("client", problem.data());
  return handle;
}

// Waits for the answer to an admin request and checks each topic's result.
template <class Request>
void ask(const std::string& brokers, const std::string& what, Request request) {
  const Handle client = make(RD_KAFKA_PRODUCER, brokers);
  const Queue queue(rd_kafka_queue_new(client.get()));
  request(client.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), kTimeoutMs));
  if (!event) fail(what, "no answer");
  check(rd_kafka_event_error(event.get()), what);
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event.get())) {
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* grown = rd_kafka_event_CreatePartitions_result(event.get())) {
    results = rd_kafka_CreatePartitions_result_topics(grown, &count);
  } else if (const auto* removed = rd_kafka_event_DeleteTopics_result(event.get())) {
    results = rd_kafka_DeleteTopics_result_topics(removed, &count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    check(rd_kafka_topic_result_error(results[i]), what);
  }
}

// The number of partitions; waits until each has a leader.
std::int32_t partition_count(rd_kafka_t* client, const std::string& name) {
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, name.c_str(), nullptr);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  std::int32_t count = 0;
  while (count == 0 && std::chrono::steady_clock::now() < deadline) {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client, 0, topic, &metadata, kTimeoutMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      continue;
    }
    if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const auto& found = metadata->topics[0];
      const bool led = std::all_of(found.partitions, found.partitions + found.partition_cnt,
                                   [](const auto& partition) { return partition.leader >= 0; });
      if (led) count = found.partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(topic);
  if (count == 0) fail(name, "has no leaders");
  return count;
}

// A broker may be named the leader of a new partition before it knows so itself.
std::int64_t end_of(rd_kafka_t* client, const std::string& name, std::int32_t partition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  while (true) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto code =
        rd_kafka_query_watermark_offsets(client, name.c_str(), partition, &low, &high, kTimeoutMs);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return high;
    if (code != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
        std::chrono::steady_clock::now() >= deadline) {
      check(code, "end of " + name);
    }
  }
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
  std::array<char, 512> problem{};
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> wanted(
      rd_kafka_NewTopic_new(name.c_str(), partitions, -1, problem.data(), problem.size()));
  if (!wanted) fail("create " + name, problem.data());
  for (const auto& [key, value] : config) {
    check(rd_kafka_NewTopic_set_config(wanted.get(), key.c_str(), value.c_str()), key);
  }
  ask(brokers, "create " + name, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    auto* topic = wanted.get();
    rd_kafka_CreateTopics(client, &topic, 1, nullptr, queue);
  });
  partition_count(make(RD_KAFKA_PRODUCER, brokers).get(), name);
  return {std::move(brokers), std::move(name)};
}

void KafkaTopic::set_partitions(std::int32_t count) const {
  std::array<char, 512> problem{};
  const Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy> wanted(
      rd_kafka_NewPartitions_new(name_.c_str(), static_cast<std::size_t>(count), problem.data(),
                                 problem.size()));
  if (!wanted) fail("grow " + name_, problem.data());
  ask(brokers_, "grow " + name_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    auto* partitions = wanted.get();
    rd_kafka_CreatePartitions(client, &partitions, 1, nullptr, queue);
  });
}

void KafkaTopic::remove() const {
  const Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy> unwanted(
      rd_kafka_DeleteTopic_new(name_.c_str()));
  ask(brokers_, "delete " + name_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    auto* topic = unwanted.get();
    rd_kafka_DeleteTopics(client, &topic, 1, nullptr, queue);
  });
}

std::vector<KafkaRecord> KafkaTopic::read_all() const {
  const Handle consumer = make(RD_KAFKA_CONSUMER, brokers_);
  check(rd_kafka_poll_set_consumer(consumer.get()), "consumer");
  const auto count = partition_count(consumer.get(), name_);
  const Partitions partitions(rd_kafka_topic_partition_list_new(count));
  for (std::int32_t partition = 0; partition < count; ++partition) {
    rd_kafka_topic_partition_list_add(partitions.get(), name_.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  // Asked first: a consumer that has just begun can be told an end that is not the end.
  std::vector<std::int64_t> ends(static_cast<std::size_t>(count));
  for (std::int32_t partition = 0; partition < count; ++partition) {
    ends[static_cast<std::size_t>(partition)] = end_of(consumer.get(), name_, partition);
  }
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
