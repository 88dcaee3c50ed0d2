// Who has which shards, and where they stand.
#pragma once

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// {"paused", "paused_topics":[…], "paused_shards":[…], "preferred":[{"relay","shards":[…]}],
// "revision", "mode", "slot", "owners":[{"owner","epoch","shards":[…]}],
// "positions":[{"shards":[…],"epoch","n","from_snapshot","to_snapshot","last_seq","written_at"}],
// "relays":[{"owner","renewals","joined_at","shards": how many}],
// "moves":[{"at","shards":[…],"from","to","epoch","reason"}], the newest 20 first}.
[[nodiscard]] Result<Json> shards(PostgresOutbox& outbox);

}  // namespace outbox::admin
