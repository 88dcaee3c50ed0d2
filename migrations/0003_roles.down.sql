-- The roles stay: other databases may use them, and logins are members of them. Their rights on the
-- outbox's objects go with these.
do $$
declare
  role  text;
begin
  foreach role in array array['${bare:outbox_producer}', '${bare:outbox_relay}',
                              '${bare:outbox_viewer}'] loop
    if to_regrole(quote_ident(role)) is not null then
      execute format('revoke usage on schema ${schema} from %I', role);
    end if;
  end loop;
end $$;
drop function ${outbox_grant}();
