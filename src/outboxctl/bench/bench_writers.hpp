// Writes a benchmark's messages.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "outbox/result.hpp"
#include "support/load/schedule.hpp"
#include "support/pg/connection.hpp"

namespace outbox::ctl {

inline constexpr int kBenchKeys = 10'000;
inline constexpr int kBenchWriters = 4;  // connections

// So many messages, ten thousand a transaction, then what autovacuum would do soon. Ends early,
// with success, when stopped.
[[nodiscard]] Result<void> fill_outbox(pg::Connection& connection, const std::string& table,
                                       std::int64_t messages, std::int64_t payload_bytes,
                                       const std::stop_token& stop);

// Every message of the schedule when it is due, each in a transaction of its own, on kBenchWriters
// connections; `committed` gets their moments. Begins the schedule. Ends early, with success, when
// stopped.
[[nodiscard]] Result<void> write_at_rate(const std::string& url, const std::string& table,
                                         std::int64_t payload_bytes, load::Schedule& schedule,
                                         load::Moments& committed, const std::stop_token& stop);

}  // namespace outbox::ctl
