// Watches from outside that no shard's epoch falls and that no stored position moves back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sources/postgres_table/position.hpp"

namespace outbox::chaos {

// What the tables said of one shard at one time.
struct ShardSample {
  int shard = 0;
  std::int64_t owner_epoch = 0;     // of outbox_shard
  std::int64_t position_epoch = 0;  // of the progress row that holds the position
  postgres_table::Snapshot from;    // what is visible in it is done
};

// Whether everything that the earlier snapshot sees is visible in the later one too.
[[nodiscard]] bool sees_all_of(const postgres_table::Snapshot& later,
                               const postgres_table::Snapshot& earlier);

class PositionWatch {
 public:
  // `server_start` tells the server's run. Progress may commit asynchronously, so a crash may take
  // a stored position back, and the first sample after it starts afresh; epochs are durable.
  void look(const std::string& server_start, const std::vector<ShardSample>& samples);

  [[nodiscard]] std::int64_t samples() const { return samples_; }
  [[nodiscard]] std::int64_t regressions() const { return regressions_; }
  [[nodiscard]] const std::vector<std::string>& findings() const { return findings_; }

 private:
  void find(std::string finding);

  std::string server_start_;
  std::map<int, std::int64_t> owner_epochs_;
  std::map<int, ShardSample> positions_;
  std::int64_t samples_ = 0;
  std::int64_t regressions_ = 0;
  std::vector<std::string> findings_;
};

}  // namespace outbox::chaos
