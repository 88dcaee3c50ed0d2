-- The outbox and what the relay keeps about it. The partitions come with 0002, the roles with 0003.
--
-- Placeholders, filled in by outbox::migrate (for the table "billing.outbox" with payload json):
--   ${outbox}            "billing"."outbox"          the table itself
--   ${outbox_xyz}        "billing"."outbox_xyz"      an object beside it
--   ${name:outbox_xyz}   "outbox_xyz"                the same without the schema, for indexes
--   ${bare:outbox_xyz}   outbox_xyz                  the same as plain text, for use in a literal
--   ${schema}            "billing"
--   ${payload_type}      json
-- Each file runs in one transaction; outbox::migrate records it in ${outbox_migration}.

-- Append-only: the relay never updates a row. Everything beyond id, aggregatetype, aggregateid, type
-- and payload has a default, so an INSERT of those five columns is enough.
create table ${outbox} (
  seq            bigint generated always as identity (cache 1),
  -- The writing transaction. The relay reads by it: a forged value would never be sent.
  xid            xid8 not null default pg_current_xact_id(),
  created_at     timestamptz not null default clock_timestamp(),
  -- Not to be delivered before; such a row does not hold back later ones of its key.
  available_at   timestamptz,
  id             uuid not null,
  -- 64 virtual shards: the first 4 bytes of md5(key), big-endian, & 63; the last of those four
  -- bytes is enough. include/outbox/shard.hpp computes the same. PostgreSQL reads the expression's
  -- tree anew for each INSERT, so it is as small as can be.
  shard          smallint generated always as
                   (get_byte(decode(md5(aggregateid), 'hex'), 3) & 63) stored,
  aggregatetype  text not null check (aggregatetype <> ''),
  aggregateid    text not null check (aggregateid <> ''),
  type           text not null check (type <> ''),
  headers        jsonb not null default '{}' check (jsonb_typeof(headers) = 'object'),
  payload        ${payload_type} not null,
  primary key (seq)
) partition by range (seq);

comment on table ${outbox} is
  'Transactional outbox: messages to deliver, written in the transaction of the change they tell of';

-- What became visible between two snapshots, in seq order, is found by these two alone.
create index ${name:outbox_xid_seq} on ${outbox} (xid, seq);
-- What waits behind a failed key, and look-ups by people: aggregate, message id.
create index ${name:outbox_key_seq} on ${outbox} (aggregateid, seq);
create index ${name:outbox_id} on ${outbox} (id);
-- Tells retention whether a partition holds anything recent.
create index ${name:outbox_created_at} on ${outbox} using brin (created_at);

-- Acknowledged deliveries, in runs: one row for those of one settlement that went to one partition
-- and whose seqs lie within one thousand, which no partition of this table cuts. A message that was
-- sent again after a crash is in two. docs/adr/0010 has the measurements.
create table ${outbox_receipt_run} (
  first_seq     bigint not null,
  last_seq      bigint not null,
  first_offset  bigint not null,
  processed_at  timestamptz not null default clock_timestamp(),
  "partition"   integer not null,
  topic         text not null,
  seqs          smallint[] not null default '{0}',  -- beyond first_seq, ascending
  offsets       integer[] not null default '{0}'    -- relative to first_offset, of the same messages
) partition by range (first_seq);
create index ${name:outbox_receipt_run_seqs} on ${outbox_receipt_run} (first_seq, last_seq);

-- The same, one row for each delivery. Who looks for a few messages also asks for
--   first_seq > seq - 1000 and first_seq <= seq and last_seq >= seq
-- by which the index finds their runs.
create view ${outbox_receipt} as
  select b.first_seq + r.seq as seq, b.first_offset + r."offset" as "offset", b.processed_at,
         b."partition", b.topic, b.first_seq, b.last_seq
    from ${outbox_receipt_run} b
   cross join lateral unnest(b.seqs, b.offsets) as r (seq, "offset");

