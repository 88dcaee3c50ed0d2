// Which addresses lie in networks that a webhook must not reach.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace outbox::http_sink {

// Why the address is not one of the public internet: "loopback", "private", …; nothing when it is.
// An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is judged by itself. Neither IPv4 nor
// IPv6: "no internet address".
[[nodiscard]] std::optional<std::string_view> non_public_network(const sockaddr& address);

// The address in numbers, without its port.
[[nodiscard]] std::string numeric(const sockaddr& address);

}  // namespace outbox::http_sink
