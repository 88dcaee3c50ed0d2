#include "sources/postgres_table/table_feed.hpp"

#include <utility>

namespace outbox::postgres_table {

Result<std::unique_ptr<TableFeed>> TableFeed::make(pg::Connection connection, const Tables& tables,
                                                   std::vector<SharedPosition> positions,
                                                   std::optional<Snapshot> until) {
  for (SharedPosition& position : positions) {
    if (position.at.lsn != 0) {  // the log will be ahead of none of it
      position.at.lsn = 0;
      position.at.last_seq = 0;
    }
  }
  // On the heap before anything borrows the connection.
  std::unique_ptr<TableFeed> feed{new TableFeed{std::move(connection)}};
  Result<RangeReader> ranges =
      RangeReader::make(feed->connection_, tables, std::move(positions), std::move(until));
  if (!ranges) {
    return std::move(ranges).error();
  }
  feed->ranges_.emplace(*std::move(ranges));
  feed->doorbell_.emplace(feed->connection_, tables);
  if (Result<void> listening = feed->doorbell_->listen(); !listening) {
    return std::move(listening).error();
  }
  return feed;
}

TableFeed::~TableFeed() {
  if (doorbell_) {
    doorbell_->silence();
  }
}

Result<Feed::Page> TableFeed::next(const ReadLimits& limits) {
  Result<Page> page = ranges_->next(limits);
  if (page && !page->batch.records.empty()) {
    if (Result<void> noted = doorbell_->work_found(); !noted) {
      return std::move(noted).error();
    }
  }
  return page;
}

Result<void> TableFeed::await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  return doorbell_->wait(ranges_->newest(), timeout, stop);
}

}  // namespace outbox::postgres_table
