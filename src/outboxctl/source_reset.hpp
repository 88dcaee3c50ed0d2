// Makes an outbox readable again whose position belongs to another history of the database: after a
// restore from a logical dump, or when the database has lost transactions.
#pragma once

#include <cstdint>
#include <string>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::ctl {

struct ResetReport {
  std::int64_t pending = 0;     // messages that will be sent
  std::int64_t rewritten = 0;   // settled ones whose transaction ids lay in the future
  std::int64_t exceptions = 0;  // delayed, retrying, held, dead and discarded: as they were
  std::string position;         // the snapshot from which reading goes on
};

// What is sent again, and why nothing is lost:
//
// Transaction ids have begun anew, so ids that were stored before say nothing any more. What is
// settled is told by what was stored about each message: it has a receipt, or an exception (also
// as one that is held behind its key), or the former position had passed it and its id lies in
// the future, so that it was surely restored with that position. All others are pending. A row
// that was written after the restore is among them: it has neither receipt nor exception, and its
// id lies in the past.
//
// The new position is a snapshot S. Pending rows get the id of the reset's own transaction, which
// is assigned after S and is therefore not visible in it. Settled rows whose ids are not visible in
// S (they are ahead of the database, and would be read when it has come there) get the oldest id
// there is. The whole transaction sees the database as of S, so that rows of writers that go on
// meanwhile are either judged as above or not visible in S.
class SourceReset {
 public:
  explicit SourceReset(admin::PostgresOutbox& outbox) : outbox_(&outbox) {}

  // conflict: nothing is wrong with the position, the database is a standby, or a relay is alive,
  // which is watched for some seconds.
  Result<void> check();

  // For relays that refuse what Kafka has of transactions (sink.exactly_once): the position stays,
  // and what Kafka knows of earlier transactions counts no more. conflict: a relay is alive.
  Result<void> begin_other_history();

  // In one transaction, which keeps relays out and lets writers in. timeout: a table was locked by
  // someone else for too long. Time and space as for an UPDATE of the rows that it counts.
  Result<ResetReport> run();

 private:
  Result<void> refuse_needless();
  Result<void> refuse_living_relays();
  Result<ResetReport> judge_rows();
  Result<void> start_anew(const ResetReport& report);

  admin::PostgresOutbox* outbox_;
};

}  // namespace outbox::ctl
