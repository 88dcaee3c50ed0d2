// The relay of the pattern's demonstrations: SELECT what is unprocessed, send one message and wait,
// UPDATE it, and the next. Its table is of its own, with a column `processed`.
#include <array>
#include <string>

#include "bench/producer.hpp"
#include "bench/rows.hpp"
#include "bench/tool.hpp"
#include "support/pg/wire.hpp"

namespace outbox::bench {
namespace {

constexpr const char* kSelect =
    "select seq, id, created_at, type, aggregateid, payload from naive_outbox"
    " where not processed order by seq limit 100";
constexpr const char* kUpdate = "update naive_outbox set processed = true where seq = $1::bigint";

}  // namespace

int naive_relay(const Options& options) {
  const PgConnection connection = connect(options.text("database"));
  checked(connection.get(), PQprepare(connection.get(), "update", kUpdate, 1, nullptr));
  Producer producer(options.text("brokers"), options.text("topic"), options.text("properties", ""));
  Stopwatch watch;
  watch.begin();
  std::int64_t rows = 0;
  while (true) {
    const PgResult page =
        checked(connection.get(),
                PQexecParams(connection.get(), kSelect, 0, nullptr, nullptr, nullptr, nullptr, 1));
    const int count = PQntuples(page.get());
    if (count == 0) break;
    for (int i = 0; i < count; ++i) {
      const Row row = row_of(page.get(), i);
      std::int64_t pending = 0;
      producer.send(row, pending);
      producer.drain();
      const std::string seq = std::to_string(row.seq);
      const std::array<const char*, 1> values = {seq.c_str()};
      checked(connection.get(),
              PQexecPrepared(connection.get(), "update", 1, values.data(), nullptr, nullptr, 0));
    }
    rows += count;
  }
  print_result(rows, watch);
  return 0;
}

}  // namespace outbox::bench
