// The commands. Each writes its result to `out` only when it succeeds; those that ask before they
// act take the whole console.
#pragma once

#include <ostream>
#include <string>

#include "outbox/result.hpp"
#include "outboxctl/console.hpp"
#include "outboxctl/options.hpp"

namespace outbox::ctl {

[[nodiscard]] Result<void> migrate_tables(const CommonOptions& common,
                                          const MigrateOptions& options, Console& console);
[[nodiscard]] Result<void> show_status(const CommonOptions& common, std::ostream& out);
[[nodiscard]] Result<void> list_messages(const CommonOptions& common,
                                         const MessagesOptions& options, std::ostream& out);

[[nodiscard]] Result<void> list_dead_letters(const CommonOptions& common,
                                             const DeadLetterOptions& options, std::ostream& out);
[[nodiscard]] Result<void> retry_dead_letters(const CommonOptions& common,
                                              const DeadLetterOptions& options, Console& console);
[[nodiscard]] Result<void> discard_dead_letters(const CommonOptions& common,
                                                const DeadLetterOptions& options, Console& console);
// JSON lines, whatever the format; written as they are read.
[[nodiscard]] Result<void> export_dead_letters(const CommonOptions& common,
                                               const DeadLetterOptions& options, std::ostream& out);

// Delivered messages again.
[[nodiscard]] Result<void> replay_messages(const CommonOptions& common,
                                           const ReplayOptions& options, Console& console);
// `name`: a seq or a message id.
[[nodiscard]] Result<void> trace_message(const CommonOptions& common, const std::string& name,
                                         std::ostream& out);
[[nodiscard]] Result<void> show_shards(const CommonOptions& common, std::ostream& out);
// The relay lets go of it, or another one gets it.
[[nodiscard]] Result<void> release_shard(const CommonOptions& common, const ShardOptions& options,
                                         std::ostream& out);
[[nodiscard]] Result<void> move_shard(const CommonOptions& common, const ShardOptions& options,
                                      std::ostream& out);
// Or lets them go on. Doing it twice changes nothing.
[[nodiscard]] Result<void> pause_relays(const CommonOptions& common, const PauseOptions& options,
                                        bool paused, std::ostream& out);
[[nodiscard]] Result<void> reset_source(const CommonOptions& common, const ResetOptions& options,
                                        Console& console);
// Where the relays read: "table" or "wal".
[[nodiscard]] Result<void> use_source(const CommonOptions& common, const UseOptions& options,
                                      std::ostream& out);

// The tokens by which people and programs use the relay's page and API. A new one is written to
// `out` once, and its digest to the file.
[[nodiscard]] Result<void> make_token(const CommonOptions& common, const TokenOptions& options,
                                      Console& console);
[[nodiscard]] Result<void> list_tokens(const CommonOptions& common, const TokenOptions& options,
                                       std::ostream& out);
[[nodiscard]] Result<void> revoke_token(const CommonOptions& common, const TokenOptions& options,
                                        std::ostream& out);

// The relay's settings: whether they are valid, and what they come to.
[[nodiscard]] Result<void> check_config(const CommonOptions& common, const ConfigOptions& options,
                                        std::ostream& out);
[[nodiscard]] Result<void> show_config(const CommonOptions& common, const ConfigOptions& options,
                                       std::ostream& out);

// How fast the relay is on this database and this broker, in an outbox and a topic that are made
// for it and removed afterwards. Interrupts (SIGINT, SIGTERM) end it early, and it cleans up then
// too.
[[nodiscard]] Result<void> run_bench(const CommonOptions& common, const ConfigOptions& config,
                                     const BenchOptions& options, Console& console);

}  // namespace outbox::ctl
