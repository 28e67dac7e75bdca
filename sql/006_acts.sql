-- What a program may write to the log itself, and the opening of envelopes, which the log always shows.

create or replace function switchboard.log_act(
  action text, organization_id uuid, integration_type text, status text, details jsonb
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Changes of rows are logged by triggers, and openings by begin_open: neither can be claimed here.
begin
  if action is null or action not in ('connection_tested', 'numbers_synced', 'log_exported', 'log_sealed',
                                      'keys_rotated', 'schema_changed') then
    raise exception 'not an act that a program logs by itself' using errcode = 'invalid_parameter_value';
  end if;
  -- Of each seal that the log says was made, `audit verify` asks where it is.
  if action = 'log_sealed' and not has_table_privilege(
       coalesce(nullif(current_setting('role', true), 'none'), session_user), 'switchboard.seals', 'INSERT') then
    raise exception 'the role % makes no seals', coalesce(nullif(current_setting('role', true), 'none'), session_user)
      using errcode = 'insufficient_privilege';
  end if;
  if status is null or status not in ('success', 'failed', 'pending') then
    raise exception 'a status is success, failed or pending' using errcode = 'invalid_parameter_value';
  end if;
  if jsonb_typeof(details) <> 'object' then
    raise exception 'details is an object' using errcode = 'invalid_parameter_value';
  end if;
  return switchboard.write_log(
    organization_id,
    switchboard.uuid_or_null(nullif(current_setting('switchboard.operator_id', true), '')),
    integration_type, action, status,
    coalesce(details, '{}') || '{"source": "switchboard"}');
end
$function$;

create or replace function switchboard.begin_open(integration_id uuid, purpose text)
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Writes the log row and returns a ticket for open_envelope, to be used after COMMIT, once, within 30 s.
-- The transaction-local setting switchboard.fields may name what is shown of it.
-- reveal and copy are acts complete in themselves; test and sync are pending until log_act gives their outcome.
-- Fails with P0002 (no such integration), 22023 (purpose), 42501 (reveal or copy without the right to read
-- the envelope), SB001 (more than 10 reveals, or 10 copies, in 5 minutes by one session_user).
declare
  integration record;
  given uuid;
begin
  if purpose is null or purpose not in ('reveal', 'copy', 'test', 'sync') then
    raise exception 'an envelope is opened to reveal, copy, test or sync' using errcode = 'invalid_parameter_value';
  end if;
  select c.organization_id, c.integration_type into integration
  from public.integration_credentials c
  where c.id = begin_open.integration_id;
  if not found then
    raise exception 'there is no such integration' using errcode = 'no_data_found';
  end if;
  if purpose in ('reveal', 'copy') then
    if not has_column_privilege(coalesce(nullif(current_setting('role', true), 'none'), session_user),
                                'public.integration_credentials', 'credentials_encrypted', 'SELECT') then
      raise exception 'the role % may not read secrets', coalesce(nullif(current_setting('role', true), 'none'), session_user)
        using errcode = 'insufficient_privilege';
    end if;
    -- Two openings at the same time must not both count as the tenth.
    perform pg_advisory_xact_lock(hashtextextended('switchboard ' || purpose || ' ' || session_user, 0));
    if (select count(*) from switchboard.open_tickets t
        where t.opened_by = session_user and t.purpose = begin_open.purpose
          and t.created_at > clock_timestamp() - interval '5 minutes') >= 10 then
      raise exception 'too many secrets opened to % in the last 5 minutes', purpose using errcode = 'SB001';
    end if;
  end if;
  delete from switchboard.open_tickets t where t.created_at < clock_timestamp() - interval '1 hour';
  insert into switchboard.open_tickets as t (integration_id, purpose)
  values (begin_open.integration_id, begin_open.purpose)
  returning t.ticket into given;
  perform switchboard.write_log(
    integration.organization_id,
    switchboard.uuid_or_null(nullif(current_setting('switchboard.operator_id', true), '')),
    integration.integration_type,
    case purpose when 'reveal' then 'credential_revealed' when 'copy' then 'credential_copied'
                 when 'test' then 'connection_tested' else 'numbers_synced' end,
    case when purpose in ('reveal', 'copy') then 'success' else 'pending' end,
    jsonb_strip_nulls(jsonb_build_object(
      'source', 'switchboard', 'purpose', purpose, 'integration_id', begin_open.integration_id,
      'fields', string_to_array(nullif(current_setting('switchboard.fields', true), ''), ','))));
  return given;
end
$function$;

create or replace function switchboard.open_envelope(ticket uuid)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- The text of the envelope that a ticket stands for. Fails with SB002: the ticket is unknown, used, older than
-- 30 s, another session_user's, or its log row is not committed yet; P0002: the integration is gone.
declare
  given switchboard.open_tickets;
  tried xid;
  envelope text;
begin
  -- Whoever comes second with a ticket waits for the end of the first one's transaction, however it ends.
  perform pg_advisory_xact_lock(hashtextextended('switchboard ticket ' || open_envelope.ticket, 0));
  select t.* into given from switchboard.open_tickets t where t.ticket = open_envelope.ticket;
  select t.xmax into tried from switchboard.open_tickets t where t.ticket = open_envelope.ticket;
  -- A rollback takes used_at back, but not the mark of the UPDATE below in the row's xmax: the ticket stays used.
  -- (VACUUM may wipe that mark off; nobody but its owner can make it come within the 30 s. The opening that the
  -- ticket stands for is in the log in any case, committed before.)
  if given.ticket is null or given.opened_by <> session_user or given.used_at is not null or tried <> '0'::xid
     or clock_timestamp() - given.created_at > interval '30 seconds' then
    raise exception 'the ticket is not valid, or not any more' using errcode = 'SB002';
  end if;
  -- A savepoint has an id of its own; this one belongs to the whole transaction.
  if given.xid = pg_current_xact_id() then
    raise exception 'an envelope opens after its log row is committed' using errcode = 'SB002';
  end if;
  update switchboard.open_tickets t set used_at = clock_timestamp() where t.ticket = given.ticket;
  select c.credentials_encrypted into envelope
  from public.integration_credentials c
  where c.id = given.integration_id;
  if not found then
    raise exception 'the integration is gone' using errcode = 'no_data_found';
  end if;
  return envelope;
end
$function$;
