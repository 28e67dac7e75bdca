-- What a program may write to the log itself, and the opening of envelopes, which the log always shows.

create or replace function switchboard.log_act(
  action text, organization_id uuid, integration_type text, status text, details jsonb
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- The acts that switchboard.actions() gives this role. Changes of rows are logged by triggers, and openings by
-- begin_open: neither can be claimed here.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  is_owner constant boolean := pg_has_role(caller, (select c.relowner from pg_class c
                                                    where c.oid = 'public.integration_audit_logs'::regclass), 'USAGE'::text);
  act record;
  held record;
begin
  select a.name, a.roles into act from switchboard.actions() a where a.name = log_act.action and a.kind = 'act';
  if not found then
    raise exception 'not an act that a program logs by itself' using errcode = 'invalid_parameter_value';
  end if;
  -- Of each seal that the log says was made, `audit verify` asks where it is.
  if not (case when act.name = 'log_sealed' then has_table_privilege(caller, 'switchboard.seals'::text, 'INSERT'::text)
               else act.roles is null or is_owner
                 or exists (select from pg_roles r where r.rolname = any (act.roles)
                              and pg_has_role(caller, r.oid, 'USAGE'::text)) end) then
    raise exception 'the role % does not log the act %', caller, act.name using errcode = 'insufficient_privilege';
  end if;
  if act.name in ('connection_tested', 'numbers_synced', 'log_exported') then
    if organization_id is not null then
      perform switchboard.require_organization(organization_id::uuid);
    end if;
  else
    perform switchboard.require_everything_now('logs what is of the whole database'::text);
  end if;
  if status is null or status not in ('success', 'failed', 'pending') then
    raise exception 'a status is success, failed or pending' using errcode = 'invalid_parameter_value';
  end if;
  if jsonb_typeof(details) <> 'object' then
    raise exception 'details is an object' using errcode = 'invalid_parameter_value';
  end if;
  -- Nobody fills the log, which keeps everything.
  if not is_owner then
    insert into switchboard.locks as l (what, key) values ('log an act', session_user)
    on conflict (what, key) do update set
      taken_at = clock_timestamp(),
      uses = case when l.since < clock_timestamp() - interval '5 minutes' then 1 else l.uses + 1 end,
      since = case when l.since < clock_timestamp() - interval '5 minutes' then clock_timestamp() else l.since end
    returning l.uses, l.since into held;
    if held.uses > 600 then
      raise exception 'more than 600 acts in 5 minutes are refused: the next is possible in % s',
        ceil(extract(epoch from held.since + interval '5 minutes' - clock_timestamp())) using errcode = 'SB001';
    end if;
  end if;
  return switchboard.write_log(
    organization_id::uuid, null::uuid, integration_type::text, action::text, status::text,
    (coalesce(details, '{}') || '{"source": "switchboard"}')::jsonb);
end
$function$;

create or replace function switchboard.begin_open(integration_id uuid, purpose text)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Writes the log row and returns a ticket for open_envelope, to be used after COMMIT, once, within 30 s.
-- The transaction-local setting switchboard.fields may name what is shown of it.
-- reveal, run (lent to a program) and copy are acts complete in themselves; test and sync are pending until log_act
-- gives their outcome. Fails with P0002 (no such integration), 22023 (purpose), 42501 (reveal, run or copy without the
-- right to read the envelope), SB001 (more than 10 reveals and runs, 10 copies, 600 tests or 600 syncs in 5 minutes by
-- one session_user; the message says when the next is possible).
declare
  integration record;
  given uuid;
  shows constant boolean := purpose in ('reveal', 'run', 'copy');
  most constant integer := case when shows then 10 else 600 end;
  counted constant text[] := case when purpose in ('reveal', 'run') then array['reveal', 'run'] else array[purpose] end;
  filling timestamptz;
begin
  if purpose is null or purpose not in ('reveal', 'run', 'copy', 'test', 'sync') then
    raise exception 'an envelope is opened to reveal, run, copy, test or sync' using errcode = 'invalid_parameter_value';
  end if;
  select c.organization_id, c.integration_type into integration
  from public.integration_credentials c
  where c.id = begin_open.integration_id;
  if not found or not switchboard.in_scope(integration.organization_id::uuid) then
    raise exception 'there is no such integration' using errcode = 'no_data_found';
  end if;
  if shows then
    if not has_column_privilege(coalesce(nullif(current_setting('role', true), 'none'), session_user),
                                'public.integration_credentials', 'credentials_encrypted', 'SELECT') then
      raise exception 'the role % may not read secrets', coalesce(nullif(current_setting('role', true), 'none'), session_user)
        using errcode = 'insufficient_privilege';
    end if;
  end if;
  -- Two openings at the same time must not both count as the last one: the second waits. It changes the row, so that
  -- a transaction whose snapshot is older fails (40001) instead of counting what was there before.
  insert into switchboard.locks (what, key) values ('open to ' || counted[1], session_user)
  on conflict (what, key) do update set taken_at = clock_timestamp();
  select t.created_at into filling
  from switchboard.open_tickets t
  where t.opened_by = session_user and t.purpose = any (counted)
    and t.created_at > clock_timestamp() - interval '5 minutes'
  order by t.created_at desc offset most - 1 limit 1;
  if found then
    raise exception 'more than % openings to % in 5 minutes are refused: the next is possible in % s', most, purpose,
      ceil(extract(epoch from filling + interval '5 minutes' - clock_timestamp()))
      using errcode = 'SB001';
  end if;
  -- Those of others are theirs: nobody waits for a row that another login holds.
  delete from switchboard.open_tickets t
  where t.opened_by = session_user and t.purpose = any (counted)
    and t.created_at < clock_timestamp() - interval '1 hour';
  insert into switchboard.open_tickets as t (integration_id, purpose)
  values (begin_open.integration_id, begin_open.purpose)
  returning t.ticket into given;
  perform switchboard.write_log(
    integration.organization_id::uuid, null::uuid, integration.integration_type::text,
    (case purpose when 'reveal' then 'credential_revealed' when 'copy' then 'credential_copied'
                  when 'run' then 'credential_lent' when 'test' then 'connection_tested' else 'numbers_synced' end)::text,
    (case when shows then 'success' else 'pending' end)::text,
    jsonb_strip_nulls(jsonb_build_object(
      'source', 'switchboard', 'purpose', purpose, 'integration_id', begin_open.integration_id,
      'fields', string_to_array(nullif(current_setting('switchboard.fields'::text, true), ''), ',')))::jsonb);
  return given;
end
$function$;

create or replace function switchboard.open_envelope(ticket uuid)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- The text of the envelope that a ticket stands for. Fails with SB002: the ticket is unknown, used, older than
-- 30 s, another session_user's, or its log row is not committed yet; P0002: the integration is gone.
declare
  given switchboard.open_tickets;
  envelope text;
begin
  select t.* into given from switchboard.open_tickets t where t.ticket = open_envelope.ticket;
  if given.ticket is null or given.opened_by <> session_user or given.used_at is not null
     or clock_timestamp() - given.created_at > interval '30 seconds' then
    raise exception 'the ticket is not valid, or not any more' using errcode = 'SB002';
  end if;
  -- A savepoint has an id of its own; this one belongs to the whole transaction.
  if given.xid = pg_current_xact_id() then
    raise exception 'an envelope opens after its log row is committed' using errcode = 'SB002';
  end if;
  -- Whoever has tried has left a mark in the row's xmax, also where that transaction is not over yet or was rolled
  -- back: the ticket is used, and nobody waits to hear so. (VACUUM may wipe the mark of a rollback off; nobody but its
  -- owner can make it come within the 30 s. The opening that the ticket stands for is in the log in any case.)
  update switchboard.open_tickets t set used_at = clock_timestamp()
  where t.ticket = given.ticket and t.used_at is null and t.xmax = '0'::xid;
  if not found then
    raise exception 'the ticket is not valid, or not any more' using errcode = 'SB002';
  end if;
  select c.credentials_encrypted into envelope
  from public.integration_credentials c
  where c.id = given.integration_id and switchboard.in_scope(c.organization_id::uuid);
  if not found then
    raise exception 'the integration is gone' using errcode = 'no_data_found';
  end if;
  return envelope;
end
$function$;
