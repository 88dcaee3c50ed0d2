// Whether a request was meant for this server, and came from its own pages.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "support/http/message.hpp"

namespace outbox::access {

// 127.0.0.0/8 and ::1, also as an IPv4-mapped address.
[[nodiscard]] bool is_loopback_address(std::string_view address);

// Whether the request names this server, as its Host (and the authority of an absolute target):
// "localhost", a loopback address, the address at which it came in, or one of `allowed`, each
// NAME or NAME:PORT. Another name is one that an attacker let point here (DNS rebinding), so that
// the browser takes his page for ours. A request of HTTP/1.0 without Host is no browser's.
[[nodiscard]] bool names_this_server(const http::Request& request,
                                     std::span<const std::string> allowed);

// Whether a browser sent the request for a page of another origin, by Sec-Fetch-Site and Origin.
// What has neither is no browser's.
[[nodiscard]] bool comes_from_elsewhere(const http::Request& request,
                                        std::span<const std::string> allowed);

}  // namespace outbox::access
