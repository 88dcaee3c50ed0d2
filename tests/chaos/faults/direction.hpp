// The two ways of a connection, as its faults name them.
#pragma once

namespace outbox::chaos {

// The server is the one that is connected to: PostgreSQL or a Kafka broker.
enum class Direction { to_server, to_client };

}  // namespace outbox::chaos
