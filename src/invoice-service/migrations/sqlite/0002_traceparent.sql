-- The trace context (W3C) that a message came with; null: none.
alter table invoice_effect add column traceparent text;
