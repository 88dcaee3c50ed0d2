#include "tests/reader/server_faults.hpp"

#include <csignal>
#include <stdexcept>
#include <string>

#include "tests/reader/source_reader.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {

void halt_wal_writer(pg::Connection& connection) {
  const std::string pid =
      value_of(connection, "select pid from pg_stat_activity where backend_type = 'walwriter'");
  if (::kill(std::stoi(pid), SIGSTOP) != 0) {
    throw std::runtime_error("cannot halt the WAL writer, process " + pid);
  }
}

pg::Connection hold_renewals(const std::string& url) {
  pg::Connection connection = must(pg::Connection::connect(url));
  must_exec(connection, "begin");
  must_exec(connection, "lock table outbox_relay in exclusive mode");
  return connection;
}

std::vector<std::int64_t> read_seqs(PostgresTableSource& source) {
  std::vector<std::int64_t> seqs;
  while (true) {
    const Batch batch = must(source.claim(100));
    Settlement settlement;
    settlement.through = batch.number;
    must(source.settle(settlement));
    if (batch.records.empty()) {
      return seqs;
    }
    for (const Record& record : batch.records) {
      seqs.push_back(record.seq);
    }
  }
}

std::vector<std::int64_t> stored_seqs(pg::Connection& connection) {
  const pg::Rows rows = must_exec(connection, "select seq from outbox order by seq");
  std::vector<std::int64_t> seqs;
  for (int i = 0; i < rows.size(); ++i) {
    seqs.push_back(rows.int8(i, 0));
  }
  return seqs;
}

}  // namespace outbox::test
