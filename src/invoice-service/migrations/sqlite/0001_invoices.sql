-- Invoices, their items, and the ledger of what messages did to them, in a SQLite file of
-- invoice-service's own. The ids of the messages are in the inbox's table. Times are milliseconds
-- of Unix time, amounts are in the currency's minor unit.

-- A row without a number is a tombstone: its order was cancelled before the order was heard of.
create table invoice (
  order_id     text primary key,
  status       text not null check (status in ('issued', 'voided')),
  number       text,
  customer_id  text,
  currency     text,
  total_minor  integer,
  issued_at    integer,
  voided_at    integer,
  void_reason  text,
  check ((status = 'voided') = (voided_at is not null)),
  check (number is not null or status = 'voided'),
  check ((number is null) = (currency is null)),
  check ((number is null) = (total_minor is null)),
  check ((number is null) = (issued_at is null))
) strict, without rowid;

create table invoice_item (
  order_id          text not null references invoice (order_id),
  position          integer not null check (position >= 0),
  product_id        text not null,
  quantity          integer not null check (quantity > 0),
  unit_price_minor  integer not null,
  amount_minor      integer not null,
  primary key (order_id, position)
) strict, without rowid;

-- What happened, in its order. Nothing here is unique, so that a second effect of a message, which
-- the inbox prevents, would show rather than be refused.
create table invoice_effect (
  seq           integer primary key autoincrement,
  message_id    text not null,
  order_id      text not null references invoice (order_id),
  effect        text not null check (effect in ('created', 'voided')),
  amount_minor  integer not null,
  at            integer not null
) strict;
create index invoice_effect_message on invoice_effect (message_id);
create index invoice_effect_order on invoice_effect (order_id);

create trigger invoice_effect_is_kept before delete on invoice_effect
  begin select raise(abort, 'the ledger of effects only grows'); end;
create trigger invoice_effect_is_final before update on invoice_effect
  begin select raise(abort, 'the ledger of effects only grows'); end;
