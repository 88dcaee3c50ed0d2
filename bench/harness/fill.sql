-- What the payloads' data is taken from. Making it for each row would take longer than writing the row.
-- So many texts that one is rarely repeated within what a compressor looks back on.
create unlogged table bench_data (n integer primary key, data text not null);

-- Payloads will have so many bytes: {"orderId":"…","data":"…"}, of which the data is random digits.
create procedure bench_prepare(payload_bytes integer)
language sql as $$
  truncate bench_data;
  insert into bench_data
  select n, left((select string_agg(md5(random()::text || n || p), '')
                    from generate_series(1, (payload_bytes - 60 + 31) / 32) p), payload_bytes - 60)
    from generate_series(0, 16383) n;
$$;

-- Writes `rows` messages, `per_transaction` in each transaction, as prepared.
create procedure bench_fill(rows bigint, per_transaction integer, keys integer)
language plpgsql as $$
declare
  written  bigint := 0;
begin
  while written < rows loop
    insert into outbox (id, aggregatetype, aggregateid, type, payload)
    select gen_random_uuid(), 'order', 'order-' || floor(random() * keys)::bigint, 'OrderCreated',
           ('{"orderId":"' || gen_random_uuid() || '","data":"' || d.data || '"}')::json
      from (select floor(random() * 16384)::integer as n
              from generate_series(1, least(per_transaction, rows - written))) r
      join bench_data d using (n);
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
