-- Partitions are made ahead, freed when what they hold is done and old, and dropped when nothing can
-- appear in them any more. Locks are waited for so briefly that writers, who queue behind, hardly
-- notice; what could not be had is left for the next time. The functions act with their owner's
-- rights, so that the relay, which calls them, need not own the tables.

-- Which seqs each partition holds: lower, and up to but not upper.
create view ${outbox_partition} as
  select i.inhparent::regclass as parent, i.inhrelid::regclass as leaf,
         b.bounds[1]::bigint as lower, b.bounds[2]::bigint as upper
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral (
      select regexp_match(pg_get_expr(c.relpartbound, c.oid),
                          '\(''?(-?\d+)''?\) TO \(''?(-?\d+)''?\)') as bounds) b
   where i.inhparent in ('${outbox}'::regclass, '${outbox_receipt_run}'::regclass)
     and b.bounds is not null;

-- Tells how old a partition's receipts are without reading them.
create index ${name:outbox_receipt_run_processed_at} on ${outbox_receipt_run}
  using brin (processed_at);

-- How many of a partition's messages are not done, counted up to `most`: not passed by their shard's
-- position, or with an exception other than one that was discarded before `discarded_before`.
-- What every position's xmin is above of needs no look, so it is quick whatever the partition holds,
-- unless a transaction has been open since it was filled.
create function ${outbox_unsent}(leaf regclass, lower bigint, upper bigint,
                                 discarded_before timestamptz, most bigint)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  unsent  bigint;
begin
  execute format($sql$
    with position as materialized (
           select shard, from_snapshot as f, to_snapshot as t, last_seq from ${outbox_position}),
         unsent as (
           (select 1 from %1$s o left join position p on p.shard = o.shard
             where o.xid >= (select case count(*) when 64 then min(pg_snapshot_xmin(f))
                                                  else '0' end from position)
               and not coalesce(pg_visible_in_snapshot(o.xid, p.f)
                                or (o.seq <= p.last_seq and pg_visible_in_snapshot(o.xid, p.t)),
                                false)
             limit $4)
           union all
           (select 1 from ${outbox_exception} e
             where e.state <> 'held' and e.seq >= $1 and e.seq < $2
               and (e.state <> 'discarded' or e.updated_at >= $3)
               and (exists (select from %1$s o where o.seq = e.seq)
                    or exists (select from ${outbox_kept} k where k.seq = e.seq))
             limit $4)
           union all
           (select 1 from ${outbox_exception} e
             cross join lateral (
               (select 1 from %1$s o
                 where (o.aggregateid, o.seq) >= (e.key, greatest(e.seq, $1))
                   and (o.aggregateid, o.seq) <= (e.key, least(e.until_seq, $2 - 1))
                 order by o.aggregateid, o.seq limit $4)
               union all
               (select 1 from ${outbox_kept} k
                 where (k.aggregateid, k.seq) >= (e.key, greatest(e.seq, $1))
                   and (k.aggregateid, k.seq) <= (e.key, least(e.until_seq, $2 - 1))
                 order by k.aggregateid, k.seq limit $4)) o
             where e.state = 'held' and e.seq < $2 and e.until_seq >= $1
             limit $4))
    select count(*) from (select from unsent limit $4) u $sql$, leaf)
    into unsent using lower, upper, discarded_before, most;
  return unsent;
end $$;

-- TRUNCATE loses what was not sent, and a trigger is all that can tell. It records how much, for the
-- relay to raise the alarm; to refuse would be in the way of those who mean it.
create function ${outbox_note_truncate}() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
  unsent  bigint;
begin
  if current_setting('outbox.retention', true) = 'on' then
    return null;  -- it has looked itself
  end if;
  select ${outbox_unsent}(p.leaf, p.lower, p.upper, 'infinity', 1000000) into unsent
    from ${outbox_partition} p where p.leaf = tg_relid;
  if unsent > 0 then
    insert into ${outbox_audit} (actor, action, details)
    values (session_user, 'truncate',
            jsonb_build_object('partition', tg_table_name, 'unsent', unsent));
  end if;
  return null;
end $$;
create index ${name:outbox_audit_truncate} on ${outbox_audit} (id) where action = 'truncate';

-- Makes the partitions up to `ahead` beyond the current one and returns how many it made: as wide as
-- the newest one, the first of 10 million rows. LIKE, CHECK and ATTACH, since CREATE … PARTITION OF
-- would stop the writers.
create function ${outbox_add_partitions}(ahead integer) returns integer language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
  parents  constant regclass[] := array['${outbox}', '${outbox_receipt_run}'];
  parent   regclass;
  width    bigint;
  name     text;
  key      text;
  current  bigint;
  made     integer := 0;
