#include "support/pg/pool.hpp"

#include <utility>

namespace outbox::pg {

Pool::Lease::Lease(Pool* pool, Connection connection)
    : pool_(pool), connection_(std::move(connection)) {}

Pool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}

Pool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->give_back(std::move(connection_));
}

Pool::Pool(std::string url, PoolOptions options)
    : url_(std::move(url)), options_(std::move(options)) {}

Result<Pool::Lease> Pool::acquire(std::chrono::milliseconds timeout) {
  std::optional<Idle> candidate;
  {
    std::unique_lock lock{mutex_};
    if (!freed_.wait_for(lock, timeout, [this] { return in_use_ < options_.size; })) {
      return Error{ErrorCode::timeout, "all " + std::to_string(options_.size) +
                                           " database connections were in use for " +
                                           std::to_string(timeout.count()) + " ms"};
    }
    ++in_use_;
    if (!idle_.empty()) {
      candidate.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  if (candidate && usable(*candidate)) return Lease{this, std::move(candidate->connection)};
  candidate.reset();
  auto opened = open();
  if (!opened) {
    give_back(std::nullopt);
    return std::move(opened).error();
  }
  return Lease{this, *std::move(opened)};
}

Result<Connection> Pool::open() const {
  auto connection = Connection::connect(url_, options_.connect);
  if (!connection) return std::move(connection).error();
  if (options_.prepare) {
    if (auto prepared = options_.prepare(*connection); !prepared) {
      return std::move(prepared).error();
    }
  }
  return connection;
}

bool Pool::usable(Idle& idle) const {
  if (!idle.connection.alive()) return false;
  if (Clock::now() - idle.since < options_.check_after_idle) return true;
  return idle.connection.exec("").ok();
}

void Pool::give_back(std::optional<Connection> connection) {
  if (connection && !(connection->alive() && connection->idle())) connection.reset();
  {
    const std::lock_guard lock{mutex_};
    --in_use_;
    if (connection) idle_.push_back({*std::move(connection), Clock::now()});
  }
  freed_.notify_one();
}

}  // namespace outbox::pg
