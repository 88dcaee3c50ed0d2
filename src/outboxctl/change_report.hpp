// What commands say that change many messages.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "admin/chunks.hpp"
#include "outboxctl/options.hpp"

namespace outbox::ctl {

struct ChangeReport {
  std::string done;     // "retried"
  std::string planned;  // "would retry"
  std::int64_t selected = 0;
  bool dry_run = false;
  std::int64_t changed = 0;
  std::string last_due_at = {};  // empty: at once

  // What the schedule means for the last one selected.
  void schedule(const admin::Schedule& schedule);
  void print(const CommonOptions& common, std::ostream& out) const;
};

}  // namespace outbox::ctl