-- Messages that were read but not delivered, and therefore passed by the position:
--   delayed    not before due_at: written so, to be replayed, or to be tried again; holds no key
--   retrying   the head of its key: tried again at due_at; the key's later messages wait
--   held       one row for each key: its messages from seq to until_seq wait behind the head
--   dead       given up; an operator decides. When it holds its key, later messages wait behind it
--   discarded  an operator decided that it is not delivered
create table ${outbox_exception} (
  seq          bigint not null,
  until_seq    bigint,
  due_at       timestamptz,
  failed_at    timestamptz not null default clock_timestamp(),
  updated_at   timestamptz not null default clock_timestamp(),
  attempts     integer not null default 0,
  shard        smallint not null,
  holds_key    boolean not null default false,
  replay       boolean not null default false,  -- it was delivered before, and goes out again
  state        text not null
                 check (state in ('delayed', 'retrying', 'held', 'dead', 'discarded')),
  key          text not null,
  last_error   text,
  topic        text,               -- where to, instead of the sink's own choice
  payload      ${payload_type},    -- edited by an operator; null: as it was written
  check ((state = 'held') = (until_seq is not null)),
  check (case state when 'retrying' then holds_key when 'held' then holds_key
                    when 'dead' then true else not holds_key end)
);
-- A range may begin at a seq that belongs to another key's exception.
create unique index ${name:outbox_exception_seq} on ${outbox_exception} (seq) where state <> 'held';
create index ${name:outbox_exception_key} on ${outbox_exception} (key);
create unique index ${name:outbox_exception_held} on ${outbox_exception} (key) where state = 'held';
-- What holds keys, and what waits for an operator, found without looking at what is delayed.
create index ${name:outbox_exception_holding} on ${outbox_exception} (seq) where holds_key;
create index ${name:outbox_exception_dead} on ${outbox_exception} (seq) where state = 'dead';
-- What is due, found without looking at what is not.
create index ${name:outbox_exception_due} on ${outbox_exception} (due_at, seq)
  where state = 'delayed';

-- Why each attempt failed, the newest hundred of a message. Kept after its delivery, as long as it.
create table ${outbox_attempt} (
  seq        bigint not null,
  attempt    integer not null,
  failed_at  timestamptz not null default clock_timestamp(),
  relay      text not null,
  error      text not null
);
create index ${name:outbox_attempt_seq} on ${outbox_attempt} (seq);

-- What people, and relays on their own, did with messages.
create table ${outbox_audit} (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default clock_timestamp(),
  actor    text not null,
  action   text not null,
  seq      bigint,  -- null: it concerned no single message
  key      text,
  details  jsonb not null default '{}'
);
create index ${name:outbox_audit_seq} on ${outbox_audit} (seq);

-- Who may move a shard's position. A takeover raises the epoch, and whatever the former owner writes
-- afterwards is refused or loses against the higher epoch.
create table ${outbox_shard} (
  shard  smallint primary key check (shard between 0 and 63),
  epoch  bigint not null default 0,
  owner  text not null default '',  -- a relay; empty: free to be taken
  reason text not null default '',  -- why this is the owner, for ${outbox_move}
  -- What operators want: that nobody reads it; that its owner lets go of it, once; that this relay
  -- has it for as long as it lives.
  paused     boolean not null default false,
  released   boolean not null default false,
  preferred  text not null default ''
);
insert into ${outbox_shard} (shard) select generate_series(0, 63);
create sequence ${outbox_epoch};

-- Each change of a shard's owner, the newest thousand, noted in the transaction that makes it:
--   taken          it was free
--   moved          operators wanted another relay to have it
--   released       operators wanted the relay to let go of it
--   paused         operators wanted nobody to read it
--   balance        it was more than the relay's share
--   stopped        the relay stopped
--   lease expired  the relay did not renew its lease
--   reset          outboxctl source reset
create table ${outbox_move} (
  id          bigint generated always as identity primary key,
  at          timestamptz not null default clock_timestamp(),
  epoch       bigint not null,
  shard       smallint not null,
  from_owner  text not null,  -- empty: it was free
  to_owner    text not null,  -- empty: it is free
  reason      text not null
);

create function ${outbox_note_moves}() returns trigger language plpgsql as $$
begin
  insert into ${outbox_move} (epoch, shard, from_owner, to_owner, reason)
  select n.epoch, n.shard, o.owner, n.owner, n.reason
    from new_shard n join old_shard o on o.shard = n.shard
   where n.owner <> o.owner order by n.shard;
  if found then
    delete from ${outbox_move}
     where id in (select m.id from ${outbox_move} m
                   where m.id <= (select max(id) from ${outbox_move}) - 1000
                   order by m.id for update skip locked);
  end if;
  return null;
end $$;

create trigger ${name:outbox_note_moves} after update on ${outbox_shard}
  referencing old table as old_shard new table as new_shard
  for each statement execute function ${outbox_note_moves}();

-- The relays that share the shards. Each raises its renewals; whoever sees them stand still for one
-- lease, by its own clock, removes the relay and frees its shards. Beside the shards, since these
-- are read with each settlement and a row that is updated all the time grows a trail of versions.
create table ${outbox_relay} (
  owner      text primary key,
  renewals   bigint not null default 0,
  joined_at  timestamptz not null default clock_timestamp()
);

