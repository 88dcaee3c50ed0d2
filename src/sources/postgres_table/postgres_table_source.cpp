#include "sources/postgres_table/postgres_table_source.hpp"

#include <bit>
#include <utility>

#include "sources/postgres_table/recovery.hpp"
#include "sources/postgres_table/table_feed.hpp"
#include "sources/postgres_table/wal_feed.hpp"

namespace outbox {

using namespace postgres_table;

namespace {

// Long enough for the bounds of a backlog of hundreds of millions of rows.
constexpr std::chrono::minutes kLongestStatement{5};
// Of the positions in the log: often enough that the server does not keep much of it in vain.
constexpr std::chrono::seconds kDurableInterval{1};

Result<pg::Connection> connect_as(const PostgresTableOptions& options, const char* role) {
  pg::ConnectOptions connect;
  connect.application_name = std::string{"outbox-processor "} + role;
  connect.statement_timeout = kLongestStatement;
  return pg::Connection::connect(options.url, connect);
}

}  // namespace

PostgresTableSource::PostgresTableSource(PostgresTableOptions options)
    : options_(std::move(options)),
      membership_({options_.url, options_.table, options_.owner, options_.lease}) {}

Result<Exceptions> PostgresTableSource::connect() {
  close();
  Result<Exceptions> exceptions = open();
  if (!exceptions) {
    close();
  }
  return exceptions;
}

Result<Exceptions> PostgresTableSource::open() {
  // A relay that stands by asks often, and its membership knows without a connection of its own.
  if (membership_.joined()) {
    const Result<Membership::View> view = share();
    if (!view && view.error().code == ErrorCode::conflict) {
      return view.error();
    }
  }
  // Before the group is joined: no relay of a database that must not be read has a part in it.
  if (Result<void> connected = connect_writer(); !connected) {
    return std::move(connected).error();
  }
  const Result<Membership::View> view = share();
  if (!view) {
    return view.error();
  }
  std::vector<SharedPosition> positions;
  if (Result<void> taken = take_over(*view, positions); !taken) {
    return std::move(taken).error();
  }
  Result<Exceptions> exceptions = settler_->load_exceptions();
  if (!exceptions) {
    return exceptions;
  }
  exceptions->shards = 0;
  for (const SharedPosition& position : positions) {
    exceptions->shards += std::popcount(position.shards);
  }
  if (Result<void> connected = connect_reader(std::move(positions)); !connected) {
    return std::move(connected).error();
  }
  return exceptions;
}

Result<Membership::View> PostgresTableSource::share() {
  Result<Membership::View> view = membership_.join();
  // What it has and is not to have, take_shards gives back.
  if (view && view->own == 0 && (view->quota == 0 || view->free == 0)) {
    return Error{ErrorCode::conflict, "other relays have all shards; standing by"};
  }
  return view;
}

Result<void> PostgresTableSource::connect_writer() {
  Result<pg::Connection> connection = connect_as(options_, "settle");
  if (!connection) {
    return std::move(connection).error();
  }
  writer_.emplace(*std::move(connection));
  Result<Tables> tables = Tables::find(*writer_, options_.table);
  if (!tables) {
    return std::move(tables).error();
  }
  tables_ = *std::move(tables);
  return check_history(*writer_, *tables_);
}

Result<void> PostgresTableSource::take_over(const Membership::View& view,
                                            std::vector<SharedPosition>& positions) {
  // A relay that is gone without a word must not keep its locks for longer than its lease.
  const std::string limit =
      "set idle_in_transaction_session_timeout = " + std::to_string(options_.lease.count());
  if (const Result<pg::Rows> set = writer_->exec(limit); !set) {
    return set.error();
  }
  Result<Mode> mode = read_mode(*writer_, *tables_);
  if (!mode) {
    return std::move(mode).error();
  }
  mode_ = *std::move(mode);
  Result<Fence> fence = mode_.wal ? take_all_shards(*writer_, *tables_, options_.owner)
                                  : take_shards(*writer_, *tables_, options_.owner, view.quota);
  if (!fence) {
    return std::move(fence).error();
  }
  membership_.hold(std::popcount(fence->shards), view.revision, view.paused);
  if (Result<void> added = add_partitions(); !added) {
    return added;
  }
  // Only now that the former owners' writes are refused.
  Result<std::vector<SharedPosition>> loaded = load_positions(*writer_, *tables_, fence->shards);
  if (!loaded) {
    return std::move(loaded).error();
  }
  positions = *std::move(loaded);
  Result<Settler> settler = Settler::make(*writer_, *tables_, *fence, positions,
                                          {options_.dead_letter_type, options_.receipts});
  if (!settler) {
    return std::move(settler).error();
  }
  settler_.emplace(*std::move(settler));
  return options_.judge != nullptr ? recover(*fence, positions) : forget_transactions(*fence);
}

Result<void> PostgresTableSource::recover(const Fence& fence, Positions& positions) {
  intents_.emplace(*writer_, fence);
  if (Result<void> prepared = intents_->prepare_statements(*tables_); !prepared) {
    return prepared;
  }
  Result<std::string> origin = intents_->origin();
  if (!origin) {
    return std::move(origin).error();
  }
  origin_ = *std::move(origin);
  prepared_.reset();
  Result<std::vector<std::string>> retired =
      postgres_table::recover(*intents_, *settler_, *options_.judge, positions);
  if (!retired) {
    return std::move(retired).error();
  }
  retired_.insert(retired_.end(), retired->begin(), retired->end());
  Result<Positions> loaded = load_positions(*writer_, *tables_, fence.shards);
  if (!loaded) {
    return std::move(loaded).error();
  }
  positions = *std::move(loaded);
  return {};
}

// Nobody asks what became of them: whatever was not settled is sent again.
Result<void> PostgresTableSource::forget_transactions(const Fence& fence) {
  IntentStore intents{*writer_, fence};
  if (Result<void> prepared = intents.prepare_statements(*tables_); !prepared) {
    return prepared;
  }
  const Result<std::vector<std::string>> forgotten = intents.forget();
  return forgotten ? Result<void>{} : Result<void>{forgotten.error()};
}

Result<void> PostgresTableSource::connect_reader(std::vector<SharedPosition> positions) {
  Result<pg::Connection> connection = connect_as(options_, "read");
  if (!connection) {
    return std::move(connection).error();
  }
  last_number_ = 0;
  if (mode_.wal) {
    Result<std::unique_ptr<WalFeed>> feed =
        WalFeed::make(*std::move(connection), *tables_, options_.url, mode_, std::move(positions));
    if (!feed) {
      return std::move(feed).error();
    }
    feed_ = *std::move(feed);
    return {};
  }
  Result<std::unique_ptr<TableFeed>> feed =
      TableFeed::make(*std::move(connection), *tables_, std::move(positions));
  if (!feed) {
    return std::move(feed).error();
  }
  feed_ = *std::move(feed);
  return {};
}

void PostgresTableSource::close() {
  membership_.hold(0, 0, false);
  feed_.reset();
  intents_.reset();
  settler_.reset();
  writer_.reset();
  const std::lock_guard lock{mutex_};
  claimed_.clear();
}

void PostgresTableSource::leave() {
  membership_.leave();
}

Standing PostgresTableSource::standing() const {
  return membership_.standing();
}

std::shared_ptr<const TopicNames> PostgresTableSource::paused_topics() const {
  return membership_.paused_topics();
}

Result<Batch> PostgresTableSource::claim(std::size_t limit) {
  Result<Feed::Page> page = feed_->next(ReadLimits{limit, options_.max_batch_bytes});
  if (!page) {
    return std::move(page).error();
  }
  page->batch.number = ++last_number_;
  const std::lock_guard lock{mutex_};
  claimed_.push_back(Claimed{last_number_, std::move(page->after)});
  if (mode_.wal) {
    claimed_.back().records = page->batch.records;
    claimed_.back().storage = page->batch.storage;
    claimed_.back().xids = std::move(page->xids);
  }
  return std::move(page->batch);
}

Result<void> PostgresTableSource::await_work(std::chrono::milliseconds timeout,
                                             const std::stop_token& stop) {
  return feed_->await_work(timeout, stop);
}

Result<Batch> PostgresTableSource::claim_exceptions(std::span<const HeldRange> ranges,
                                                    std::size_t limit_per_range) {
  return settler_->claim(ranges, limit_per_range, options_.max_batch_bytes);
}

Result<Batch> PostgresTableSource::claim_due(std::size_t limit) {
  return settler_->claim_due(limit, options_.max_batch_bytes);
}

Result<void> PostgresTableSource::settle(const Settlement& settlement) {
  const std::vector<Claimed> passed = take_claimed(settlement.through);
  const Undelivered left = undelivered(passed, settlement);
  return settle(settlement, passed.empty() ? nullptr : &passed.back().after, {.left = &left});
}

Result<void> PostgresTableSource::settle(const Settlement& settlement, const Positions* positions,
                                         Settler::How how) {
  // The log may go only where the disk has what became of it.
  const Clock::time_point now = Clock::now();
  const bool moves_log = positions != nullptr && mode_.wal;
  how.durably = moves_log && now - stored_durably_ >= kDurableInterval;
  const bool durably = how.durably || settlement.exceptional();
  Result<void> settled = settler_->settle(settlement, positions, how);
  if (settled && moves_log && durably) {
    stored_durably_ = now;
    feed_->stored(*positions);
  }
  return settled;
}

TransactionScope PostgresTableSource::transaction_scope() const {
  return {origin_, options_.owner};
}

Result<void> PostgresTableSource::enlist(const TransactionSender& sender) {
  return intents_->enlist(sender);
}

Result<PreparedTransaction> PostgresTableSource::prepare(const Settlement& settlement) {
  const std::vector<Claimed> passed = take_claimed(settlement.through);
  const Undelivered left = undelivered(passed, settlement);
  prepared_ = passed.empty() ? std::nullopt : std::optional{passed.back().after};
  Result<PreparedTransaction> transaction =
      intents_->store(settlement, prepared_ ? &*prepared_ : nullptr, settler_->seen_of(settlement),
                      [&] { return settler_->keep(left); });
  if (transaction) {
    transaction->retired = retired_;
  }
  return transaction;
}

Result<void> PostgresTableSource::resolve(const Settlement& settlement) {
  retired_.clear();  // the sink has been told
  const std::optional<Positions> positions = std::exchange(prepared_, std::nullopt);
  return settle(settlement, positions ? &*positions : nullptr,
                {.also = [this] { return intents_->done(); }});
}

Result<void> PostgresTableSource::add_partitions() {
  const Result<pg::Rows> added =
      writer_->exec(tables_->sql("begin; set local lock_timeout = '2s'; "
                                 "select ${outbox_add_partitions}(8); commit"));
  if (added) {
    return {};
  }
  // A lock that could not be had: eight partitions are ahead, and Retention looks after them.
  if (added.error().code == ErrorCode::timeout || added.error().code == ErrorCode::conflict) {
    const Result<pg::Rows> rolled_back = writer_->exec("rollback");
    return rolled_back ? Result<void>{} : Result<void>{rolled_back.error()};
  }
  return added.error();
}

std::vector<Claimed> PostgresTableSource::take_claimed(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  std::vector<Claimed> claimed;
  while (!claimed_.empty() && claimed_.front().number <= number) {
    claimed.push_back(std::move(claimed_.front()));
    claimed_.pop_front();
  }
  return claimed;
}

}  // namespace outbox
