// The least that a program must do to send what logical replication delivers: START_REPLICATION,
// pgoutput decoded as far as an insert's columns, send, acknowledge nothing.
#include <array>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "bench/producer.hpp"
#include "bench/rows.hpp"
#include "bench/tool.hpp"
#include "support/pg/wire.hpp"

namespace outbox::bench {
namespace {

using pg::wire::load;

struct CopyFree {
  void operator()(char* data) const { PQfreemem(data); }
};
using CopyData = std::unique_ptr<char, CopyFree>;

// What the publication has of a row, in the order of the table's columns.
enum Column : std::size_t { kSeq, kCreatedAt, kId, kKey, kType, kPayload, kColumns };

// An 'I' message: relation, 'N', number of columns, and for each 'b', length, bytes.
Row row_of_insert(const char* message) {
  std::array<std::string_view, kColumns> columns;
  const char* at = message + 1 + 4 + 1;
  if (load<std::int16_t>(at) != static_cast<std::int16_t>(kColumns)) {
    fail("the publication has other columns than seq, created_at, id, aggregateid, type, payload");
  }
  at += 2;
  for (std::string_view& column : columns) {
    if (*at != 'b') fail("a column is not in binary form");
    const auto size = static_cast<std::size_t>(load<std::int32_t>(at + 1));
    column = {at + 5, size};
    at += 5 + size;
  }
  return {
      .seq = load<std::int64_t>(columns[kSeq].data()),
      .created_at_us = load<std::int64_t>(columns[kCreatedAt].data()) + pg::wire::kPostgresEpochUs,
      .id = columns[kId].data(),
      .type = columns[kType],
      .key = columns[kKey],
      .payload = columns[kPayload]};
}

// Tells the server that the client lives and has confirmed nothing.
void answer_keepalive(PGconn* connection) {
  std::array<char, 34> status{};  // 'r', three positions, the time, no reply wanted
  status[0] = 'r';
  if (PQputCopyData(connection, status.data(), static_cast<int>(status.size())) != 1 ||
      PQflush(connection) != 0) {
    fail(PQerrorMessage(connection));
  }
}

}  // namespace

int loop_wal(const Options& options) {
  const PgConnection connection = connect(options.text("database") + "?replication=database");
  Producer producer(options.text("brokers"), options.text("topic"), options.text("properties", ""));
  const std::string start = fmt::format(
      "START_REPLICATION SLOT {} LOGICAL 0/0 (proto_version '1', publication_names '{}', "
      "binary 'true')",
      options.text("slot"), options.text("publication"));
  Stopwatch watch;
  watch.begin();
  const PgResult started{PQexec(connection.get(), start.c_str())};
  if (PQresultStatus(started.get()) != PGRES_COPY_BOTH) fail(PQerrorMessage(connection.get()));
  const std::int64_t wanted = options.number("rows");
  std::int64_t rows = 0;
  std::int64_t pending = 0;
  while (rows < wanted) {
    char* raw = nullptr;
    const int size = PQgetCopyData(connection.get(), &raw, 0);
    const CopyData data(raw);
    if (size <= 0) fail(PQerrorMessage(connection.get()));
    if (raw[0] == 'k') {
      if (raw[17] != 0) answer_keepalive(connection.get());
    } else if (raw[25] == 'I') {  // after 'w', two positions and a time
      producer.send_copy(row_of_insert(raw + 25), pending);
      if (++rows % PageReader::kRows == 0) producer.poll(0);
    }
  }
  producer.drain();
  print_result(rows, watch);
  return 0;
}

}  // namespace outbox::bench