-- What operators tell the relays. A raised revision has them read the exceptions again, and this;
-- of paused and paused_topics, to which nothing is sent, they know without it.
-- mode: where messages are read, in the table itself or, from slot, in the write-ahead log. The slot
-- has exactly what was committed from slot_lsn on, and slot_snapshot sees exactly what was before.
create table ${outbox_control} (
  id        boolean primary key default true check (id),
  paused    boolean not null default false,
  paused_topics  text[] not null default '{}',
  revision  bigint not null default 0,
  mode      text not null default 'table' check (mode in ('table', 'wal')),
  slot      text,
  slot_lsn  pg_lsn,
  slot_snapshot  pg_snapshot,
  check ((mode = 'wal') = (slot is not null and slot_lsn is not null and slot_snapshot is not null))
);
insert into ${outbox_control} default values;

-- Progress is appended, never updated; of the rows that name a shard, the one with the highest
-- (epoch, n) holds its position: everything visible in from_snapshot is done, and of what is
-- visible in to_snapshot everything up to last_seq. Where the write-ahead log is read, everything
-- that committed before lsn is done as well, and the first last_seq messages after. Two tables take
-- turns, so that the older one can be truncated.
create table ${outbox_progress_0} (
  epoch          bigint not null,
  n              bigint not null,
  shards         bigint not null,  -- a set: bit k stands for shard k
  last_seq       bigint not null default 0,
  written_at     timestamptz not null default clock_timestamp(),
  from_snapshot  pg_snapshot not null,
  to_snapshot    pg_snapshot,
  lsn            pg_lsn,
  primary key (epoch, n)
);
create table ${outbox_progress_1} (like ${outbox_progress_0} including all);

create view ${outbox_progress} as
  select * from ${outbox_progress_0} union all select * from ${outbox_progress_1};

create view ${outbox_position} as
  select s.shard, p.epoch, p.n, p.last_seq, p.written_at, p.from_snapshot, p.to_snapshot, p.lsn
    from ${outbox_shard} s
    cross join lateral (
      select * from ${outbox_progress} p
       where (p.shards >> s.shard) & 1 = 1
       order by p.epoch desc, p.n desc limit 1) p;

-- Nothing was written before this transaction, so everything starts behind its snapshot.
insert into ${outbox_progress_0} (epoch, n, shards, from_snapshot)
  values (0, 0, -1, pg_current_snapshot());

-- Tells whether the positions belong to this database's history: the row's xmin equals xid mod 2^32
-- as long as the cluster is the one that assigned it. A dump and restore makes them differ. The id
-- names the history outside of the database, to a destination that records transactions.
create table ${outbox_origin} (
  xid  xid8 not null default pg_current_xact_id(),
  id   uuid not null default gen_random_uuid()
);
insert into ${outbox_origin} default values;

-- Who sends in the destination's transactions (sink.exactly_once), one row for each connection of a
-- relay. What a transaction settles is written here before it is committed there, and takes effect
-- after; whoever has the shards next asks the destination what became of it. docs/adr/0009.
create table ${outbox_intent} (
  sender      text primary key,
  owner       text not null,            -- the relay
  shards      bigint not null,          -- a set, as in progress; of those that nobody has taken over
  since       bigint not null,          -- the end of the destination's record when the sender began
  n           bigint not null default 0,  -- of its newest transaction
  xid         xid8,                     -- of the one here that prepared it
  settlement  json,                     -- what it settles; null: that is done
  made_at     timestamptz not null default clock_timestamp()
);

-- The doorbell. It rings only while a relay that has been idle has armed it, since a NOTIFY in every
-- transaction takes a global lock at commit. The flag is whether the sequence was called: a sequence
-- is seen at once by every transaction, whatever its snapshot.
create sequence ${outbox_doorbell};
-- The trigger looks at it with the writer's privileges; to ring, it takes more than a look.
grant select on sequence ${outbox_doorbell} to public;

create function ${outbox_ring}() returns trigger language plpgsql as $$
begin
  if pg_sequence_last_value('${outbox_doorbell}') is not null then
    perform pg_notify(tg_table_schema || '.' || tg_table_name, '');
  end if;
  return null;
end $$;

create trigger ${name:outbox_ring} after insert on ${outbox}
  for each statement execute function ${outbox_ring}();

