-- Removes everything that 0001_outbox.up.sql made, with all messages.
drop view ${outbox_message}, ${outbox_row};
drop function ${outbox_emit};
drop sequence ${outbox_emit_open};
drop table ${outbox_kept}, ${outbox_secret};
drop table ${outbox};
drop function ${outbox_ring}();
drop sequence ${outbox_doorbell};
drop table ${outbox_origin}, ${outbox_intent};
drop view ${outbox_position};
drop view ${outbox_progress};
drop table ${outbox_progress_0}, ${outbox_progress_1};
drop sequence ${outbox_epoch};
drop table ${outbox_shard}, ${outbox_move}, ${outbox_relay}, ${outbox_control};
drop function ${outbox_note_moves}();
drop table ${outbox_exception}, ${outbox_attempt}, ${outbox_audit};
drop view ${outbox_receipt};
drop table ${outbox_receipt_run};
