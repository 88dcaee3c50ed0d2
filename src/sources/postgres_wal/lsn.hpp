#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "outbox/result.hpp"

namespace outbox::postgres_wal {

// A place in PostgreSQL's write-ahead log: bytes since the cluster was made. 0: none.
using Lsn = std::uint64_t;

// "16/B374D848", as pg_lsn.
[[nodiscard]] std::string to_text(Lsn lsn);
// internal: it is no pg_lsn.
[[nodiscard]] Result<Lsn> to_lsn(std::string_view text);

}  // namespace outbox::postgres_wal