begin
  perform pg_advisory_xact_lock('${outbox}'::regclass::oid::bigint);
  width := coalesce((select p.upper - p.lower from ${outbox_partition} p
                      where p.parent = '${outbox}'::regclass order by p.upper desc limit 1),
                    10000000);
  current := coalesce(pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq')), 0) / width;
  for k in current .. current + ahead loop
    foreach parent in array parents loop
      name := format('%I.%I', '${bare:schema}',
                     (select relname from pg_class where oid = parent) || '_p' || k);
      continue when to_regclass(name) is not null;
      key := case parent when '${outbox}'::regclass then 'seq' else 'first_seq' end;
      execute format('create table %1$s (like %2$s including defaults including generated '
                     'including constraints, '
                     'constraint seq_range check (%3$I >= %4$s and %3$I < %5$s))',
                     name, parent, key, k * width, (k + 1) * width);
      if parent = '${outbox}'::regclass then
        execute format('create trigger %I before truncate on %s for each statement '
                       'execute function ${outbox_note_truncate}()',
                       '${bare:outbox_note_truncate}', name);
      end if;
      execute format('alter table %s attach partition %s for values from (%s) to (%s)',
                     parent, name, k * width, (k + 1) * width);
      execute format('alter table %s drop constraint seq_range', name);
      made := made + 1;
    end loop;
  end loop;
  return made;
end $$;

select ${outbox_add_partitions}(8);

-- Frees the partition that begins with seq `first`, with its receipts; false: something in it is not
-- done or was done within `keep`. lock_not_available: someone uses it now.
--
-- First it looks without a lock, then in SHARE mode: whoever has written into the partition has ended
-- by then, and nobody can add to it. Readers wait only for the last, short part, in which nothing but
-- a replay that an operator has just asked for can have come up.
--
-- What it relies on is durable, though positions are committed asynchronously: a TRUNCATE is flushed
-- when it commits, and with it all of the WAL before it, where the positions are that were seen here.
create function ${outbox_free_partition}(first bigint, keep interval) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp set lock_timeout = '50ms' set enable_seqscan = off as $$
declare
  done_before  constant timestamptz := clock_timestamp() - keep;
  part         record;
  receipts     regclass;
  young        boolean;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise 'partitions are freed in transactions of READ COMMITTED only: others see what was'
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  if not (select coalesce(bool_and(o.xmin::text::bigint = (o.xid::text::numeric % 4294967296)::bigint),
                          false) from ${outbox_origin} o)
     or exists (select from ${outbox_position} p
                 where pg_snapshot_xmax(coalesce(p.to_snapshot, p.from_snapshot))
                       > pg_snapshot_xmax(pg_current_snapshot())) then
    raise 'the outbox''s positions belong to another history of this database: nothing is freed'
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  select * into part from ${outbox_partition} p
   where p.parent = '${outbox}'::regclass and p.lower = first
     and p.upper <= 1 + pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq'));
  if not found then
    return false;
  end if;
  select p.leaf into receipts from ${outbox_partition} p
   where p.parent = '${outbox_receipt_run}'::regclass and p.lower = part.lower and p.upper = part.upper;
  for look in 1 .. 2 loop
    execute format('select exists (select from %s where created_at >= $1)', part.leaf)
       into young using done_before;
    if not young and receipts is not null then
      execute format('select exists (select from %s where processed_at >= $1)', receipts)
         into young using done_before;
    end if;
    if young
       or ${outbox_unsent}(part.leaf, part.lower, part.upper, done_before, 1) > 0 then
      return false;
    end if;
    if look = 1 then
      execute format('lock table %s in share mode', part.leaf);
    end if;
  end loop;
  execute format('lock table %s in access exclusive mode', concat_ws(', ', part.leaf, receipts));
  if exists (select from ${outbox_exception} e
              where e.state <> 'held' and e.seq >= part.lower and e.seq < part.upper
                and (e.state <> 'discarded' or e.updated_at >= done_before)) then
    return false;
  end if;
  perform set_config('synchronous_commit', 'on', true);
  perform set_config('outbox.retention', 'on', true);
  execute format('truncate %s', concat_ws(', ', part.leaf, receipts));
  return true;
end $$;

-- Deletes, up to `most` of each kind, what is kept about the messages of a partition that was freed:
-- attempts, audit, discarded exceptions, messages that had no row. Returns how many rows; 0 also when
-- the partition has rows or receipts, or messages were kept that are not done or not so old.
create function ${outbox_forget}(first bigint, most integer, keep interval) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  part      record;
  rows      boolean;
  receipts  regclass;
  deleted   bigint := 0;
  n         bigint;
begin
  select * into part from ${outbox_partition} p
   where p.parent = '${outbox}'::regclass and p.lower = first
     and p.upper <= 1 + pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq'));
  if not found then
    return 0;
  end if;
  execute format('select exists (select from %s)', part.leaf) into rows;
  select p.leaf into receipts from ${outbox_partition} p
   where p.parent = '${outbox_receipt_run}'::regclass and p.lower = part.lower and p.upper = part.upper;
  if not rows and receipts is not null then
    execute format('select exists (select from %s)', receipts) into rows;
  end if;
  if rows
     or exists (select from ${outbox_kept} k where k.seq >= part.lower and k.seq < part.upper
                   and k.kept_at >= clock_timestamp() - keep)
     or exists (select from ${outbox_kept} k where k.seq >= part.lower and k.seq < part.upper)
        and ${outbox_unsent}(part.leaf, part.lower, part.upper, 'infinity', 1) > 0 then
    return 0;
  end if;
  delete from ${outbox_kept} where seq = any (array(
    select seq from ${outbox_kept} where seq >= part.lower and seq < part.upper limit most));
  get diagnostics n = row_count;
  deleted := deleted + n;
  delete from ${outbox_attempt} where ctid = any (array(
    select ctid from ${outbox_attempt} where seq >= part.lower and seq < part.upper limit most));
  get diagnostics n = row_count;
  deleted := deleted + n;
  delete from ${outbox_audit} where ctid = any (array(
    select ctid from ${outbox_audit} where seq >= part.lower and seq < part.upper limit most));
  get diagnostics n = row_count;
  deleted := deleted + n;
  delete from ${outbox_exception} where ctid = any (array(
    select ctid from ${outbox_exception}
     where seq >= part.lower and seq < part.upper and state = 'discarded' limit most));
  get diagnostics n = row_count;
  return deleted + n;
end $$;

-- Takes an empty partition from its table; its name then ends in _old. False: it is not empty, or seqs
-- of it can still appear, or there is something to forget. lock_not_available: someone has used the
-- table all the time.
--
-- Whoever has taken a seq and not written it yet holds a lock on the table that this one's excludes:
-- all later seqs are beyond the sequence's value. Writers wait from here to the commit, which is
-- therefore asynchronous and does nothing but this.
create function ${outbox_detach_partition}(partition regclass) returns boolean language plpgsql
security definer
set search_path = pg_catalog, pg_temp set lock_timeout = '40ms' as $$
declare
  part  record;
  rows  boolean;
begin
  perform set_config('synchronous_commit', 'off', true);
  select p.*, c.relname into part from ${outbox_partition} p join pg_class c on c.oid = p.leaf
   where p.leaf = partition;
  if not found
     or exists (select from ${outbox_attempt} a where a.seq >= part.lower and a.seq < part.upper)
     or exists (select from ${outbox_audit} a where a.seq >= part.lower and a.seq < part.upper)
     or exists (select from ${outbox_kept} k where k.seq >= part.lower and k.seq < part.upper)
     or exists (select from ${outbox_exception} e where e.seq >= part.lower and e.seq < part.upper
                   and e.state = 'discarded') then
    return false;
  end if;
  execute format('lock table only %s in access exclusive mode', part.parent);
  if part.upper > 1 + pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq')) then
    return false;
  end if;
  execute format('select exists (select from %s)', part.leaf) into rows;
  if rows then
    return false;
  end if;
  execute format('alter table %s detach partition %s', part.parent, part.leaf);
  execute format('alter table %s rename to %I', part.leaf, part.relname || '_old');
  return true;
end $$;

-- Drops the oldest of what ${outbox_detach_partition} has left; null: there is none.
create function ${outbox_drop_detached}() returns text language plpgsql
security definer set search_path = pg_catalog, pg_temp set lock_timeout = '50ms' as $$
declare
  old  text;
begin
  select c.oid::regclass into old from pg_class c
   where c.relnamespace = '${schema}'::regnamespace and c.relkind = 'r' and not c.relispartition
     and c.relname ~ '^${bare:outbox}(_receipt_run)?_p[0-9]+_old$'
   order by c.oid limit 1;
  if old is not null then
    execute format('drop table %s', old);
  end if;
  return old;
end $$;
