#include "sources/postgres_table/doorbell.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <poll.h>
#include <utility>

#include <libpq-fe.h>

#include "sources/stop_fd.hpp"
#include "support/pg/error.hpp"

namespace outbox::postgres_table {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kIdleAfter{250};
constexpr microseconds kShortestPoll{400};
constexpr microseconds kLongestPoll{5'000};
constexpr int kLooksPerSilence = 4;
constexpr milliseconds kPollWhileTheyRun{50};

}  // namespace

Doorbell::Doorbell(pg::Connection& connection, const Tables& tables)
    : connection_(&connection),
      listen_sql_("listen " + pg::quote_identifier(tables.channel())),
      arm_sql_(tables.sql("select setval('${outbox_doorbell}', 1, true)")),
      disarm_sql_(tables.sql("select setval('${outbox_doorbell}', 1, false)")),
      last_work_(Clock::now()) {}

// A message waits for the next look, so that may take a share of what passed since the last
// message, and no more: at a steady rate that is a share of the time between two.
microseconds Doorbell::poll_after(std::chrono::nanoseconds silence) {
  const auto share = std::chrono::duration_cast<microseconds>(silence / kLooksPerSilence);
  return std::clamp(share, kShortestPoll, kLongestPoll);
}

// A relay that was killed while idle has left the doorbell armed.
Result<void> Doorbell::listen() {
  const Result<pg::Rows> listening = connection_->exec(listen_sql_);
  return listening ? disarm() : Result<void>{listening.error()};
}

void Doorbell::silence() {
  if (armed_) {
    // When it fails, the connection is lost: then the next relay does it.
    static_cast<void>(disarm());
  }
}

Result<void> Doorbell::disarm() {
  armed_ = false;
  const Result<pg::Rows> disarmed = connection_->exec(disarm_sql_);
  return disarmed ? Result<void>{} : Result<void>{disarmed.error()};
}

Result<void> Doorbell::work_found() {
  last_work_ = Clock::now();
  return armed_ ? disarm() : Result<void>{};
}

Result<void> Doorbell::wait(const Snapshot& newest, milliseconds timeout,
                            const std::stop_token& stop) {
  if (!armed_) {
    const Clock::duration silence = Clock::now() - last_work_;
    if (silence >= kIdleAfter) {
      return arm();
    }
    return sleep(std::min<microseconds>(timeout, poll_after(silence)), false, stop);
  }
  return sleep(all_have_ended(newest) ? timeout : std::min(timeout, kPollWhileTheyRun), true, stop);
}

// Returns at once, so that what was committed just before is found.
Result<void> Doorbell::arm() {
  const Result<pg::Rows> armed = connection_->exec(arm_sql_);
  if (!armed) {
    return armed.error();
  }
  armed_ = true;
  // Whoever saw the doorbell unarmed has an xid below this one, which is taken after arming. Once
  // it has ended, the snapshot lists all of them; without it, those above the newest ended would
  // miss.
  if (const Result<pg::Rows> taken = connection_->exec("select pg_current_xact_id()"); !taken) {
    return taken.error();
  }
  const Result<pg::Rows> rows = connection_->exec("select pg_current_snapshot()::text");
  if (!rows) {
    return rows.error();
  }
  Result<Snapshot> snapshot = Snapshot::parse(rows->text(0, 0));
  if (!snapshot) {
    return std::move(snapshot).error();
  }
  running_when_armed_ = std::move(snapshot->in_progress);
  return {};
}

bool Doorbell::all_have_ended(const Snapshot& newest) {
  std::erase_if(running_when_armed_, [&](std::uint64_t xid) { return newest.sees(xid); });
  return running_when_armed_.empty();
}

Result<void> Doorbell::sleep(microseconds timeout, bool ring, const std::stop_token& stop) {
  PGconn* const raw = connection_->raw();
  // A ring may have come along with the answers of the last look, which need not have seen its
  // message.
  if (take_rings() && ring) {
    return {};
  }
  const StopFd stopped{stop};
  std::array<pollfd, 2> fds{pollfd{stopped.get(), POLLIN, 0}, pollfd{PQsocket(raw), POLLIN, 0}};
  const timespec wait{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1'000};
  if (ppoll(fds.data(), ring ? 2 : 1, &wait, nullptr) > 0 && ring && fds[1].revents != 0 &&
      PQconsumeInput(raw) == 0) {
    return pg::failure_of(raw, nullptr).error;
  }
  static_cast<void>(take_rings());
  return {};
}

// All that have come at once: one look serves them.
bool Doorbell::take_rings() {
  bool any = false;
  while (PGnotify* const notify = PQnotifies(connection_->raw())) {
    PQfreemem(notify);
    any = true;
  }
  return any;
}

}  // namespace outbox::postgres_table
