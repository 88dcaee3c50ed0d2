#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/testing/fake_source.hpp"
#include "sources/postgres_table/lease.hpp"
#include "tests/simulation/world.hpp"

namespace outbox::simulation {

// The clocks of the machine that a relay runs on: that since boot runs a little too fast or too
// slow, the wall clock is set by hand now and then.
class HostClock {
 public:
  explicit HostClock(World& world);

  // What leases are judged by.
  [[nodiscard]] std::chrono::nanoseconds lease_now() const;
  void jump_wall(std::chrono::seconds by) { wall_offset_ += by; }

 private:
  World& world_;
  std::chrono::nanoseconds boot_offset_;
  std::int64_t rate_ppm_;
  std::chrono::nanoseconds wall_offset_{0};
};

// A relay's membership, as postgres_table::Membership has it, with the same decisions, on the
// model's tables.
class SimGroup final : public FakeGroup {
 public:
  SimGroup(World& world, std::string owner);

  [[nodiscard]] Result<Share> share() override;
  void hold(const Share& share, int shards) override;
  [[nodiscard]] Standing standing() const override;
  [[nodiscard]] std::shared_ptr<const TopicNames> paused_topics() const override {
    return paused_topics_;
  }
  void leave();

  // Renews and looks when it is time; `cut_off`: the database cannot be reached.
  void tick(bool cut_off);
  HostClock& host() { return host_; }
  // When the look began by which the relay was last judged, or got its shards.
  [[nodiscard]] std::chrono::nanoseconds judged_at() const { return judged_at_; }
  // When it last read which topics operators have paused.
  [[nodiscard]] std::chrono::nanoseconds looked_at() const { return looked_at_; }

 private:
  void renew();
  void look();

  World& world_;
  std::string owner_;
  HostClock host_;
  postgres_table::LeaseWatch watch_;
  postgres_table::HeldLease lease_;
  bool joined_ = false;
  std::optional<postgres_table::GroupView> view_;
  std::chrono::nanoseconds next_tick_{0};
  // Of a tick under way: the renewal was sent, its answer has not been looked at.
  bool renewed_ = false;
  std::chrono::nanoseconds began_{0};
  std::chrono::nanoseconds began_at_{0};  // the same in true time
  std::uint64_t changes_ = 0;
  std::chrono::nanoseconds judged_at_{0};
  std::chrono::nanoseconds looked_at_{0};
  std::shared_ptr<const TopicNames> paused_topics_;
};

}  // namespace outbox::simulation
