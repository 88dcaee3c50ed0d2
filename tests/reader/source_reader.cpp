#include "tests/reader/source_reader.hpp"

#include <utility>

#include "tests/reader/caught_up_source.hpp"

namespace outbox::test {

PostgresTableOptions source_options(const std::string& url) {
  PostgresTableOptions options;
  options.url = url;
  options.owner = "test-relay";
  return options;
}

SourceReader::SourceReader(const std::string& url, std::size_t limit)
    : SourceReader(std::make_unique<PostgresTableSource>(source_options(url)), limit) {}

SourceReader::SourceReader(std::unique_ptr<Source> source, std::size_t limit)
    : source_(std::move(source)), limit_(limit) {
  must(source_->connect());
}

std::vector<Delivered> SourceReader::read() {
  std::vector<Delivered> delivered;
  while (true) {
    const Batch batch = must(source_->claim(limit_));
    Settlement settlement;
    settlement.through = batch.number;
    for (const Record& record : batch.records) {
      delivered.push_back(Delivered{std::string{record.key}, version_in(record.payload)});
      settlement.delivered.push_back(Receipt{record.seq, "topic", 0, record.seq});
    }
    must(source_->settle(settlement));
    if (batch.records.empty()) {
      return delivered;
    }
  }
}

void SourceReader::reconnect() {
  source_->close();
  must(source_->connect());
}

std::unique_ptr<Reader> make_source_reader(const OutboxDatabase& database) {
  return std::make_unique<SourceReader>(database.url(), 3);
}

std::unique_ptr<Reader> make_log_reader(const OutboxDatabase& database) {
  read_the_log(database);
  return std::make_unique<SourceReader>(
      std::make_unique<CaughtUpSource>(source_options(database.url()), database.connect()), 3);
}

}  // namespace outbox::test
