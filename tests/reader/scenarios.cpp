#include "tests/reader/scenarios.hpp"

#include <stdexcept>
#include <unistd.h>

#include "tests/support/environment.hpp"

namespace outbox::test {
namespace {

void lower_seq_commits_later(Trial& trial) {
  Writer early{trial};
  Writer late{trial};
  early.begin().write(key_name(1));
  late.begin().write(key_name(2)).commit();
  trial.read();
  trial.expect_no_delay();
  early.commit();
}

// Seqs of one open transaction on both sides of what others commit, over several reads.
void long_transaction_among_short_ones(Trial& trial) {
  Writer slow{trial};
  Writer fast{trial};
  slow.begin();
  for (int i = 0; i < 5; ++i) {
    slow.write(key_name(1));
    fast.begin().write(key_name(2)).write(key_name(3)).commit();
    trial.read();
    trial.expect_no_delay();
  }
  slow.commit();
  fast.begin().write(key_name(1)).commit();
  trial.read();
  trial.expect_no_delay();
}

void xid_before_the_lock(Trial& trial) {
  Writer first_xid{trial};
  Writer first_lock{trial};
  first_xid.begin().take_xid();
  first_lock.begin().take_xid().write(key_name(1)).commit();
  first_xid.write(key_name(1)).commit();
}

// As above, and the reader looks in between.
void xid_before_the_lock_and_a_look(Trial& trial) {
  Writer first_xid{trial};
  Writer first_lock{trial};
  first_xid.begin().take_xid();
  first_lock.begin().take_xid().write(key_name(1)).commit();
  trial.read();
  trial.expect_no_delay();
  first_xid.write(key_name(1)).commit();
  trial.read();
}

void xid_held_in_another_database(Trial& trial) {
  auto elsewhere = pg::Connection::connect(require_env("OUTBOX_TEST_POSTGRES"));
  must_exec(*elsewhere, "begin");
  must_exec(*elsewhere, "select pg_current_xact_id()");
  Writer writer{trial};
  for (int i = 0; i < 3; ++i) {
    writer.begin().write(key_name(i)).commit();
    trial.read();
    trial.expect_no_delay();
  }
  must_exec(*elsewhere, "commit");
}

void prepared_transaction(Trial& trial) {
  const std::string name = "reader_test_" + std::to_string(getpid());
  Writer prepared{trial};
  Writer writer{trial};
  prepared.begin().write(key_name(1)).prepare(name);
  writer.begin().write(key_name(2)).write(key_name(3)).commit();
  trial.read();
  trial.expect_no_delay();
  prepared.commit_prepared(name);
  writer.begin().write(key_name(1)).commit();
  trial.read();
  trial.expect_no_delay();
}

void rolled_back_savepoint_in_an_open_transaction(Trial& trial) {
  Writer open{trial};
  Writer writer{trial};
  open.begin().savepoint().write(key_name(1)).rollback_to_savepoint();
  writer.begin().write(key_name(1)).write(key_name(2)).commit();
  trial.read();
  trial.expect_no_delay();
  open.write(key_name(3)).commit();
}

void rollbacks_leave_no_phantom(Trial& trial) {
  Writer writer{trial};
  Writer other{trial};
  writer.begin().write(key_name(1));
  other.begin().write(key_name(2));
  trial.read();
  writer.rollback();
  trial.read();
  other.savepoint().write(key_name(3)).write(key_name(4)).rollback_to_savepoint();
  other.write(key_name(3)).commit();
  trial.read();
  trial.expect_no_delay();
  writer.begin().write(key_name(1)).write(key_name(4)).commit();
}

void one_key_again_and_again(Trial& trial) {
  Writer writer{trial};
  for (int i = 0; i < 4; ++i) {
    writer.begin().write(key_name(1)).commit();
  }
  trial.read();
  trial.expect_no_delay();
}

}  // namespace

std::vector<Scenario> all_scenarios() {
  return {
      {"LowerSeqCommitsLater", lower_seq_commits_later},
      {"LongTransactionAmongShortOnes", long_transaction_among_short_ones},
      {"XidBeforeTheLock", xid_before_the_lock},
      {"XidBeforeTheLockAndALook", xid_before_the_lock_and_a_look},
      {"XidHeldInAnotherDatabase", xid_held_in_another_database},
      {"PreparedTransaction", prepared_transaction},
      {"RolledBackSavepointInAnOpenTransaction", rolled_back_savepoint_in_an_open_transaction},
      {"RollbacksLeaveNoPhantom", rollbacks_leave_no_phantom},
      {"OneKeyAgainAndAgain", one_key_again_and_again},
  };
}

Verdict verdict_of(MakeReader make_reader, const std::string& scenario) {
  for (const Scenario& candidate : all_scenarios()) {
    if (candidate.name == scenario) {
      Trial trial{make_reader};
      candidate.run(trial);
      return trial.finish();
    }
  }
  throw std::runtime_error("there is no scenario " + scenario);
}

}  // namespace outbox::test
