// Topics and shards, one by one: who is to send them, and whether anybody is.
#pragma once

#include <string>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// Each returns whether it changed anything; then with a row in the audit, in the same transaction.
// The relays follow within about a second, as soon as what they have in flight is acknowledged.

// A paused topic gets nothing; its messages keep their order, and other topics go on. What was
// delayed meanwhile is due a second after it goes on, in transactions of their own; when one of
// these fails the topic goes on all the same, and the same call does the rest.
// invalid_argument: it is no topic name. conflict: too many are paused.
[[nodiscard]] Result<bool> pause_topic(PostgresOutbox& outbox, const std::string& topic,
                                       bool paused);

// A paused shard is read by nobody. invalid_argument: there is no such shard. conflict: the relays
// read the write-ahead log, where one reads for all shards.
[[nodiscard]] Result<bool> pause_shard(PostgresOutbox& outbox, int shard, bool paused);

// The relay that has the shard lets go of it, and whoever has the fewest takes it. It also ends
// what move_shard wanted. Where the log is read, it is all shards. invalid_argument as above.
[[nodiscard]] Result<bool> release_shard(PostgresOutbox& outbox, int shard);

// The relay gets the shard and keeps it as long as it lives, whatever its share is. Where the log
// is read, it gets all. invalid_argument as above. not_found: no such relay shares the outbox.
[[nodiscard]] Result<bool> move_shard(PostgresOutbox& outbox, int shard, const std::string& relay);

}  // namespace outbox::admin
