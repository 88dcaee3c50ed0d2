#include "tests/chaos/writer.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "outbox/uuid.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kHotKeys = 40;  // the first of the pool; half of all messages are theirs
// The last of the pool: long transactions keep to them, so that they do not stop every writer.
constexpr std::size_t kColdKeys = 100;

constexpr const char* kLock = "update chaos_key set n = n + 1 where key = $1 returning n";
constexpr const char* kNewKey = "insert into chaos_key (key, n) values ($1, 1)";
// Parameters: message id, key, n, type, payload, total of an OrderCreated.
constexpr const char* kWrite = R"(
  with message as (
    insert into outbox (id, aggregatetype, aggregateid, type, payload)
    values ($1::uuid, 'order', $2::text, $4::text, $5::text::json))
  insert into chaos_truth (id, key, n, total_minor) values ($1::uuid, $2::text, $3, $6))";

std::string payload(const std::string& key, std::int64_t n, std::int64_t total_minor) {
  const std::string amount = fmt::format("{}.{:02}", total_minor / 100, total_minor % 100);
  return fmt::format(
      R"({{"orderId":"{}","n":{},"customerId":"chaos","currency":"EUR","items":[{{"productId":)"
      R"("p-1","quantity":1,"unitPrice":"{}"}}],"total":"{}"}})",
      key, n, amount, amount);
}

}  // namespace

Writer::Writer(const LoadOptions& options, int number, const std::vector<std::string>& pool,
               Pace& pace, LoadCounts& counts)
    : options_(options),
      number_(number),
      pool_(pool),
      pace_(pace),
      counts_(counts),
      random_(options.seed * 1'000 + static_cast<std::uint64_t>(number)) {}

void Writer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Plan plan = next_plan();
    if (!pace_.take(plan.messages(), stop)) {
      return;
    }
    if (transact(plan, stop)) {
      continue;
    }
    ++counts_.failed;
    if (connection_ && connection_->alive()) {
      static_cast<void>(run_sql("rollback"));
    } else if (!sleep_for(milliseconds{200}, stop)) {
      return;
    }
  }
}

int Writer::chance(int below) {
  return static_cast<int>(random_() % static_cast<std::uint64_t>(below));
}

std::string Writer::next_key(bool cold) {
  const std::size_t warm = pool_.size() - kColdKeys;
  if (cold) {
    return pool_[warm + random_() % kColdKeys];
  }
  return chance(2) == 0 ? pool_[random_() % kHotKeys] : pool_[random_() % warm];
}

Writer::Plan Writer::next_plan() {
  Plan plan;
  const int draw = chance(1'000);
  if (draw < 4) {
    plan.kind = Kind::slow;
  } else if (draw < 12) {
    plan.kind = Kind::prepared;
  } else if (draw < 42) {
    plan.kind = Kind::rolled_back;
  } else if (draw < 92) {
    plan.kind = Kind::savepoint;
  } else if (draw < 400) {
    plan.kind = Kind::early_xid;
  }
  const bool cold = plan.kind == Kind::slow || plan.kind == Kind::prepared;
  const int keys = 1 + chance(3);
  for (int i = 0; i < keys; ++i) {
    plan.keys.push_back(next_key(cold));
  }
  std::sort(plan.keys.begin(), plan.keys.end());
  plan.keys.erase(std::unique(plan.keys.begin(), plan.keys.end()), plan.keys.end());
  plan.new_order = chance(8) == 0;
  return plan;
}

Result<void> Writer::connect() {
  connection_.reset();
  auto connection =
      pg::Connection::connect(options_.database_url, {.application_name = "chaos-writer",
                                                      .connect_timeout = milliseconds{3'000},
                                                      .statement_timeout = milliseconds{8'000}});
  if (!connection) return std::move(connection).error();
  connection_ = *std::move(connection);
  for (const auto& [name, sql] : std::array{std::pair{"lock", kLock}, std::pair{"new_key", kNewKey},
                                            std::pair{"write", kWrite}}) {
    if (auto prepared = connection_->prepare(name, sql); !prepared) return prepared;
  }
  return {};
}

Result<void> Writer::transact(const Plan& plan, const std::stop_token& stop) {
  if (!connection_ || !connection_->alive()) {
    if (auto connected = connect(); !connected) return connected;
  }
  if (auto begun = run_sql("begin"); !begun) return begun;
  if (plan.kind == Kind::early_xid) {
    if (auto taken = run_sql("select pg_current_xact_id()"); !taken) return taken;
  }
  if (plan.kind == Kind::savepoint) {
    if (auto written = write_in_vain(plan.keys.front()); !written) return written;
  }
  if (auto written = write_all(plan); !written) return written;
  if (plan.kind == Kind::slow) {
    ++counts_.slow;
    static_cast<void>(sleep_for(milliseconds{1'000 + chance(4'000)}, stop));
  }
  return end(plan);
}

Result<void> Writer::write_all(const Plan& plan) {
  for (const std::string& key : plan.keys) {
    if (auto written = write_next(key); !written) return written;
  }
  if (!plan.new_order) return {};
  const std::string order = Uuid::v7().to_string();
  if (auto made = connection_->query_prepared("new_key", pg::Params{}.text(order)); !made) {
    return made.error();
  }
  return write(order, 1);
}

Result<void> Writer::write_in_vain(const std::string& key) {
  ++counts_.savepoints;
  if (auto saved = run_sql("savepoint s"); !saved) return saved;
  if (auto written = write_next(key); !written) return written;
  return run_sql("rollback to savepoint s");
}

Result<void> Writer::end(const Plan& plan) {
  if (plan.kind == Kind::rolled_back) {
    ++counts_.rolled_back;
    return run_sql("rollback");
  }
  if (plan.kind == Kind::prepared) {
    ++counts_.prepared;
    return run_sql(
        fmt::format("prepare transaction 'chaos-{}-{}'", number_, Uuid::v7().to_string()));
  }
  auto committed = run_sql("commit");
  if (committed) counts_.messages += plan.messages();
  return committed;
}

Result<void> Writer::write_next(const std::string& key) {
  const auto rows = connection_->query_prepared("lock", pg::Params{}.text(key));
  if (!rows) return rows.error();
  return write(key, rows->int8(0, 0));
}

Result<void> Writer::write(const std::string& key, std::int64_t n) {
  const bool created = n == 1;
  const std::int64_t total = 100 + chance(100'000);
  pg::Params params;
  params.text(Uuid::v7().to_string()).text(key).int8(n);
  params.text(created ? "OrderCreated" : "OrderNoted").text(payload(key, n, total));
  params.int8(created ? std::optional{total} : std::nullopt);
  const auto written = connection_->query_prepared("write", params);
  if (!written) return written.error();
  return {};
}

Result<void> Writer::run_sql(const std::string& sql) {
  const auto done = connection_->exec(sql);
  if (!done) return done.error();
  return {};
}

}  // namespace outbox::chaos
