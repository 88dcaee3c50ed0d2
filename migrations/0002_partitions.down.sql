-- Removes what looks after the partitions. They themselves go with their tables.
do $$ begin
  while ${outbox_drop_detached}() is not null loop
  end loop;
end $$;
drop function ${outbox_drop_detached}();
drop function ${outbox_detach_partition}(regclass);
drop function ${outbox_forget}(bigint, integer, interval);
drop function ${outbox_free_partition}(bigint, interval);
drop function ${outbox_add_partitions}(integer);
drop function ${outbox_note_truncate}() cascade;
drop function ${outbox_unsent}(regclass, bigint, bigint, timestamptz, bigint);
drop index ${outbox_audit_truncate};
drop index ${outbox_receipt_run_processed_at};
drop view ${outbox_partition};
