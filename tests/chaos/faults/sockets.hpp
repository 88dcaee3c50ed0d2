// The sockets of a proxy, none of which ever blocks.
#pragma once

#include "tests/chaos/faults/descriptor.hpp"
#include "tests/chaos/faults/tcp_proxy.hpp"

namespace outbox::chaos {

// Closes a connection so that its peer hears of a failure; what is under way is lost.
void reset(Descriptor& connection);

// Throws when it cannot.
[[nodiscard]] Descriptor listen_on(const Endpoint& where);
[[nodiscard]] Endpoint bound_to(const Descriptor& listener);

// The next connection; none when none waits.
[[nodiscard]] Descriptor accept_from(const Descriptor& listener);
// Begins to connect; the socket is writable when it is decided, and connect_failed() says how. None
// when it failed at once.
[[nodiscard]] Descriptor connect_to(const Endpoint& server);
[[nodiscard]] bool connect_failed(const Descriptor& socket);

}  // namespace outbox::chaos
