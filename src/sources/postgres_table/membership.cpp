#include "sources/postgres_table/membership.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "mutants/mutant.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr const char* kRenew = R"(
  insert into ${outbox_relay} as r (owner) values ($1)
  on conflict (owner) do update set renewals = r.renewals + 1)";

// Parameter: owner. Whom operators want to have a shard counts as long as it is a member.
constexpr const char* kLook = R"(
  with s as materialized (
         select s.owner, s.paused, s.released, coalesce(p.owner, '') as preferred,
                s.owner <> '' and m.owner is null as orphan
           from ${outbox_shard} s
           left join ${outbox_relay} m on m.owner = s.owner
           left join ${outbox_relay} p on p.owner = s.preferred),
       g as materialized (
         select count(*) filter (where owner = $1::text) as own,
                count(*) filter (where owner = '' and not paused and preferred in ('', $1::text))
                  as free,
                count(*) filter (where owner = $1::text
                                   and (paused or released or preferred not in ('', $1::text)))
                  as unwanted,
                count(*) filter (where owner = '' and not paused and preferred = $1::text)
                  as awaited,
                count(*) filter (where not paused) as readable,
                count(*) filter (where orphan) as orphans
           from s)
  select r.owner, r.renewals,
         (select count(*) from s where s.preferred = r.owner and not s.paused),
         g.own, g.free, c.revision, c.paused, g.unwanted, g.awaited, g.readable, g.orphans,
         c.mode = 'wal', array_to_string(c.paused_topics, E'\n')
    from ${outbox_relay} r cross join g cross join ${outbox_control} c
   order by r.owner collate "C")";

// Parameters: owners, renewals. One whose counter has moved meanwhile is alive. Of a shard that two
// of them are named in, one is left to kFreeOrphans.
constexpr const char* kBury = R"(
  with gone as (
    delete from ${outbox_relay} r using unnest($1::text[], $2::bigint[]) as w (owner, renewals)
     where r.owner = w.owner and r.renewals = w.renewals returning r.owner)
  update ${outbox_shard} s
     set owner = case when s.owner = gone.owner then '' else s.owner end,
         reason = case when s.owner = gone.owner then 'lease expired' else s.reason end,
         released = s.released and s.owner <> gone.owner,
         preferred = case when s.preferred = gone.owner then '' else s.preferred end
    from gone where gone.owner in (s.owner, s.preferred))";

// Shards of an owner that is no member, as someone's hand may have left them.
constexpr const char* kFreeOrphans = R"(
  update ${outbox_shard} s set owner = '', released = false, reason = 'lease expired'
   where s.owner <> '' and not exists (select from ${outbox_relay} m where m.owner = s.owner))";

constexpr const char* kLeave = R"(
  with gone as (delete from ${outbox_relay} where owner = $1)
  update ${outbox_shard}
     set owner = case when owner = $1 then '' else owner end,
         reason = case when owner = $1 then 'stopped' else reason end,
         released = released and owner <> $1,
         preferred = case when preferred = $1 then '' else preferred end
   where $1 in (owner, preferred))";

nanoseconds boot_now() {
  timespec now{};
  clock_gettime(mutant::on(mutant::Mutant::wall_clock_lease) ? CLOCK_REALTIME : CLOCK_BOOTTIME,
                &now);
  return std::chrono::seconds{now.tv_sec} + nanoseconds{now.tv_nsec};
}

int count(const pg::Rows& rows, int row, int column) {
  return static_cast<int>(rows.int8(row, column));
}

milliseconds interval_of(milliseconds lease) {
  return std::clamp(lease / 10, milliseconds{50}, milliseconds{500});
}

}  // namespace

Result<Membership::View> Membership::join() {
  if (!thread_.joinable()) {
    view_.reset();
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  std::unique_lock lock{mutex_};
  if (view_ && !view_->ok()) {  // that was then
    view_.reset();
    look_now_ = true;
    wake_.notify_all();
  }
  // A look takes as long as connecting does, which has a bound of its own.
  looked_.wait(lock, [this] { return view_.has_value(); });
  return *view_;
}

void Membership::hold(int shards, std::int64_t revision, bool paused) {
  const std::lock_guard lock{mutex_};
  lease_.hold(shards, revision, paused);
}

Standing Membership::standing() const {
  return lease_.standing(boot_now());
}

void Membership::leave() {
  if (!thread_.joinable()) {
    return;
  }
  hold(0, 0, false);
  thread_.request_stop();
  thread_.join();
  thread_ = {};
  if (connection_ && connection_->alive()) {
    pg::Params params;
    params.text(options_.owner);
    // A failure leaves it to the lease.
    static_cast<void>(connection_->query(tables_->sql(kLeave), params));
  }
  connection_.reset();
  watch_.forget();
}

void Membership::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Result<void> done = tick();
    std::unique_lock lock{mutex_};
    if (!done) {
      connection_.reset();
      view_ = Result<View>{std::move(done).error()};
      looked_.notify_all();
    }
    wake_.wait_for(lock, stop, interval_of(options_.lease), [this] { return look_now_; });
    look_now_ = false;
  }
}

