#include "tests/scale/many_messages.hpp"

#include <string>

namespace outbox::test {
namespace {

// Into a table without indexes, which then takes the partition's place.
void fill_partition(pg::Connection& connection, const std::string& rows) {
  must_exec(connection, "alter table outbox detach partition outbox_p0");
  must_exec(connection, "drop table outbox_p0");
  must_exec(connection,
            "create unlogged table outbox_p0 (like outbox including defaults including generated "
            "including constraints, "
            "  constraint seq_range check (seq >= 0 and seq < 10000000)) "
            "with (autovacuum_enabled = false)");
  // The lowest xids there are: old transactions.
  must_exec(connection,
            "insert into outbox_p0 "
            "  (seq, xid, created_at, id, aggregatetype, aggregateid, type, payload) "
            "select i, (3 + i / 20000)::text::xid8, "
            "       '2026-01-01'::timestamptz + i * interval '10 ms', "
            "       lpad(to_hex(i), 32, '0')::uuid, "
            "       case when i % 10 = 3 then 'bill' else 'order' end, "
            "       case when i % 10 = 0 then 'hot' else 'key-' || i / 10 end, "
            "       case when i % 100 = 7 then 'OrderPaid' else 'OrderCreated' end, "
            "       json_build_object('customer', json_build_object('name', 'c' || i % 1000), "
            "                         'total', i) "
            "  from generate_series(1, " +
                rows + " - 1000) i");
  must_exec(connection, "set maintenance_work_mem = '512MB'");
  must_exec(connection, "alter table outbox_p0 add primary key (seq)");
  must_exec(connection, "create index on outbox_p0 (xid, seq)");
  must_exec(connection, "create index on outbox_p0 (aggregateid, seq)");
  must_exec(connection, "create index on outbox_p0 (id)");
  must_exec(connection, "create index on outbox_p0 using brin (created_at)");
  must_exec(connection,
            "alter table outbox attach partition outbox_p0 for values from (0) to (10000000)");
  must_exec(connection,
            "select setval(pg_get_serial_sequence('outbox', 'seq'), " + rows + " - 1000)");
}

// A thousand messages at a time, to three partitions.
void add_receipts(pg::Connection& connection, const std::string& rows) {
  must_exec(connection,
            "insert into outbox_receipt_run (first_seq, last_seq, first_offset, \"partition\", "
            "  topic, seqs, offsets) "
            "select first + part, first + part + 3 * 332, first, part, 'orders', seqs, offsets "
            "  from generate_series(1, greatest(1, " +
                rows +
                " - 2000), 1000) first "
                " cross join generate_series(0, 2) part "
                " cross join (select array_agg(i * 3 order by i)::smallint[] as seqs, "
                "                    array_agg(i order by i)::integer[] as offsets "
                "               from generate_series(0, 332) i) a");
}

void add_exceptions(pg::Connection& connection, const std::string& rows) {
  must_exec(
      connection,
      "insert into outbox_exception (seq, shard, holds_key, state, key, attempts, last_error) "
      "select i, 0, false, 'dead', 'key-' || i / 10, 20, 'no such customer: c' || i % 1000 "
      "  from generate_series(1001, " +
          rows + " - 2000, 100) i");
  must_exec(connection,
            "insert into outbox_exception (seq, until_seq, shard, holds_key, state, key) "
            "select i + 1, i + 8, 0, true, 'held', 'key-' || i / 10 "
            "  from generate_series(1001, 10001, 1000) i");
}

}  // namespace

void fill_with_messages(pg::Connection& connection, std::int64_t rows) {
  const std::string count = std::to_string(rows);
  fill_partition(connection, count);
  must_exec(connection,
            "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
            "select max(epoch), max(n) + 1, -1, pg_current_snapshot() from outbox_progress_0");
  add_receipts(connection, count);
  add_exceptions(connection, count);
  must_exec(connection,
            "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
            "select gen_random_uuid(), 'order', 'new-' || i, 'OrderCreated', '{\"total\": 1}' "
            "  from generate_series(1, 1000) i");
  must_exec(connection, "analyze outbox; analyze outbox_receipt_run; analyze outbox_exception");
}

}  // namespace outbox::test
