// A Kafka topic of a test's own, and everything that is in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outbox::test {

struct KafkaRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;  // in their order

  // The value of the first header of this name; nothing when there is none or it is null.
  [[nodiscard]] std::optional<std::string> header(const std::string& name) const;
};

// "prefix-<random>": no other test has it.
[[nodiscard]] std::string unique_topic_name(const std::string& prefix);

// Every function throws with Kafka's words when it fails, which fails the test.
class KafkaTopic {
 public:
  using Config = std::map<std::string, std::string>;

  // Names an existing or future topic.
  KafkaTopic(std::string brokers, std::string name);
  // Creates it; returns when its leaders are known.
  static KafkaTopic create(std::string brokers, std::string name, std::int32_t partitions = 1,
                           const Config& config = {});

  [[nodiscard]] const std::string& name() const { return name_; }

  void set_partitions(std::int32_t count) const;
  void remove() const;
  // What all partitions hold up to their ends as they are now, partition after partition.
  [[nodiscard]] std::vector<KafkaRecord> read_all() const;

 private:
  std::string brokers_;
  std::string name_;
};

}  // namespace outbox::test
