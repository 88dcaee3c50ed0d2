#include "support/kafka/admin.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

namespace outbox::kafka {
namespace {

constexpr int kReachTimeoutMs = 10'000;
constexpr auto kPollInterval = std::chrono::milliseconds{20};

template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Deleter<T, Free>>;

using Problem = std::array<char, 512>;

Error failed(const std::string& what, rd_kafka_resp_err_t code, const char* words = nullptr) {
  ErrorCode kind = ErrorCode::destination_unavailable;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) kind = ErrorCode::not_found;
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) kind = ErrorCode::timeout;
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) kind = ErrorCode::conflict;
  return {kind, "Kafka: " + what + ": " + (words != nullptr ? words : rd_kafka_err2str(code))};
}

Error unanswered(const std::string& what) {
  return failed(what, RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer in time; do the brokers run?");
}

// What an admin request says of each of its topics.
std::pair<const rd_kafka_topic_result_t**, std::size_t> topic_results(rd_kafka_event_t* event) {
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event)) {
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* grown = rd_kafka_event_CreatePartitions_result(event)) {
    results = rd_kafka_CreatePartitions_result_topics(grown, &count);
  } else if (const auto* removed = rd_kafka_event_DeleteTopics_result(event)) {
    results = rd_kafka_DeleteTopics_result_topics(removed, &count);
  }
  return {results, count};
}

// Asks again until `attempt` is content or the time is over.
template <class Attempt>
bool eventually(std::chrono::milliseconds patience, Attempt attempt) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!attempt()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

// The partitions of a topic when each has a leader, else 0.
std::int32_t led_partitions(const rd_kafka_metadata_t& metadata) {
  if (metadata.topic_cnt != 1 || metadata.topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  const auto& found = metadata.topics[0];
  const bool led = std::all_of(found.partitions, found.partitions + found.partition_cnt,
                               [](const auto& partition) { return partition.leader >= 0; });
  return led ? found.partition_cnt : 0;
}

}  // namespace

Result<Admin> Admin::connect(const std::string& brokers) {
  Problem problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), problem.data(),
                        problem.size()) != RD_KAFKA_CONF_OK) {
    rd_kafka_conf_destroy(conf);
    return Error{ErrorCode::invalid_argument, std::string("Kafka: ") + problem.data()};
  }
  return connect(conf);
}

Result<Admin> Admin::connect(rd_kafka_conf_t* conf, std::chrono::milliseconds patience) {
  Problem problem{};
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem.data(), problem.size());
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Error{ErrorCode::invalid_argument, std::string("Kafka: ") + problem.data()};
  }
  return Admin(handle, patience);
}

template <class Request>
Result<void> Admin::ask(const std::string& what, Request request) {
  const Owned<rd_kafka_queue_t, rd_kafka_queue_destroy> queue(rd_kafka_queue_new(handle_.get()));
  request(queue.get());
  const Owned<rd_kafka_event_t, rd_kafka_event_destroy> event(
      rd_kafka_queue_poll(queue.get(), timeout_ms()));
  if (!event) return unanswered(what);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed(what, code, rd_kafka_event_error_string(event.get()));
  }
  const auto [results, count] = topic_results(event.get());
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return failed(what, code, rd_kafka_topic_result_error_string(results[i]));
    }
  }
  return {};
}

Result<void> Admin::check_reachable() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(handle_.get(), 0, nullptr, &metadata, kReachTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unanswered("no broker can be reached");
  rd_kafka_metadata_destroy(metadata);
  return {};
}

Result<void> Admin::create_topic(const std::string& name, std::int32_t partition_count,
                                 std::int32_t replicas, const Config& config) {
  const std::string what = "the topic " + name + " cannot be created";
  Problem problem{};
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> wanted(rd_kafka_NewTopic_new(
      name.c_str(), partition_count, replicas, problem.data(), problem.size()));
  if (!wanted) return failed(what, RD_KAFKA_RESP_ERR__INVALID_ARG, problem.data());
  for (const auto& [key, value] : config) {
    const auto code = rd_kafka_NewTopic_set_config(wanted.get(), key.c_str(), value.c_str());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(what, code);
  }
  auto created = ask(what, [&](rd_kafka_queue_t* queue) {
    auto* topic = wanted.get();
    rd_kafka_CreateTopics(handle_.get(), &topic, 1, nullptr, queue);
  });
  if (!created) return created;
  // A broker may be named the leader of a new partition before it knows so itself.
  const auto led = ends(name, partition_count);
  return led ? Result<void>{} : led.error();
}

Result<void> Admin::set_partitions(const std::string& name, std::int32_t count) {
  const std::string what = "the topic " + name + " cannot be grown";
  Problem problem{};
  const Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy> wanted(
      rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(count), problem.data(),
                                 problem.size()));
  if (!wanted) return failed(what, RD_KAFKA_RESP_ERR__INVALID_ARG, problem.data());
  return ask(what, [&](rd_kafka_queue_t* queue) {
    auto* partitions = wanted.get();
    rd_kafka_CreatePartitions(handle_.get(), &partitions, 1, nullptr, queue);
  });
}

Result<void> Admin::remove_topic(const std::string& name) {
  const Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy> unwanted(
      rd_kafka_DeleteTopic_new(name.c_str()));
  return ask("the topic " + name + " cannot be removed", [&](rd_kafka_queue_t* queue) {
    auto* topic = unwanted.get();
    rd_kafka_DeleteTopics(handle_.get(), &topic, 1, nullptr, queue);
  });
}

Result<std::int32_t> Admin::partitions(const std::string& name) {
  const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> topic(
      rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
  std::int32_t count = 0;
  const bool led = eventually(patience_, [&] {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(handle_.get(), 0, topic.get(), &metadata, timeout_ms()) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      count = led_partitions(*metadata);
      rd_kafka_metadata_destroy(metadata);
    }
    return count > 0;
  });
  if (!led) return unanswered("the topic " + name + " has partitions without a leader");
  return count;
}

Result<std::vector<std::int64_t>> Admin::ends(const std::string& name,
                                              std::int32_t partition_count) {
  std::vector<std::int64_t> result;
  for (std::int32_t partition = 0; partition < partition_count; ++partition) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    auto code = RD_KAFKA_RESP_ERR_NO_ERROR;
    const bool known = eventually(patience_, [&] {
      code = rd_kafka_query_watermark_offsets(handle_.get(), name.c_str(), partition, &low, &high,
                                              timeout_ms());
      return code == RD_KAFKA_RESP_ERR_NO_ERROR;
    });
    if (!known) return failed("the end of the topic " + name + " is not known", code);
    result.push_back(high);
  }
  return result;
}

}  // namespace outbox::kafka
