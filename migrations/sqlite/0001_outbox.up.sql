-- The outbox and what the relay keeps about it, in an application's SQLite file (3.38 or later).
-- One transaction writes at a time, and the sequence never gives a number twice: the rows' order is
-- the order of the commits, and what is behind a position was committed behind it.
-- Times are microseconds of Unix time. The file runs in one transaction of outbox::sqlite::migrate.

-- Append-only: the relay never updates a row. An INSERT of id, aggregatetype, aggregateid, type and
-- payload is enough.
create table outbox (
  seq            integer primary key autoincrement,
  id             text not null check (id glob replace('xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx', 'x', '[0-9a-fA-F]')),
  aggregatetype  text not null check (aggregatetype <> ''),
  aggregateid    text not null check (aggregateid <> ''),
  type           text not null check (type <> ''),
  headers        text not null default '{}' check (json_type(headers) = 'object'),
  created_at     integer not null
                   default (cast(round((julianday('now') - 2440587.5) * 86400000) as integer) * 1000),
  -- Not to be delivered before; such a row does not hold back later ones of its key.
  available_at   integer,
  payload        any not null  -- kept as it was given, text or blob
) strict;
-- What waits behind a failed key, and look-ups by people.
create index outbox_key_seq on outbox (aggregateid, seq);
create index outbox_id on outbox (id);

-- A row with a lower seq than one before it might never be read.
create trigger outbox_seq_rises after insert on outbox
  when new.seq <= (select seq from sqlite_sequence where name = 'outbox')
  begin select raise(abort, 'outbox: seq is given by the database, leave it out'); end;

-- One narrow row for each acknowledged delivery. A message that was sent again after a crash has two.
create table outbox_receipt (
  seq           integer not null,
  topic         text not null,
  "partition"   integer not null,
  "offset"      integer not null,
  processed_at  integer not null
) strict;
create index outbox_receipt_seq on outbox_receipt (seq);

-- Messages that were read but not delivered, and therefore passed by the position:
--   delayed    not before due_at: written so, to be replayed, or to be tried again; holds no key
--   retrying   the head of its key: tried again at due_at; the key's later messages wait
--   held       one row for each key: its messages from seq to until_seq wait behind the head
--   dead       given up; an operator decides. When it holds its key, later messages wait behind it
--   discarded  an operator decided that it is not delivered
create table outbox_exception (
  seq         integer not null,
  until_seq   integer,
  due_at      integer,
  failed_at   integer not null
                default (cast(round((julianday('now') - 2440587.5) * 86400000) as integer) * 1000),
  updated_at  integer not null
                default (cast(round((julianday('now') - 2440587.5) * 86400000) as integer) * 1000),
  attempts    integer not null default 0,
  holds_key   integer not null default 0 check (holds_key in (0, 1)),
  replay      integer not null default 0 check (replay in (0, 1)),  -- it goes out once more
  state       text not null
                check (state in ('delayed', 'retrying', 'held', 'dead', 'discarded')),
  key         text not null,
  last_error  text,
  topic       text,  -- where to, instead of the sink's own choice
  payload     any,   -- edited by an operator; null: as it was written
  check ((state = 'held') = (until_seq is not null)),
  check (case state when 'retrying' then holds_key when 'held' then holds_key
                    when 'dead' then 1 else not holds_key end)
) strict;
-- A range may begin at a seq that belongs to another key's exception.
create unique index outbox_exception_seq on outbox_exception (seq) where state <> 'held';
create index outbox_exception_key on outbox_exception (key);
create unique index outbox_exception_held on outbox_exception (key) where state = 'held';
-- What holds a key, and what waits for an operator, found without looking at what is delayed.
create index outbox_exception_holding on outbox_exception (seq) where holds_key = 1;
create index outbox_exception_dead on outbox_exception (seq) where state = 'dead';
-- What is due, found without looking at what is not.
create index outbox_exception_due on outbox_exception (due_at, seq) where state = 'delayed';

-- Why each attempt failed, the newest hundred of a message. Kept after its delivery, as long as it.
create table outbox_attempt (
  seq        integer not null,
  attempt    integer not null,
  failed_at  integer not null,
  relay      text not null,
  error      text not null
) strict;
create index outbox_attempt_seq on outbox_attempt (seq);

-- What people, and relays on their own, did with messages.
create table outbox_audit (
  id       integer primary key,
  at       integer not null
             default (cast(round((julianday('now') - 2440587.5) * 86400000) as integer) * 1000),
  actor    text not null,
  action   text not null,
  seq      integer,  -- null: it concerned no single message
  key      text,
  details  text not null default '{}' check (json_type(details) = 'object')
) strict;
create index outbox_audit_seq on outbox_audit (seq);

-- What operators tell the relay. A raised revision has it read the exceptions again.
create table outbox_control (
  id        integer primary key check (id = 1),
  paused    integer not null default 0 check (paused in (0, 1)),
  revision  integer not null default 0
) strict;
insert into outbox_control (id) values (1);

-- Everything up to last_seq is done or an exception. The epoch rises with each relay that connects;
-- what an earlier one writes afterwards is refused.
create table outbox_position (
  id        integer primary key check (id = 1),
  epoch     integer not null,
  owner     text not null,
  last_seq  integer not null
) strict;
insert into outbox_position values (1, 0, '', 0);

-- Every message with its status: pending, delayed, retrying, held, dead, discarded or processed.
create view outbox_message as
  select o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.headers, o.created_at,
         o.available_at,
         case when e.state is not null and not e.replay then e.state
              when o.seq > p.last_seq then 'pending'
              when h.seq is not null and r.seq is null then 'held'
              else 'processed' end as status,
         coalesce(e.attempts, 0) as attempts, e.due_at, e.last_error,
         r.processed_at, r.topic, r."partition", r."offset"
    from outbox o
    join outbox_position p
    left join outbox_exception e on e.seq = o.seq and e.state <> 'held'
    left join outbox_exception h
           on h.state = 'held' and h.key = o.aggregateid and o.seq between h.seq and h.until_seq
    left join outbox_receipt r
           on r.rowid = (select min(rowid) from outbox_receipt where seq = o.seq);
