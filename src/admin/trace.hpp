// Everything that is known of one message.
#pragma once

#include <string>
#include <vector>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// The rows that `name`, a seq or a message id, stands for, by seq: one document for each, at most
// kMostTraced. Of a row that retention has removed what is left, when it is named by its seq.
// not_found: there is nothing.
[[nodiscard]] Result<std::vector<Json>> trace(PostgresOutbox& outbox, const std::string& name);
inline constexpr int kMostTraced = 100;

}  // namespace outbox::admin
