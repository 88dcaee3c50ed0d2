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

-- A message of so many bytes, and then `rows` of the same key and small ones.
create procedure bench_fill_poisoned(rows bigint, head_bytes integer)
language plpgsql as $$
begin
  for i in 0 .. rows loop
    insert into outbox (id, aggregatetype, aggregateid, type, payload)
    values (gen_random_uuid(), 'poisoned', 'poisoned', 'OrderCreated',
            ('{"data":"' || case i when 0 then (select string_agg(md5(random()::text), '')
                                                  from generate_series(0, head_bytes / 32))
                                   else md5(i::text) end || '"}')::json);
    commit;
  end loop;
end $$;
