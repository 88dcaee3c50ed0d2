// What a message carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

struct StoredPayload {
  std::string encoding;    // "json", "text" or "base64"
  std::string content;     // as it goes out next: edited, if an operator has edited it
  std::int64_t bytes = 0;  // of the whole
  bool truncated = false;
};

// At most `most` characters of it, or bytes where it is binary. Nothing when the message has no
// row.
[[nodiscard]] Result<std::optional<StoredPayload>> read_payload(PostgresOutbox& outbox,
                                                                std::int64_t seq,
                                                                std::int64_t most);

}  // namespace outbox::admin