Result<void> Membership::tick() {
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock{mutex_};
    changes = lease_.changes();
  }
  if (!connection_ || !connection_->alive()) {
    if (Result<void> connected = connect(); !connected) {
      return connected;
    }
  }
  const nanoseconds began = boot_now();
  pg::Params params;
  params.text(options_.owner);
  if (const Result<pg::Rows> renewed = connection_->query(tables_->sql(kRenew), params); !renewed) {
    return renewed.error();
  }
  const Result<View> view = look();
  if (!view) {
    return view.error();
  }
  const std::lock_guard lock{mutex_};
  view_ = Result<View>{*view};
  looked_.notify_all();
  lease_.judge(*view, changes);
  lease_.renewed(began);
  return {};
}

Result<void> Membership::connect() {
  pg::ConnectOptions options;
  options.application_name = "outbox-processor lease";
  options.connect_timeout = std::chrono::seconds{2};
  options.statement_timeout = std::max(options_.lease / 2, milliseconds{500});
  Result<pg::Connection> connection = pg::Connection::connect(options_.url, options);
  if (!connection) {
    return std::move(connection).error();
  }
  Result<Tables> tables = Tables::find(*connection, options_.table);
  if (!tables) {
    return std::move(tables).error();
  }
  connection_.emplace(*std::move(connection));
  tables_ = *std::move(tables);
  const Result<pg::Rows> set = connection_->exec("set synchronous_commit = on; set jit = off");
  return set ? Result<void>{} : Result<void>{set.error()};
}

Result<Membership::View> Membership::look() {
  pg::Params params;
  params.text(options_.owner);
  // Whom this look buries, the next one no longer counts.
  for (int looks = 0; looks < 2; ++looks) {
    const Result<pg::Rows> rows = connection_->query(tables_->sql(kLook), params);
    if (!rows) {
      return rows.error();
    }
    if (rows->empty()) {
      return Error{ErrorCode::wrong_history,
                   "the outbox_control table has no row: insert its default one"};
    }
    std::vector<Member> members;
    for (int row = 0; row < rows->size(); ++row) {
      members.push_back(
          {std::string{rows->text(row, 0)}, rows->int8(row, 1), count(*rows, row, 2)});
    }
    const std::vector<Member> dead = watch_.dead(members, boot_now());
    const int orphans = count(*rows, 0, 10);
    if (dead.empty() && orphans == 0) {
      note_paused_topics(rows->text(0, 12));
      View view{quota_of(options_.owner, members, count(*rows, 0, 9)),
                count(*rows, 0, 3),
                count(*rows, 0, 4),
                rows->int8(0, 5),
                rows->boolean(0, 6),
                count(*rows, 0, 7),
                count(*rows, 0, 8)};
      if (rows->boolean(0, 11)) {
        view.quota = quota_of_all(view);
      }
      return view;
    }
    if (Result<void> buried = bury(dead); !buried) {
      return std::move(buried).error();
    }
  }
  return Error{ErrorCode::conflict, "the relays of this outbox come and go; looking again"};
}

// The names are told in lines.
void Membership::note_paused_topics(std::string_view lines) {
  if (lines == paused_topics_as_read_) {
    return;
  }
  paused_topics_as_read_ = lines;
  TopicNames topics;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    topics.emplace(lines.substr(0, end));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  const std::lock_guard lock{mutex_};
  paused_topics_ = topics.empty() ? nullptr : std::make_shared<const TopicNames>(std::move(topics));
}

std::shared_ptr<const TopicNames> Membership::paused_topics() const {
  const std::lock_guard lock{mutex_};
  return paused_topics_;
}

Result<void> Membership::bury(const std::vector<Member>& dead) {
  pg::Array owners{pg::Type::text};
  pg::Array renewals{pg::Type::int8};
  for (const Member& member : dead) {
    owners.bytes(member.owner);
    renewals.int8(member.renewals);
  }
  pg::Params params;
  params.array(owners).array(renewals);
  if (const Result<pg::Rows> done = connection_->query(tables_->sql(kBury), params); !done) {
    return done.error();
  }
  const Result<pg::Rows> done = connection_->query(tables_->sql(kFreeOrphans));
  return done ? Result<void>{} : Result<void>{done.error()};
}

}  // namespace outbox::postgres_table
