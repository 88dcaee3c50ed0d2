// The answers to requests that reach no handler.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "support/http/message.hpp"

namespace outbox::http {

[[nodiscard]] Response bad_request(std::string_view detail);
[[nodiscard]] Response too_slow(std::string_view what, std::chrono::milliseconds limit);
// 503 with Retry-After. `why` is a clause: "the server has too many connections".
[[nodiscard]] Response overloaded(std::string_view why);
[[nodiscard]] Response header_too_large(std::size_t limit);
[[nodiscard]] Response body_too_large(std::size_t limit);

// The answer to a request that could not be read, by Beast's error; nothing when there is nobody to
// answer.
[[nodiscard]] std::optional<Response> unreadable(const boost::system::error_code& error,
                                                 std::size_t max_header, std::size_t max_body);

// Refuses what an HTTP parser lets through and a careful server does not: framing that two readers
// could read differently (RFC 9112 §6), a missing or doubled Host (§3.2), an unknown expectation.
// `version` is 10 or 11. Nothing: the header is fine.
[[nodiscard]] std::optional<Response> check_framing(unsigned version, const Headers& headers);

}  // namespace outbox::http
