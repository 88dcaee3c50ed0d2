#include "sinks/kafka/consumer_lag.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace outbox::kafka {
namespace {

Error unavailable(const std::string& what, rd_kafka_resp_err_t code) {
  return {ErrorCode::destination_unavailable,
          fmt::format("Kafka: {}: {}", what, rd_kafka_err2str(code))};
}

// The topics of a group's offsets: at most kMostTopics, those of `sent_to` first.
template <class Offsets>
TopicNames chosen(const Offsets& offsets, const TopicNames& sent_to) {
  TopicNames all;
  for (const auto& [place, offset] : offsets)
    all.insert(place.first);
  if (all.size() <= ConsumerLag::kMostTopics) return all;
  TopicNames some;
  for (const bool ours : {true, false}) {
    for (const std::string& topic : all) {
      if (some.size() < ConsumerLag::kMostTopics && sent_to.contains(topic) == ours) {
        some.insert(topic);
      }
    }
  }
  return some;
}

template <class Offsets, class Spans>
std::vector<TopicLag> lags_of(const Offsets& committed, const Spans& spans) {
  TopicNames topics;
  for (const auto& [place, offset] : committed)
    topics.insert(place.first);
  std::vector<TopicLag> lags;  // places, and so lags, are in the order of the topics' names
  for (const auto& [place, span] : spans) {
    if (!topics.contains(place.first)) continue;
    if (lags.empty() || lags.back().topic != place.first) lags.push_back({place.first});
    const auto offset = committed.find(place);
    const std::int64_t position =
        offset == committed.end() ? span.begin : std::clamp(offset->second, span.begin, span.end);
    lags.back().lag += span.end - position;
    lags.back().position += position;
  }
  return lags;
}

}  // namespace

Result<std::unique_ptr<ConsumerLag>> ConsumerLag::make(const KafkaSettings& settings,
                                                       std::vector<std::string> groups,
                                                       std::chrono::milliseconds patience) {
  auto made = make_conf(settings);
  if (!made) return std::move(made).error();
  Conf conf = std::move(made->conf);
  std::array<char, 512> problem{};
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           // A handle without a group of its own crashes librdkafka 2.0.2 while a coordinator loads
           // or moves (rd_kafka_handle_OffsetFetch takes it for granted). It joins only when it
           // subscribes, which this one never does.
           {"group.id", groups.front().c_str()},
           {"enable.auto.commit", "false"},
           // Nobody takes logs or statistics: what fails is told as an answer.
           {"log.queue", "false"},
           {"statistics.interval.ms", "0"},
           // An open transaction is not yet there to be read.
           {"isolation.level", "read_committed"}}) {
    if (rd_kafka_conf_set(conf.get(), name, value, problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      return Error{ErrorCode::internal, fmt::format("librdkafka: {}", problem.data())};
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), problem.data(), problem.size());
  if (handle == nullptr) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("Kafka consumer: {}; check sink.brokers and sink.properties", problem.data())};
  }
  static_cast<void>(conf.release());  // the handle owns it now
  return std::unique_ptr<ConsumerLag>(new ConsumerLag(handle, std::move(groups), patience));
}

std::vector<GroupLag> ConsumerLag::ask(const TopicNames& sent_to, const std::stop_token& stop) {
  stop_ = stop;
  rd_kafka_poll(handle_.get(), 0);  // for SASL's tokens, which are renewed here
  std::vector<Result<Offsets>> committed_by_group;
  TopicNames topics;
  for (const std::string& group : groups_) {
    auto& offsets = committed_by_group.emplace_back(committed(group));
    if (!offsets) continue;
    const TopicNames some = chosen(*offsets, sent_to);
    std::erase_if(*offsets, [&](const auto& entry) { return !some.contains(entry.first.first); });
    topics.insert(some.begin(), some.end());
  }
  const Result<Spans> spans = topics.empty() ? Result<Spans>{Spans{}} : spans_of(topics);
  std::vector<GroupLag> found;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const Result<Offsets>& offsets = committed_by_group[i];
    if (!offsets) {
      found.push_back({groups_[i], offsets.error()});
    } else if (!spans) {
      found.push_back({groups_[i], spans.error()});
    } else {
      found.push_back({groups_[i], lags_of(*offsets, *spans)});
    }
  }
  return found;
}

Result<ConsumerLag::Offsets> ConsumerLag::committed(const std::string& group) {
  const std::string what = fmt::format("the offsets of group {} cannot be read", group);
  if (stop_.stop_requested()) return unavailable(what, RD_KAFKA_RESP_ERR__DESTROY);
  const Owned<rd_kafka_queue_t, rd_kafka_queue_destroy> queue(rd_kafka_queue_new(handle_.get()));
  const Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
      rd_kafka_AdminOptions_new(handle_.get(), RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
  std::array<char, 512> problem{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms(), problem.data(),
                                            problem.size());
  const Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>
      question(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
  auto* asked = question.get();
  rd_kafka_ListConsumerGroupOffsets(handle_.get(), &asked, 1, options.get(), queue.get());
  // The request ends by itself in time; what is later still is given up.
  const Owned<rd_kafka_event_t, rd_kafka_event_destroy> event(
      rd_kafka_queue_poll(queue.get(), timeout_ms() + 1'000));
  if (!event) return unavailable(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unavailable(what, code);
  }
  std::size_t count = 0;
  const auto* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  if (count != 1) return unavailable(what, RD_KAFKA_RESP_ERR__BAD_MSG);
  if (const auto* error = rd_kafka_group_result_error(groups[0])) {
    return unavailable(what, rd_kafka_error_code(error));
  }
  Offsets offsets;
  const auto* partitions = rd_kafka_group_result_partitions(groups[0]);
  for (int i = 0; partitions != nullptr && i < partitions->cnt; ++i) {
    const auto& partition = partitions->elems[i];
    if (partition.err != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable(what, partition.err);
    if (partition.offset >= 0) offsets[{partition.topic, partition.partition}] = partition.offset;
  }
  if (!offsets.empty()) return offsets;
  return Error{ErrorCode::not_found,
               fmt::format("Kafka: group {} has committed no offset yet", group)};
}

// All partitions of those that there are.
Result<ConsumerLag::Partitions> ConsumerLag::partitions_of(const TopicNames& topics) {
  std::erase_if(known_, [&](const auto& known) { return !topics.contains(known.first); });
  for (const std::string& topic : topics) {
    if (known_.contains(topic)) continue;
    Topic made(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
    if (!made) return unavailable("topic " + topic, rd_kafka_last_error());
    known_.emplace(topic, std::move(made));
  }
  if (stop_.stop_requested()) return unavailable("the topics", RD_KAFKA_RESP_ERR__DESTROY);
  const rd_kafka_metadata_t* told = nullptr;
  // Of all topics that this handle knows.
  const auto code = rd_kafka_metadata(handle_.get(), 0, nullptr, &told, timeout_ms());
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
  const auto code = rd_kafka_offsets_for_times(handle_.get(), partitions, timeout_ms());
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
