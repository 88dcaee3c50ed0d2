-- Writes `rows` messages, `per_transaction` in each transaction, with payloads of so many bytes.
create procedure bench_fill(rows bigint, per_transaction integer, payload_bytes integer, keys integer)
language plpgsql as $$
declare
  -- {"orderId":"…","data":"…"}, of which the data is random digits, in pieces of 32.
  data_bytes  constant integer := payload_bytes - 60;
  pieces      constant integer := (data_bytes + 31) / 32;
  written     bigint := 0;
begin
  while written < rows loop
    insert into outbox (id, aggregatetype, aggregateid, type, payload)
    select gen_random_uuid(), 'order', 'order-' || floor(random() * keys)::bigint, 'OrderCreated',
           ('{"orderId":"' || gen_random_uuid() || '","data":"'
            || left((select string_agg(md5(random()::text || i || p), '') from generate_series(1, pieces) p), data_bytes)
            || '"}')::json
      from generate_series(1, least(per_transaction, rows - written)) i;
    written := written + per_transaction;
    commit;
  end loop;
end $$;
