// The commands. Each writes its result to `out` only when it succeeds.
#pragma once

#include <ostream>

#include "outbox/result.hpp"
#include "outboxctl/options.hpp"

namespace outbox::ctl {

[[nodiscard]] Result<void> migrate_tables(const CommonOptions& common,
                                          const MigrateOptions& options, std::ostream& out);
[[nodiscard]] Result<void> show_status(const CommonOptions& common, std::ostream& out);
[[nodiscard]] Result<void> list_messages(const CommonOptions& common,
                                         const MessagesOptions& options, std::ostream& out);

}  // namespace outbox::ctl
