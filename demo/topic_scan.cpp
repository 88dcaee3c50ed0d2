#include "demo/topic_scan.hpp"

#include <array>
#include <map>
#include <memory>
#include <unordered_set>

#include <librdkafka/rdkafka.h>

namespace outbox::demo {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Destroy {
  void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const noexcept { rd_kafka_message_destroy(message); }
  void operator()(const rd_kafka_metadata_t* metadata) const noexcept {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
    rd_kafka_topic_partition_list_destroy(list);
  }
};

template <class T>
using Owned = std::unique_ptr<T, Destroy>;

Error failure(rd_kafka_resp_err_t error) {
  return Error{ErrorCode::source_unavailable,
               "Kafka cannot be read: " + std::string(rd_kafka_err2str(error))};
}

Result<Owned<rd_kafka_t>> make_client(const std::string& brokers) {
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"bootstrap.servers", brokers},
           {"group.id", "outbox-demo-audit"},  // required, never joined
           {"enable.auto.commit", "false"},
           {"enable.partition.eof", "true"},
           {"auto.offset.reset", "error"}}) {
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size());
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  Owned<rd_kafka_t> client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size()));
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Error{ErrorCode::invalid_argument,
                 "the Kafka client cannot be made: " + std::string(reason.data())};
  }
  rd_kafka_poll_set_consumer(client.get());
  return client;
}

Result<int> count_partitions(rd_kafka_t* client, const std::string& name, milliseconds timeout) {
  const Owned<rd_kafka_topic_t> topic(rd_kafka_topic_new(client, name.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error =
      rd_kafka_metadata(client, 0, topic.get(), &raw, static_cast<int>(timeout.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(error);
  const Owned<const rd_kafka_metadata_t> metadata(raw);
  if (metadata->topic_cnt != 1) return 0;
  return metadata->topics[0].partition_cnt;
}

// The header `id`; empty when there is none.
std::string message_id(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  if (rd_kafka_header_get_last(headers, "id", &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {};
  }
  return {static_cast<const char*>(value), size};
}

// Where each partition's reading ends. Partitions without records are left out.
Result<std::map<std::int32_t, std::int64_t>> assign_all(rd_kafka_t* client,
                                                        const std::string& topic, int partitions,
                                                        milliseconds timeout) {
  std::map<std::int32_t, std::int64_t> ends;
  const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error = rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &low,
                                                        &high, static_cast<int>(timeout.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(error);
    if (low == high) continue;
    ends[partition] = high;
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = low;
  }
  const auto error = rd_kafka_assign(client, list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(error);
  return ends;
}

}  // namespace

Result<TopicScan> scan_topic(const std::string& brokers, const std::string& topic,
                             milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  const auto client = make_client(brokers);
  if (!client) return client.error();
  const auto partitions = count_partitions(client->get(), topic, timeout);
  if (!partitions) return partitions.error();
  auto ends = assign_all(client->get(), topic, *partitions, timeout);
  if (!ends) return ends.error();

  TopicScan scan;
  std::unordered_set<std::string> seen;
  while (!ends->empty()) {
    if (steady_clock::now() >= deadline) {
      return Error{ErrorCode::source_unavailable,
                   "topic " + topic + " could not be read to its end in time"};
    }
    const Owned<rd_kafka_message_t> message(rd_kafka_consumer_poll(client->get(), 200));
    if (message == nullptr) continue;
    // A transaction's marker may be the last thing before the end: no record reaches it then.
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ends->erase(message->partition);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    ++scan.records;
    if (!seen.insert(message_id(*message)).second) ++scan.duplicates;
    const auto end = ends->find(message->partition);
    if (end != ends->end() && message->offset + 1 >= end->second) ends->erase(end);
  }
  return scan;
}

}  // namespace outbox::demo
