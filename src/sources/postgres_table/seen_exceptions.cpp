#include "sources/postgres_table/seen_exceptions.hpp"

#include "support/pg/params.hpp"

namespace outbox::postgres_table {
namespace {

// In the order in which operators' statements lock them, so that neither waits for the other while
// it is waited for.
constexpr const char* kLock = R"(
  select seq, (extract(epoch from updated_at) * 1000000)::bigint,
         state in ('retrying', 'delayed') and payload is null, attempts
    from ${outbox_exception}
   where seq = any ($1::bigint[]) and state <> 'held' order by seq for update)";

std::vector<std::int64_t> seqs_of(const Settlement& settlement) {
  std::vector<std::int64_t> seqs = settlement.resolved;
  for (const FailedHead& head : settlement.failed) {
    seqs.push_back(head.seq);
  }
  for (const DetachedMessage& message : settlement.detached) {
    seqs.push_back(message.seq);
  }
  return seqs;
}

}  // namespace

Result<void> SeenExceptions::prepare(const Tables& tables) {
  return connection_->prepare("lock_exceptions", tables.sql(kLock));
}

void SeenExceptions::saw_waiting(const std::vector<SeenException>& seen) {
  waiting_.clear();
  for (const SeenException& exception : seen) {
    waiting_.insert_or_assign(exception.seq, exception.changed_at_us);
  }
}

void SeenExceptions::saw_due(const std::vector<SeenException>& seen) {
  due_.clear();
  for (const SeenException& exception : seen) {
    due_.insert_or_assign(exception.seq, exception.changed_at_us);
  }
}

const std::int64_t* SeenExceptions::find(std::int64_t seq) const {
  for (const Times* times : {&waiting_, &due_}) {
    if (const auto found = times->find(seq); found != times->end()) {
      return &found->second;
    }
  }
  return nullptr;
}

std::vector<SeenException> SeenExceptions::of(const Settlement& settlement) const {
  std::vector<SeenException> seen;
  for (const std::int64_t seq : seqs_of(settlement)) {
    if (const std::int64_t* const changed_at = find(seq)) {
      seen.push_back({seq, *changed_at});
    }
  }
  return seen;
}

Result<void> SeenExceptions::lock(const Settlement& settlement) {
  locked_.clear();
  const std::vector<std::int64_t> seqs = seqs_of(settlement);
  if (seqs.empty()) {
    return {};
  }
  pg::Array array{pg::Type::int8};
  for (const std::int64_t seq : seqs) {
    array.int8(seq);
  }
  pg::Params params;
  params.array(array);
  const Result<pg::Rows> rows = connection_->query_prepared("lock_exceptions", params);
  if (!rows) {
    return rows.error();
  }
  for (int i = 0; i < rows->size(); ++i) {
    const std::int64_t* const seen = find(rows->int8(i, 0));
    locked_.emplace(rows->int8(i, 0), Row{seen != nullptr && *seen != rows->int8(i, 1),
                                          rows->boolean(i, 2), static_cast<int>(rows->int8(i, 3))});
  }
  return {};
}

// A mere retry is done with this delivery; an edited one has still to be sent.
bool SeenExceptions::outlives_delivery(std::int64_t seq) const {
  const auto row = locked_.find(seq);
  return row != locked_.end() && row->second.changed && !row->second.sent_as_it_is;
}

// Where none is stored and this is not the first one, they were reset before the claim, and the
// relay has not heard of it yet.
bool SeenExceptions::outlives_failure(std::int64_t seq, int attempts) const {
  const auto row = locked_.find(seq);
  return row != locked_.end() &&
         (row->second.changed || (row->second.attempts == 0 && attempts > 1));
}

}  // namespace outbox::postgres_table
