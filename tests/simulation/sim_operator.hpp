#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "core/testing/outbox_model.hpp"
#include "tests/simulation/world.hpp"

namespace outbox::simulation {

// A person who decides about dead messages, replays delivered ones, pauses delivery, of everything
// or of a topic or a shard, and says which relay is to have a shard.
class SimOperator {
 public:
  explicit SimOperator(World& world) : world_(world) {}

  void act();
  // All that is paused.
  void resume();

 private:
  [[nodiscard]] std::optional<std::int64_t> any_exception(OutboxModel::State state);
  void redrive(bool edited);
  void discard();
  void replay();
  void pause();
  void pause_topic();
  void tend_shard();

  World& world_;
  std::set<std::size_t> paused_shards_;
};

}  // namespace outbox::simulation
