// The shards as the API shows them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// {"mode","slot","revision","shards":[{"shard","owner","epoch","paused","preferred","lastSeq",
// "positionWrittenAt"}],"relays":[{"name","joinedAt","shards"}],"moves":[{"at","shard","from",
// "to","reason","epoch"}]}, of the moves the newest 200.
[[nodiscard]] Result<Json> list_shards(PostgresOutbox& outbox);

// Of each relay the counter that it raises to renew its lease.
[[nodiscard]] Result<std::map<std::string, std::int64_t, std::less<>>> relay_renewals(
    PostgresOutbox& outbox);

// {"relay","epoch"} of a shard; null: none has it.
[[nodiscard]] Result<Json> shard_owner(PostgresOutbox& outbox, int shard);

}  // namespace outbox::admin
