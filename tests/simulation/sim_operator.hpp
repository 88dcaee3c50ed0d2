#pragma once

#include <cstdint>
#include <optional>

#include "core/testing/outbox_model.hpp"
#include "tests/simulation/world.hpp"

namespace outbox::simulation {

// A person who decides about dead messages, replays delivered ones, and pauses delivery.
class SimOperator {
 public:
  explicit SimOperator(World& world) : world_(world) {}

  void act();
  void resume();

 private:
  [[nodiscard]] std::optional<std::int64_t> any_exception(OutboxModel::State state);
  void redrive(bool edited);
  void discard();
  void replay();

  World& world_;
};

}  // namespace outbox::simulation
