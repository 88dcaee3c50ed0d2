// Statements that a connection remembers.
#pragma once

#include <chrono>
#include <string>

#include "outbox/result.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"
#include "support/pg/rows.hpp"

namespace outbox::pg {

// As query() of connection.hpp, but the statement is prepared when it first runs on the connection
// and executed from then on, which saves the server its analysis. What is prepared is kept with the
// connection, through PQreset and until PQfinish; not through DISCARD or DEALLOCATE, after which
// the next call with it fails once (SQLSTATE 26000), nor through a pooler that changes servers.
[[nodiscard]] Result<Rows> query_remembered(pg_conn* connection, const std::string& sql,
                                            const Params& params, Format format, SqlState* sqlstate,
                                            std::chrono::milliseconds answer_timeout,
                                            Then then = Then::nothing);

}  // namespace outbox::pg
