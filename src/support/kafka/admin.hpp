// Topics of a Kafka cluster: made, grown, removed, and where they end.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"

namespace outbox::kafka {

// Each call waits for its answer, at most so long as connect was told. Errors: not_found and
// conflict of topics that are not or already there; timeout: no answer came, and whether it was
// done is not known; destination_unavailable: anything else that the brokers say. One thread at a
// time.
class Admin {
 public:
  using Config = std::map<std::string, std::string>;
  static constexpr std::chrono::seconds kPatience{30};

  // brokers: host:port, separated by commas. Need not answer yet.
  [[nodiscard]] static Result<Admin> connect(const std::string& brokers);
  // With a producer's settings. Takes the conf, also when it fails.
  [[nodiscard]] static Result<Admin> connect(rd_kafka_conf_t* conf,
                                             std::chrono::milliseconds patience = kPatience);

  // Whether a broker answers, within ten seconds. timeout: none does.
  [[nodiscard]] Result<void> check_reachable();

  // replicas: -1 for the broker's default. `config` is the topic's own. Returns when it can be
  // written to.
  [[nodiscard]] Result<void> create_topic(const std::string& name, std::int32_t partition_count,
                                          std::int32_t replicas = -1, const Config& config = {});
  [[nodiscard]] Result<void> set_partitions(const std::string& name, std::int32_t count);
  [[nodiscard]] Result<void> remove_topic(const std::string& name);

  // How many partitions it has; waits until each has a leader.
  [[nodiscard]] Result<std::int32_t> partitions(const std::string& name);
  // The offset behind the last record of each of so many partitions; waits for their leaders.
  [[nodiscard]] Result<std::vector<std::int64_t>> ends(const std::string& name,
                                                       std::int32_t partition_count);

 private:
  struct Destroy {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  };
  Admin(rd_kafka_t* handle, std::chrono::milliseconds patience)
      : handle_(handle), patience_(patience) {}
  [[nodiscard]] int timeout_ms() const { return static_cast<int>(patience_.count()); }

  // Sends an admin request and looks at what became of each topic.
  template <class Request>
  [[nodiscard]] Result<void> ask(const std::string& what, Request request);

  std::unique_ptr<rd_kafka_t, Destroy> handle_;
  std::chrono::milliseconds patience_;
};

}  // namespace outbox::kafka