-- Messages of which the log alone had a copy, and that were not delivered at the first attempt:
-- emitted ones, and rows that were deleted by then. As wide as ${outbox}; retention removes them.
create table ${outbox_kept} (
  seq            bigint primary key,
  kept_at        timestamptz not null default clock_timestamp(),
  created_at     timestamptz not null,
  available_at   timestamptz,
  id             uuid not null,
  shard          smallint not null,
  aggregatetype  text not null,
  aggregateid    text not null,
  type           text not null,
  headers        jsonb not null,
  payload        ${payload_type} not null
);
create index ${name:outbox_kept_key_seq} on ${outbox_kept} (aggregateid, seq);
create index ${name:outbox_kept_id} on ${outbox_kept} (id);

-- All messages that the database has. What is kept was passed by the position before it came here,
-- so it counts as written by the first transaction of all.
create view ${outbox_row} as
  select seq, xid, created_at, available_at, id, shard, aggregatetype, aggregateid, type, headers,
         payload
    from ${outbox}
  union all
  select seq, '3'::xid8, created_at, available_at, id, shard, aggregatetype, aggregateid, type,
         headers, payload
    from ${outbox_kept};

-- Everyone may call pg_logical_emit_message, so what marks a message as ours is known to
-- ${outbox_emit} and the relay alone.
create table ${outbox_secret} (
  prefix  text not null
);
insert into ${outbox_secret} values ('outbox:' || gen_random_uuid());

-- Whether messages may be emitted: when it was called. A sequence is seen at once by every
-- transaction, whatever its snapshot.
create sequence ${outbox_emit_open};

-- Writes a message into the write-ahead log, without a row, and returns its seq. Every emitter holds
-- the lock until its transaction ends, so that whoever ends the reading of the log can wait for all.
create function ${outbox_emit}(
  id uuid, aggregatetype text, aggregateid text, type text, payload ${payload_type},
  headers jsonb default '{}', available_at timestamptz default null) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  seq  bigint;
begin
  perform pg_advisory_xact_lock_shared(1869968485,
                                       ('${outbox}'::regclass::oid::bigint - 2147483648)::integer);
  if pg_sequence_last_value('${outbox_emit_open}') is null
     or current_setting('wal_level') <> 'logical' then
    raise 'nobody reads the write-ahead log for ${bare:outbox}, so the message would be lost'
      using errcode = 'object_not_in_prerequisite_state',
            hint = 'run ''outboxctl source use wal'', or enqueue the message';
  end if;
  if id is null or coalesce(aggregatetype, '') = '' or coalesce(aggregateid, '') = ''
     or coalesce(type, '') = '' or payload is null
     or coalesce(jsonb_typeof(headers), '') <> 'object' then
    raise 'id, aggregatetype, aggregateid, type or payload is missing, or headers are no object'
      using errcode = 'invalid_parameter_value';
  end if;
  -- Retention takes a partition away when nobody who has drawn one of its seqs runs any more. The
  -- transaction has its xid before the seq.
  lock table only ${outbox} in access share mode;
  perform pg_current_xact_id();
  seq := nextval(pg_get_serial_sequence('${outbox}', 'seq'));
  perform pg_logical_emit_message(
    true, s.prefix,
    record_send(row(seq, clock_timestamp(), available_at, id, aggregatetype, aggregateid, type,
                    headers, payload)))
    from ${outbox_secret} s;
  return seq;
end $$;

-- Every message with its status: pending, delayed, retrying, held, dead, discarded or processed.
create view ${outbox_message} as
  select o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.headers, o.shard,
         o.created_at, o.available_at,
         case when e.state is not null and not e.replay then e.state
              when r.seq is not null then 'processed'
              when h.seq is not null then 'held'
              when covered.yes then 'processed'
              else 'pending' end as status,
         coalesce(e.attempts, 0) as attempts, e.due_at, e.last_error,
         r.processed_at, r.topic, r."partition", r."offset"
    from ${outbox_row} o
    join ${outbox_position} p on p.shard = o.shard
    cross join lateral (
      select pg_visible_in_snapshot(o.xid, p.from_snapshot)
             or (p.to_snapshot is not null and o.seq <= p.last_seq
                 and pg_visible_in_snapshot(o.xid, p.to_snapshot)) as yes) covered
    left join ${outbox_exception} e on e.seq = o.seq and e.state <> 'held'
    left join ${outbox_exception} h
           on h.state = 'held' and h.key = o.aggregateid and o.seq between h.seq and h.until_seq
    left join lateral (
      select * from ${outbox_receipt} r
       where r.seq = o.seq and r.first_seq > o.seq - 1000 and r.first_seq <= o.seq
         and r.last_seq >= o.seq
       order by r.processed_at limit 1) r on true;
