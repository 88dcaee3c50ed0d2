// The commands, as an outbox-processor carries them out: --server. As JSON they write what it
// answers, as it is.
#pragma once

#include <ostream>
#include <string>

#include "outbox/result.hpp"
#include "outboxctl/console.hpp"
#include "outboxctl/options.hpp"

namespace outbox::ctl::server {

[[nodiscard]] Result<void> show_status(const CommonOptions& common, std::ostream& out);
[[nodiscard]] Result<void> list_messages(const CommonOptions& common,
                                         const MessagesOptions& options, std::ostream& out);
[[nodiscard]] Result<void> trace_message(const CommonOptions& common, const std::string& name,
                                         std::ostream& out);
[[nodiscard]] Result<void> show_shards(const CommonOptions& common, std::ostream& out);
[[nodiscard]] Result<void> list_dead_letters(const CommonOptions& common,
                                             const DeadLetterOptions& options, std::ostream& out);

// These wait until the operation has ended, and tell a person meanwhile how far it is.
[[nodiscard]] Result<void> retry_dead_letters(const CommonOptions& common,
                                              const DeadLetterOptions& options, Console& console);
[[nodiscard]] Result<void> discard_dead_letters(const CommonOptions& common,
                                                const DeadLetterOptions& options, Console& console);
[[nodiscard]] Result<void> replay_messages(const CommonOptions& common,
                                           const ReplayOptions& options, Console& console);

[[nodiscard]] Result<void> pause_relays(const CommonOptions& common, const PauseOptions& options,
                                        bool paused, std::ostream& out);
[[nodiscard]] Result<void> release_shard(const CommonOptions& common, const ShardOptions& options,
                                         std::ostream& out);
[[nodiscard]] Result<void> move_shard(const CommonOptions& common, const ShardOptions& options,
                                      std::ostream& out);

}  // namespace outbox::ctl::server
