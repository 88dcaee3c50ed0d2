// Partitions so narrow that a test can fill many of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sources/postgres_table/retention.hpp"
#include "support/pg/connection.hpp"

namespace outbox::test {

// Replaces the partitions of an outbox that nothing was written to by such of `width` seqs.
void narrow_partitions(pg::Connection& connection, std::int64_t width);

// A run of retention that keeps nothing longer than a millisecond.
[[nodiscard]] postgres_table::RetentionReport retain(
    const std::string& url, std::chrono::milliseconds keep = std::chrono::milliseconds{1});

// The partitions of the outbox that have rows, by number: "0 2 5".
[[nodiscard]] std::string filled_partitions(pg::Connection& connection);

}  // namespace outbox::test
