#pragma once

struct pg_conn;

namespace outbox::postgres_table {

// Asks the server to end the statement that runs on the connection; may be called by another thread
// than the one that waits for it, as long as the connection lives. A failure only means that it
// runs to its end. Opens a short connection of its own.
void cancel(pg_conn* connection);

}  // namespace outbox::postgres_table
