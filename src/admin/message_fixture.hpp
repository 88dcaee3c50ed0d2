// An outbox with a message of each status, for tests.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "admin/postgres_outbox.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::admin {

// By seq: 1 a processed, with a receipt; 2 b dead, 3 and 4 b held behind it; 5 c delayed;
// 6 d discarded; 7 e retrying; 8 f processed, without a receipt; 9 g pending.
class MessageTest : public testing::Test {
 protected:
  MessageTest() {
    for (const char* key : {"a", "b", "b", "b", "c", "d", "e", "f"})
      write(key);
    exec(
        "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
        "select max(epoch), max(n) + 1, -1, pg_current_snapshot() from outbox_progress_0");
    write("g");
    exec(
        "insert into outbox_receipt_run (first_seq, last_seq, first_offset, \"partition\", topic, "
        "seqs, offsets) values (1, 1, 9007199254740993, 2, 'orders', '{0}', '{0}')");
    exec(
        "insert into outbox_exception (seq, until_seq, due_at, attempts, shard, holds_key, state, "
        "key, last_error) "
        "select e.*, case when e.state = 'dead' then 'too large: 17 bytes' end from (values "
        "(2, null::bigint, null::timestamptz, 3, 0, true, 'dead', 'b'), "
        "(3, 4, null, 0, 0, true, 'held', 'b'), "
        "(5, null, '2030-01-01', 0, 0, false, 'delayed', 'c'), "
        "(6, null, null, 1, 0, false, 'discarded', 'd'), "
        "(7, null, '2030-01-01', 1, 0, true, 'retrying', 'e')) e (seq, until_seq, due_at, "
        "attempts, shard, holds_key, state, key)");
  }

  void write(const std::string& key) {
    exec(
        "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
        "(gen_random_uuid(), 'order', '" +
        key + "', 'OrderPaid', '{\"customer\": {\"name\": \"Ada\"}, \"n\": 12}')");
  }
  void exec(const std::string& sql) { test::must_exec(connection_, sql); }
  std::string value(const std::string& sql) { return test::value_of(connection_, sql); }

  static std::vector<std::string> seqs_of(const Json& items) {
    std::vector<std::string> seqs;
    for (const Json& item : items)
      seqs.push_back(item["seq"]);
    return seqs;
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  PostgresOutbox outbox_ = PostgresOutbox::open(database_.url(), "outbox", "ada via test").value();
};

}  // namespace outbox::admin
