#include "sinks/kafka/consumer_lag.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace outbox::kafka {
namespace {

Error unavailable(const std::string& what, rd_kafka_resp_err_t code) {
  return {ErrorCode::destination_unavailable,
          fmt::format("Kafka: {}: {}", what, rd_kafka_err2str(code))};
}

}  // namespace

Result<std::unique_ptr<ConsumerLag>> ConsumerLag::make(const KafkaSettings& settings,
                                                       const std::vector<std::string>& groups,
                                                       std::chrono::milliseconds patience) {
  const auto conf = make_conf(settings);
  if (!conf) return conf.error();
  std::unique_ptr<ConsumerLag> lag(new ConsumerLag(patience));
  for (const std::string& group : groups) {
    auto handle = make_consumer(conf->conf.get(), group);
    if (!handle) return std::move(handle).error();
    lag->groups_.push_back({group, *std::move(handle)});
  }
  return lag;
}

std::vector<GroupLag> ConsumerLag::ask(const TopicNames& sent_to, const std::stop_token& stop) {
  stop_ = stop;
  TopicNames topics;
  for (const std::string& topic : sent_to) {
    if (topics.size() < kMostTopics) topics.insert(topic);
  }
  const Result<Spans> spans =
      topics.empty() ? Error{ErrorCode::not_found, "Kafka: nothing was sent since the relay began"}
                     : spans_of(topics);
  std::vector<GroupLag> found;
  for (const Group& group : groups_) {
    rd_kafka_poll(group.handle.get(), 0);  // for SASL's tokens, which are renewed here
    found.push_back({group.name, spans ? lags_of(group, *spans)
                                       : Result<std::vector<TopicLag>>{spans.error()}});
  }
  return found;
}

Result<std::vector<TopicLag>> ConsumerLag::lags_of(const Group& group, const Spans& spans) {
  const auto offsets = committed(group, spans);
  if (!offsets) return offsets.error();
  TopicNames read;
  for (const auto& [place, offset] : *offsets)
    read.insert(place.first);
  std::vector<TopicLag> lags;  // places, and so lags, are in the order of the topics' names
  for (const auto& [place, span] : spans) {
    if (!read.contains(place.first)) continue;
    if (lags.empty() || lags.back().topic != place.first) lags.push_back({place.first});
    const auto offset = offsets->find(place);
    const std::int64_t position =
        offset == offsets->end() ? span.begin : std::clamp(offset->second, span.begin, span.end);
    lags.back().lag += span.end - position;
    lags.back().position += position;
  }
  return lags;
}

Result<ConsumerLag::Offsets> ConsumerLag::committed(const Group& group, const Spans& spans) {
  const std::string what = fmt::format("the offsets of group {} cannot be read", group.name);
  if (stop_.stop_requested()) return unavailable(what, RD_KAFKA_RESP_ERR__DESTROY);
  const Partitions partitions(rd_kafka_topic_partition_list_new(static_cast<int>(spans.size())));
  for (const auto& [place, span] : spans)
    rd_kafka_topic_partition_list_add(partitions.get(), place.first.c_str(), place.second);
  const auto code = rd_kafka_committed(group.handle.get(), partitions.get(), timeout_ms());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable(what, code);
  Offsets offsets;
  for (int i = 0; i < partitions->cnt; ++i) {
    const auto& partition = partitions->elems[i];
    if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable(what, partition.err);
    if (partition.offset >= 0) offsets[{partition.topic, partition.partition}] = partition.offset;
  }
  if (!offsets.empty()) return offsets;
  return Error{ErrorCode::not_found,
               fmt::format("Kafka: group {} has committed no offset yet", group.name)};
}

// All partitions of those that there are.
Result<ConsumerLag::Partitions> ConsumerLag::partitions_of(const TopicNames& topics) {
  std::erase_if(known_, [&](const auto& known) { return !topics.contains(known.first); });
  for (const std::string& topic : topics) {
    if (known_.contains(topic)) continue;
    Topic made(rd_kafka_topic_new(first(), topic.c_str(), nullptr));
    if (!made) return unavailable("topic " + topic, rd_kafka_last_error());
    known_.emplace(topic, std::move(made));
  }
  if (stop_.stop_requested()) return unavailable("the topics", RD_KAFKA_RESP_ERR__DESTROY);
  const rd_kafka_metadata_t* told = nullptr;
  // Of all topics that this handle knows.
  const auto code = rd_kafka_metadata(first(), 0, nullptr, &told, timeout_ms());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("the topics are not told", code);
  const std::unique_ptr<const rd_kafka_metadata_t, decltype(&rd_kafka_metadata_destroy)> metadata(
      told, rd_kafka_metadata_destroy);
  Partitions partitions(rd_kafka_topic_partition_list_new(8));
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    // One that was deleted takes nothing any more; the brokers forget its offsets soon.
    if (!topics.contains(topic.topic) || topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      continue;
    }
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unavailable(fmt::format("topic {}", topic.topic), topic.err);
    }
    for (int p = 0; p < topic.partition_cnt; ++p)
      rd_kafka_topic_partition_list_add(partitions.get(), topic.topic, topic.partitions[p].id);
  }
  return partitions;
}

// `which`: what Kafka takes for a time, RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END. One
// request for each leader, where query_watermark_offsets makes two for each partition.
Result<void> ConsumerLag::find_offsets(rd_kafka_topic_partition_list_t* partitions,
                                       std::int64_t which) {
  if (stop_.stop_requested()) return unavailable("the ends", RD_KAFKA_RESP_ERR__DESTROY);
  for (int i = 0; i < partitions->cnt; ++i)
    partitions->elems[i].offset = which;
  const auto code = rd_kafka_offsets_for_times(first(), partitions, timeout_ms());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unavailable("the topics' ends are not told", code);
  }
  for (int i = 0; i < partitions->cnt; ++i) {
    const auto& partition = partitions->elems[i];
    if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unavailable(
          fmt::format("topic {}, partition {}", partition.topic, partition.partition),
          partition.err);
    }
  }
  return {};
}

Result<ConsumerLag::Spans> ConsumerLag::spans_of(const TopicNames& topics) {
  auto partitions = partitions_of(topics);
  if (!partitions) return std::move(partitions).error();
  rd_kafka_topic_partition_list_t* list = partitions->get();
  Spans spans;
  if (list->cnt == 0) return spans;
  if (auto found = find_offsets(list, RD_KAFKA_OFFSET_BEGINNING); !found) return found.error();
  for (int i = 0; i < list->cnt; ++i)
    spans[{list->elems[i].topic, list->elems[i].partition}].begin = list->elems[i].offset;
  if (auto found = find_offsets(list, RD_KAFKA_OFFSET_END); !found) return found.error();
  for (int i = 0; i < list->cnt; ++i) {
    Span& span = spans[{list->elems[i].topic, list->elems[i].partition}];
    span.end = std::max(list->elems[i].offset, span.begin);
  }
  return spans;
}

}  // namespace outbox::kafka
