#include "sources/postgres_table/retention.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "sources/postgres_table/cancel.hpp"

namespace outbox::postgres_table {
namespace {

// The first half of the advisory lock's key; the second is the table's oid. "outk" in ASCII.
constexpr std::int32_t kLockClass = 0x6F75746B;

// Bounds of one run.
constexpr int kAhead = 8;
constexpr int kLookedAt = 64;  // partitions
constexpr int kDetached = 8;   // partitions, each of which stops the writers for moments
constexpr int kDropped = 32;   // tables
constexpr int kChunks = 100;   // of what is forgotten
constexpr int kRowsPerChunk = 2'000;
constexpr std::chrono::minutes kLongestStatement{1};

constexpr int kSooner = 10;  // that part of the period, where something was in use
constexpr std::int64_t kBeforeTheFirst = -1;
constexpr const char* kLockNotAvailable = "55P03";

constexpr const char* kSession = R"(
  set default_transaction_isolation = 'read committed'; set lock_timeout = '2s'; set jit = off)";

constexpr const char* kTryLock = R"(
  select pg_try_advisory_lock($1, ('${outbox}'::regclass::oid::bigint - 2147483648)::integer))";

constexpr const char* kCountAhead = R"(
  select count(*) from ${outbox_partition}
   where parent = '${outbox}'::regclass
     and lower > coalesce(pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq')), 0))";

// Of the partitions that are behind the sequence: those with rows, and those without.
constexpr const char* kFilled = R"(
  select p.lower from ${outbox_partition} p
   where p.parent = '${outbox}'::regclass and p.lower > $1
     and p.upper <= 1 + pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq'))
     and (pg_relation_size(p.leaf) > 0
          -- Its messages were emitted, or deleted at once.
          or exists (select from ${outbox_partition} r
                      where r.parent = '${outbox_receipt_run}'::regclass and r.lower = p.lower
                        and pg_relation_size(r.leaf) > 0))
   order by p.lower limit $2)";
constexpr const char* kEmpty = R"(
  select lower from ${outbox_partition}
   where parent = '${outbox}'::regclass and pg_relation_size(leaf) = 0
     and upper <= 1 + pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq'))
   order by lower limit $1)";

// What can go of messages (true) or receipts: a partition of these only after its messages' one,
// and that only when it is known that no receipt is to come. Parameters: limit, which, the seq up
// to which everything was settled.
constexpr const char* kDetachable = R"(
  select p.leaf::text from ${outbox_partition} p
   where pg_relation_size(p.leaf) = 0 and p.upper <= 1 + $3
     and (p.parent = '${outbox}'::regclass) = $2
     and case when $2
              then not exists (select from ${outbox_partition} r
                                where r.parent = '${outbox_receipt_run}'::regclass
                                  and r.lower = p.lower and pg_relation_size(r.leaf) > 0)
              else not exists (select from ${outbox_partition} o
                                where o.parent = '${outbox}'::regclass and o.lower = p.lower) end
   order by p.lower limit $1)";

// Where the log is read, a message need not be in the table while it waits for its delivery. Its
// transaction had its xid by the time that its seq had been drawn. The seq first.
constexpr const char* kLastSeq =
    "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq')), 0)";
constexpr const char* kXmax = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
constexpr const char* kReadsLog = "select (select mode = 'wal' from ${outbox_control})::integer";
// Everything below it is done.
constexpr const char* kDoneXmin =
    "select min(pg_snapshot_xmin(from_snapshot))::text::bigint from ${outbox_position}";

constexpr const char* kTruncated = R"(
  select coalesce(sum((details->>'unsent')::bigint), 0)::bigint
    from ${outbox_audit} where action = 'truncate')";

}  // namespace

// One run: its connection and what it has done so far.
class Retention::Run {
 public:
  Run(pg::Connection& connection, const Tables& tables, const std::stop_token& stop)
      : connection_(&connection), tables_(&tables), stop_(&stop) {}

  [[nodiscard]] Result<RetentionReport> run(std::chrono::milliseconds keep, State& state);

