// SQL that tells a message's status and shows it in short.
#pragma once

#include <string>

#include "admin/payload_sql.hpp"

namespace outbox::admin {

// To be used as a CTE beside those that the joins are for.
[[nodiscard]] std::string position_cte();

// Joins that follow an alias `m` with seq, shard, aggregateid and xid: p (position, of
// position_cte), e (its exception), h (what holds it), r (its first receipt). One row for one.
[[nodiscard]] std::string status_joins();

// Of these, the status as the view ${outbox_message} has it, which is not used since it looks up
// the positions anew for each row; a test holds the two together.
[[nodiscard]] std::string status_expression();

// A json document of `m`, which also has id, aggregatetype, type and created_at, and the joins:
// MessageSummary as the API has it.
[[nodiscard]] std::string summary_document(const PayloadSql& payload);

}  // namespace outbox::admin
