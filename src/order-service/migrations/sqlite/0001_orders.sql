-- Orders, their lines, and the answers that are given again to a repeated request, in SQLite.
-- Times are microseconds of Unix time.

create table orders (
  -- Version 7, in lower case: later orders have higher ids.
  id                   text primary key
                         check (id glob replace('xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx', 'x', '[0-9a-f]')),
  total_minor          integer not null check (total_minor >= 0),  -- in the currency's minor unit
  created_at           integer not null,
  cancelled_at         integer,
  currency             text not null check (currency glob '[A-Z][A-Z][A-Z]'),
  status               text not null,
  customer_id          text,
  cancellation_reason  text,
  check ((cancelled_at is not null) = (status = 'CANCELLED'))
) strict, without rowid;

create table order_lines (
  order_id          text not null references orders (id),
  line              integer not null check (line between 0 and 2147483647),
  quantity          integer not null check (quantity between 1 and 2147483647),
  unit_price_minor  integer not null check (unit_price_minor >= 0),
  product_id        text not null,
  primary key (order_id, line)
) strict, without rowid;

-- One answer for each Idempotency-Key, written in the transaction of the order that it tells of.
create table order_idempotency (
  key           text primary key,
  created_at    integer not null,
  status        integer not null,
  request_hash  blob not null,
  location      text not null,
  body          text not null
) strict;
create index order_idempotency_created_at on order_idempotency (created_at);