 private:
  [[nodiscard]] Result<std::int64_t> settled_up_to(State& state);
  [[nodiscard]] Result<std::int64_t> number(const char* sql);
  [[nodiscard]] Result<void> free(std::chrono::milliseconds keep, std::int64_t& looked_up_to);
  [[nodiscard]] Result<void> forget(std::chrono::milliseconds keep);
  [[nodiscard]] Result<void> drop(std::int64_t settled);
  [[nodiscard]] Result<bool> detach(bool messages, std::int64_t settled);
  // Adds the number that the query gives. False: the lock that it takes could not be had.
  [[nodiscard]] Result<bool> add(std::int64_t& count, const char* sql,
                                 const pg::Params& params = {});
  [[nodiscard]] Result<pg::Rows> query(const char* sql, const pg::Params& params) {
    return connection_->query(tables_->sql(sql), params);
  }

  pg::Connection* connection_;
  const Tables* tables_;
  const std::stop_token* stop_;
  RetentionReport report_;
};

Result<RetentionReport> Retention::Run::run(std::chrono::milliseconds keep, State& state) {
  pg::Params lock;
  lock.int4(kLockClass);
  const Result<pg::Rows> locked = query(kTryLock, lock);
  if (!locked) {
    return locked.error();
  }
  if (!locked->boolean(0, 0)) {
    report_.elsewhere = true;
    return report_;
  }
  pg::Params ahead;
  ahead.int4(kAhead);
  Result<bool> done = add(report_.made, "select ${outbox_add_partitions}($1)", ahead);
  if (done) {
    done = add(report_.ahead, kCountAhead);
  }
  if (done) {
    done = add(report_.truncated, kTruncated);
  }
  if (!done) {
    return std::move(done).error();
  }
  if (keep.count() == 0) {
    return report_;
  }
  Result<void> ended = free(keep, state.looked_up_to);
  if (ended) {
    ended = forget(keep);
  }
  const Result<std::int64_t> settled = settled_up_to(state);
  if (!settled) {
    return settled.error();
  }
  if (ended) {
    ended = drop(*settled);
  }
  return ended ? Result<RetentionReport>{report_} : Result<RetentionReport>{ended.error()};
}

Result<std::int64_t> Retention::Run::number(const char* sql) {
  const Result<pg::Rows> rows = query(sql, {});
  return rows ? Result<std::int64_t>{rows->int8(0, 0)} : Result<std::int64_t>{rows.error()};
}

// What this run notes is known to be settled in a later one.
Result<std::int64_t> Retention::Run::settled_up_to(State& state) {
  const Result<std::int64_t> last_seq = number(kLastSeq);
  const Result<std::int64_t> reads_log = number(kReadsLog);
  const Result<std::int64_t> xmax = number(kXmax);
  const Result<std::int64_t> done = number(kDoneXmin);
  for (const Result<std::int64_t>* result : {&last_seq, &reads_log, &xmax, &done}) {
    if (!*result) {
      return result->error();
    }
  }
  if (*reads_log == 0) {
    return *last_seq;
  }
  if (state.noted_seq != 0 && *done >= state.noted_xmax) {
    state.settled_seq = std::exchange(state.noted_seq, 0);
  }
  if (state.noted_seq == 0) {
    state.noted_seq = *last_seq;
    state.noted_xmax = *xmax;
  }
  return state.settled_seq;
}

Result<bool> Retention::Run::add(std::int64_t& count, const char* sql, const pg::Params& params) {
  const Result<pg::Rows> rows = query(sql, params);
  if (rows) {
    count += rows->int8(0, 0);
    return true;
  }
  if (connection_->sqlstate() == kLockNotAvailable) {
    ++report_.busy;
    return false;
  }
  return rows.error();
}

