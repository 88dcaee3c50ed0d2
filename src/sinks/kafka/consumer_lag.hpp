// How far consumer groups are behind the ends of the topics that they read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sinks/kafka/consumer_handle.hpp"
#include "sinks/kafka/settings.hpp"

namespace outbox::kafka {

struct TopicLag {
  std::string topic;
  std::int64_t lag = 0;       // offsets between what the group has committed and the topic's end
  std::int64_t position = 0;  // the sum of its offsets, which grows as it commits
};

struct GroupLag {
  std::string group;
  Result<std::vector<TopicLag>> topics;  // of those that it has committed; by name
};

// Asks the brokers, as a consumer of each group that never subscribes: it joins no group and
// commits nothing. (librdkafka 2.0.2's admin request for the same, ListConsumerGroupOffsets, ends
// the process when a coordinator loads or its broker goes.) One thread at a time.
class ConsumerLag {
 public:
  // Of each group, at most.
  static constexpr std::size_t kMostTopics = 100;
  // For the answer to each question; a look asks one for each group and three about topics.
  static constexpr std::chrono::milliseconds kPatience{3'000};

  // With the sink's own security properties; one group at least. invalid_argument: as make_conf.
  [[nodiscard]] static Result<std::unique_ptr<ConsumerLag>> make(
      const KafkaSettings& settings, const std::vector<std::string>& groups,
      std::chrono::milliseconds patience = kPatience);

  // Of the topics that are sent to. One entry a group, in their order. Offsets that a topic no
  // longer has do not count, and where nothing is committed of a partition, all of it does.
  // not_found: nothing was sent yet, or the group has committed nothing of it;
  // destination_unavailable: the brokers do not tell. Once it is to stop, no further question is
  // asked.
  [[nodiscard]] std::vector<GroupLag> ask(const TopicNames& sent_to,
                                          const std::stop_token& stop = {});

 private:
  using Topic = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
  using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
  using Place = std::pair<std::string, std::int32_t>;  // topic, partition
  using Offsets = std::map<Place, std::int64_t>;
  struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  using Spans = std::map<Place, Span>;
  struct Group {
    std::string name;
    ConsumerHandle handle;
  };

  explicit ConsumerLag(std::chrono::milliseconds patience) : patience_(patience) {}

  [[nodiscard]] int timeout_ms() const { return static_cast<int>(patience_.count()); }
  // Topics are the first group's to ask about.
  [[nodiscard]] rd_kafka_t* first() const { return groups_.front().handle.get(); }
  [[nodiscard]] Result<std::vector<TopicLag>> lags_of(const Group& group, const Spans& spans);
  [[nodiscard]] Result<Offsets> committed(const Group& group, const Spans& spans);
  [[nodiscard]] Result<Partitions> partitions_of(const TopicNames& topics);
  [[nodiscard]] Result<void> find_offsets(rd_kafka_topic_partition_list_t* partitions,
                                          std::int64_t which);
  [[nodiscard]] Result<Spans> spans_of(const TopicNames& topics);

  std::vector<Group> groups_;
  std::map<std::string, Topic>
      known_;  // whose partitions are asked for; they go before the handles
  std::chrono::milliseconds patience_;
  std::stop_token stop_;
};

}  // namespace outbox::kafka
