#include "tests/reader/retained_rows.hpp"

#include <string>

namespace outbox::test {

void retain_ten_million_rows(pg::Connection& connection, std::int64_t free_seqs) {
  must_exec(connection, "drop index outbox_id, outbox_created_at, outbox_key_seq");
  must_exec(connection, "alter table outbox detach partition outbox_p0");
  must_exec(connection, "drop table outbox_p0");
  must_exec(connection,
            "create unlogged table outbox_p0 (like outbox including defaults including generated "
            "including constraints, "
            "  constraint seq_range check (seq >= 0 and seq < 10000000)) "
            "with (autovacuum_enabled = false)");
  // The lowest xids there are: a thousand old transactions.
  must_exec(connection,
            "insert into outbox_p0 "
            "  (seq, xid, created_at, id, aggregatetype, aggregateid, type, payload) "
            "select i, (3 + i / 20000)::text::xid8, '2026-01-01', "
            "       '01890a5d-ac96-774b-bcce-b302099a8057', 'a', 'k', 't', '{\"v\": 1}' "
            "  from generate_series(" +
                std::to_string(free_seqs + 1) + ", " + std::to_string(kRetainedRows - 1) + ") i");
  must_exec(connection, "set maintenance_work_mem = '512MB'");
  must_exec(connection, "alter table outbox_p0 add primary key (seq)");
  must_exec(connection, "create index on outbox_p0 (xid, seq)");
  must_exec(connection,
            "alter table outbox attach partition outbox_p0 for values from (0) to (10000000)");
  must_exec(connection, "select setval(pg_get_serial_sequence('outbox', 'seq'), 10000000)");
}

}  // namespace outbox::test