// In rounds that begin with the oldest, so that those which are pinned for long do not keep the
// others from being looked at.
Result<void> Retention::Run::free(std::chrono::milliseconds keep, std::int64_t& looked_up_to) {
  pg::Params params;
  params.int8(looked_up_to).int4(kLookedAt);
  const Result<pg::Rows> filled = query(kFilled, params);
  if (!filled) {
    return filled.error();
  }
  for (int i = 0; i < filled->size() && !stop_->stop_requested(); ++i) {
    looked_up_to = filled->int8(i, 0);
    params.clear();
    params.int8(looked_up_to).text(std::to_string(keep.count()) + " ms");
    const Result<bool> freed =
        add(report_.freed, "select ${outbox_free_partition}($1, $2::interval)::integer", params);
    if (!freed) {
      return freed.error();
    }
  }
  if (filled->size() < kLookedAt) {
    looked_up_to = kBeforeTheFirst;
  }
  return {};
}

Result<void> Retention::Run::forget(std::chrono::milliseconds keep) {
  pg::Params params;
  params.int4(kLookedAt);
  const Result<pg::Rows> empty = query(kEmpty, params);
  if (!empty) {
    return empty.error();
  }
  int chunks = 0;
  for (int i = 0; i < empty->size(); ++i) {
    params.clear();
    params.int8(empty->int8(i, 0)).int4(kRowsPerChunk).text(std::to_string(keep.count()) + " ms");
    std::int64_t before = -1;
    while (before != report_.forgotten && chunks++ < kChunks && !stop_->stop_requested()) {
      before = report_.forgotten;
      const Result<bool> forgotten =
          add(report_.forgotten, "select ${outbox_forget}($1, $2, $3::interval)", params);
      if (!forgotten) {
        return forgotten.error();
      }
    }
  }
  return {};
}

// Stops where a lock cannot be had: the writers have waited for it once, and that is enough.
Result<bool> Retention::Run::detach(bool messages, std::int64_t settled) {
  pg::Params params;
  params.int4(kDetached).boolean(messages).int8(settled);
  const Result<pg::Rows> detachable = query(kDetachable, params);
  if (!detachable) {
    return detachable.error();
  }
  Result<bool> done = true;
  for (int i = 0; i < detachable->size() && !stop_->stop_requested() && done && *done; ++i) {
    params.clear();
    params.text(detachable->text(i, 0));
    std::int64_t detached = 0;
    done = add(detached, "select ${outbox_detach_partition}($1::regclass)::integer", params);
  }
  return done;
}

Result<void> Retention::Run::drop(std::int64_t settled) {
  for (const bool messages : {true, false}) {
    const Result<bool> detached = detach(messages, settled);
    if (!detached) {
      return detached.error();
    }
    if (!*detached) {
      break;
    }
  }
  for (int i = 0; i < kDropped && !stop_->stop_requested(); ++i) {
    const std::int64_t before = report_.dropped;
    const Result<bool> dropped =
        add(report_.dropped, "select (${outbox_drop_detached}() is not null)::integer");
    if (!dropped) {
      return dropped.error();
    }
    if (report_.dropped == before) {
      break;
    }
  }
  return {};
}

Result<RetentionReport> Retention::run_once(const std::stop_token& stop) {
  pg::ConnectOptions options;
  options.application_name = "outbox-processor retention";
  options.statement_timeout = kLongestStatement;
  Result<pg::Connection> connection = pg::Connection::connect(options_.url, options);
  if (!connection) {
    return std::move(connection).error();
  }
  const Result<Tables> tables = Tables::find(*connection, options_.table);
  if (!tables) {
    return tables.error();
  }
  if (const Result<pg::Rows> set = connection->exec(kSession); !set) {
    return set.error();
  }
  const std::stop_callback cancelled{stop, [&] { cancel(connection->raw()); }};
  return Run{*connection, *tables, stop}.run(options_.keep, state_);
}

RetentionThread::RetentionThread(RetentionOptions options, OnRun on_run,
                                 std::chrono::milliseconds period)
    : retention_(std::move(options)),
      on_run_(std::move(on_run)),
      period_(period),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void RetentionThread::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    const Result<RetentionReport> report = retention_.run_once(stop);
    if (stop.stop_requested()) {
      return;  // it may have been cut short
    }
    on_run_(report);
    const bool again_soon = report && report->busy > 0;
    static_cast<void>(stopped.wait_for(lock, stop, again_soon ? period_ / kSooner : period_,
                                       [] { return false; }));
  }
}

}  // namespace outbox::postgres_table
