-- Orders, their lines, and the answers that are given again to a repeated request.

create table orders (
  id                   uuid primary key,  -- version 7: later orders have higher ids
  total_minor          bigint not null check (total_minor >= 0),  -- in the currency's minor unit
  created_at           timestamptz not null,
  cancelled_at         timestamptz,
  currency             text not null check (currency ~ '^[A-Z]{3}$'),
  status               text not null,
  customer_id          text,
  cancellation_reason  text,
  check ((cancelled_at is not null) = (status = 'CANCELLED'))
);

create table order_lines (
  order_id          uuid not null references orders (id),
  line              integer not null check (line >= 0),
  quantity          integer not null check (quantity > 0),
  unit_price_minor  bigint not null check (unit_price_minor >= 0),
  product_id        text not null,
  primary key (order_id, line)
);

-- One answer for each Idempotency-Key, written in the transaction of the order that it tells of.
create table order_idempotency (
  key           text primary key,
  created_at    timestamptz not null default now(),
  status        integer not null,
  request_hash  bytea not null,
  location      text not null,
  body          text not null
);
create index order_idempotency_created_at on order_idempotency (created_at);
