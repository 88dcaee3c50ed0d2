-- Least privilege. Three group roles, of which logins are made members:
--   <table>_producer  writes messages
--   <table>_relay     is what outbox-processor logs in as
--   <table>_viewer    looks
-- Roles belong to the cluster: outboxes of one name in several databases share them.

-- All functions are everyone's unless told otherwise.
revoke execute on function ${outbox_ring}() from public;
revoke execute on function ${outbox_note_moves}() from public;
revoke execute on function
  ${outbox_emit}(uuid, text, text, text, ${payload_type}, jsonb, timestamptz) from public;
revoke execute on function ${outbox_unsent}(regclass, bigint, bigint, timestamptz, bigint) from public;
revoke execute on function ${outbox_note_truncate}() from public;
revoke execute on function ${outbox_add_partitions}(integer) from public;
revoke execute on function ${outbox_free_partition}(bigint, interval) from public;
revoke execute on function ${outbox_forget}(bigint, integer, interval) from public;
revoke execute on function ${outbox_detach_partition}(regclass) from public;
revoke execute on function ${outbox_drop_detached}() from public;

-- Makes the roles that are missing, and grants each its rights; returns those that it may not make.
-- Once someone who may has made them, it can be called again.
create function ${outbox_grant}() returns setof text language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
  producer  constant text := '${bare:outbox_producer}';
  relay     constant text := '${bare:outbox_relay}';
  viewer    constant text := '${bare:outbox_viewer}';
  role      text;
  given     record;
  seq       constant text := pg_get_serial_sequence('${outbox}', 'seq');
begin
  foreach role in array array[producer, relay, viewer] loop
    begin
      if to_regrole(quote_ident(role)) is null then
        execute format('create role %I nologin', role);
      end if;
    exception
      when duplicate_object or unique_violation then
        null;  -- a migration of another database has just made it
      when insufficient_privilege or reserved_name then
        raise notice 'the role % is missing: have it made, then call ${outbox_grant}()', role;
        return next role;
    end;
  end loop;
  for given in
    select * from (values
      (producer, 'insert (id, aggregatetype, aggregateid, type, payload, headers, available_at) '
                 'on ${outbox}'),
      (producer, 'execute on function '
                 '${outbox_emit}(uuid, text, text, text, ${payload_type}, jsonb, timestamptz)'),

      -- A dead letter is copied into the outbox, when the relay is told so.
      (relay, 'insert (id, aggregatetype, aggregateid, type, payload, headers) on ${outbox}'),
      (relay, 'select on ${outbox}, ${outbox_row}, ${outbox_partition}, ${outbox_progress}, '
              '${outbox_position}, ${outbox_origin}, ${outbox_control}, ${outbox_secret}'),
      -- What its API shows and switches.
      (relay, 'select on ${outbox_message}, ${outbox_migration}'),
      (relay, 'update on ${outbox_control}'),
      (relay, 'select, insert on ${outbox_kept}'),
      (relay, 'select on sequence ' || seq),
      (relay, 'select, insert on ${outbox_receipt_run}'),
      (relay, 'select on ${outbox_receipt}'),
      (relay, 'select, insert, update, delete on ${outbox_exception}, ${outbox_relay}, '
              '${outbox_intent}'),
      (relay, 'select, insert, delete on ${outbox_attempt}'),
      (relay, 'select, insert on ${outbox_audit}'),
      (relay, 'select, update on ${outbox_shard}'),
      (relay, 'select, insert, update, delete on ${outbox_move}'),
      (relay, 'select, insert, truncate on ${outbox_progress_0}, ${outbox_progress_1}'),
      (relay, 'usage on sequence ${outbox_epoch}'),
      (relay, 'update on sequence ${outbox_doorbell}'),
      (relay, 'execute on function ${outbox_add_partitions}(integer), '
              '${outbox_free_partition}(bigint, interval), '
              '${outbox_forget}(bigint, integer, interval), '
              '${outbox_detach_partition}(regclass), ${outbox_drop_detached}()'),

      (viewer, 'select on ${outbox}, ${outbox_kept}, ${outbox_row}, ${outbox_message}, '
               '${outbox_receipt}, ${outbox_receipt_run}, ${outbox_exception}, '
               '${outbox_attempt}, ${outbox_audit}, ${outbox_shard}, ${outbox_move}, ${outbox_relay}, '
               '${outbox_control}, ${outbox_progress_0}, ${outbox_progress_1}, ${outbox_progress}, '
               '${outbox_position}, ${outbox_origin}, ${outbox_intent}, ${outbox_partition}, '
               '${outbox_migration}'),
      (viewer, 'select on sequence ' || seq)) as g (role, rights)
     where to_regrole(quote_ident(g.role)) is not null
  loop
    -- Where everyone may use the schema already, as public, there is nothing to grant.
    if not has_schema_privilege(given.role::name, '${bare:schema}', 'usage') then
      execute format('grant usage on schema ${schema} to %I', given.role);
    end if;
    execute format('grant %s to %I', given.rights, given.role);
  end loop;
end $$;
revoke execute on function ${outbox_grant}() from public;

select ${outbox_grant}();
