// The obvious readers, each of them wrong. They exist so that the tests can show that they would
// catch them.
#pragma once

#include <memory>

#include "tests/reader/reader.hpp"

namespace outbox::test {

// `where seq > last`: never sees a lower seq that commits later.
[[nodiscard]] std::unique_ptr<Reader> make_seq_cursor(const OutboxDatabase& database);

// A cursor (xid, seq) below the snapshot's xmin: a transaction can get its xid before it wins its
// key's lock, and everything waits for the oldest xid of the whole cluster.
[[nodiscard]] std::unique_ptr<Reader> make_xmin_cursor(const OutboxDatabase& database);

// Two relays that take turns with `for update skip locked`: each takes what the other has not
// locked, also the next message of a key whose first one the other still sends.
[[nodiscard]] std::unique_ptr<Reader> make_skip_locked(const OutboxDatabase& database);

}  // namespace outbox::test
