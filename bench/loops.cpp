// The least that a program must do with the same rows and the same broker: what bounds the relay.
#include <deque>
#include <memory>
#include <vector>

#include "bench/producer.hpp"
#include "bench/rows.hpp"
#include "bench/tool.hpp"

namespace outbox::bench {

int loop_read(const Options& options) {
  const PgConnection connection = connect(options.text("database"));
  PageReader reader(connection.get(), options.number("after", 0));
  Stopwatch watch;
  watch.begin();
  std::int64_t rows = 0;
  while (const PgResult page = reader.next()) {
    const int count = PQntuples(page.get());
    if (count == 0) break;
    rows += count;
  }
  print_result(rows, watch);
  return 0;
}

int loop_produce(const Options& options) {
  const PgConnection connection = connect(options.text("database"));
  PageReader reader(connection.get(), options.number("after", 0));
  std::vector<PgResult> pages;
  for (PgResult page = reader.next(); PQntuples(page.get()) > 0; page = reader.next()) {
    pages.push_back(std::move(page));
  }
  Producer producer(options.text("brokers"), options.text("topic"), options.text("properties", ""));
  Stopwatch watch;
  watch.begin();
  std::int64_t rows = 0;
  std::int64_t pending = 0;
  for (const PgResult& page : pages) {
    const int count = PQntuples(page.get());
    for (int i = 0; i < count; ++i) {
      producer.send(row_of(page.get(), i), pending);
    }
    rows += count;
    producer.poll(0);
  }
  producer.drain();
  print_result(rows, watch);
  return 0;
}

int loop_read_produce(const Options& options) {
  struct Page {
    PgResult rows;
    std::int64_t pending = 0;  // sent and not acknowledged
  };
  const PgConnection connection = connect(options.text("database"));
  PageReader reader(connection.get(), options.number("after", 0));
  Producer producer(options.text("brokers"), options.text("topic"), options.text("properties", ""));
  Stopwatch watch;
  watch.begin();
  std::int64_t rows = 0;
  std::deque<Page> pages;  // as many as librdkafka's queue holds
  while (true) {
    Page& page = pages.emplace_back();
    page.rows = reader.next();
    const int count = PQntuples(page.rows.get());
    if (count == 0) break;
    for (int i = 0; i < count; ++i) {
      producer.send(row_of(page.rows.get(), i), page.pending);
    }
    rows += count;
    producer.poll(0);
    while (!pages.empty() && pages.front().pending == 0)
      pages.pop_front();
  }
  producer.drain();
  print_result(rows, watch);
  return 0;
}

}  // namespace outbox::bench
