drop view outbox_message;
drop table outbox_control;
drop table outbox_audit;
drop table outbox_attempt;
drop table outbox_position;
drop table outbox_exception;
drop table outbox_receipt;
drop table outbox;
