#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/testing/outbox_model.hpp"
#include "core/testing/records.hpp"
#include "outbox/source.hpp"
#include "tests/simulation/world.hpp"

namespace outbox::simulation {

// Judges what is sent and what arrives by the promises, at once. What is settled, the model judges.
class Oracle {
 public:
  explicit Oracle(World& world);

  struct Sender {
    const std::string& name;
    OutboxModel::Fence fence;
    // It has had the time to learn that an operator has paused delivery.
    bool knows_of_pause = false;
    // The same of the message's topic.
    bool knows_of_topic_pause = false;
  };
  void sending(const Record& record, const Sender& sender);
  void arrived(const SeqAndKey& row, bool first);

  // Every message has come to an end that the promises allow.
  [[nodiscard]] bool complete() const;
  void check_end();

 private:
  [[nodiscard]] bool ended(std::int64_t seq, const OutboxModel::Row& row) const;
  [[nodiscard]] bool waits_for_ever(std::int64_t seq, const OutboxModel::Row& row) const;

  World& world_;
  std::map<std::int64_t, int> arrivals_;
  // Of each key, how many of its rows, in order, have arrived or need not.
  std::map<std::string, std::size_t> settled_;
  std::map<std::string, std::vector<std::int64_t>> seqs_;
  std::int64_t known_ = 0;  // rows up to this seq are in seqs_
};

}  // namespace outbox::simulation
