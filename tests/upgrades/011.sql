
do $do$
declare
  wanted text;
begin
  foreach wanted in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    if to_regrole(wanted) is null then
      execute format('create role %I nologin', wanted);
    end if;
  end loop;
end
$do$;
--
-- PostgreSQL database dump
--


-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: switchboard; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA switchboard;


--
-- Name: SCHEMA switchboard; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA switchboard IS 'switchboard schema 011';


--
-- Name: action_of(text, jsonb, text[], text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.action_of(kind text, after jsonb, changed text[], hint text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The name of an update of is_active or of assigned_to_user_id, which has more than one that fits: hint picks.
declare
  fitting text[];
begin
  if kind = 'credential' then
    fitting := array['credential_updated',
                     case when after -> 'is_active' = 'true' then 'credential_enabled' else 'credential_disabled' end];
    return case when hint = any (fitting) then hint
                when changed <@ array['is_active', 'updated_at', 'updated_by'] then fitting[2]
                else fitting[1] end;
  end if;
  fitting := array['number_updated'];
  if 'is_active' = any (changed) and after -> 'is_active' is distinct from 'true' then
    fitting := array['number_deactivated'] || fitting;
  end if;
  if 'assigned_to_user_id' = any (changed) then
    fitting := case when after ->> 'assigned_to_user_id' is null then 'number_unassigned' else 'number_assigned' end
               || fitting;
  end if;
  return case when hint = any (fitting) then hint else fitting[1] end;
end
$$;


--
-- Name: begin_open(uuid, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.begin_open(integration_id uuid, purpose text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
$$;


--
-- Name: clear_other_primary(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.clear_other_primary() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Known limit: one UPDATE that sets is_primary on several rows of an organisation fails with 27000 where the row
-- that was primary comes after the new one; clear the old one in a statement of its own, or let this do it.
begin
  -- Of two that make a primary number at the same time, the second waits, and then sees the first one's.
  -- One of 1,024 locks, since a server has only so many: an import may touch any number of organisations at once.
  perform pg_advisory_xact_lock(hashtext('switchboard primary'), hashtext(new.organization_id::text) % 1024);
  -- An insert that meets a row of the same number will not become a row (on conflict ...), and must not
  -- touch the row that it is about to update.
  if tg_op = 'INSERT' and exists (
    select from public.organization_phone_numbers n
    where n.organization_id = new.organization_id and n.phone_number = new.phone_number
  ) then
    return new;
  end if;
  update public.organization_phone_numbers n
  set is_primary = false
  where n.organization_id = new.organization_id and n.is_primary and n.id is distinct from new.id;
  return new;
end
$$;


--
-- Name: column_or_null(text, text, text[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.column_or_null(relation text, type text, VARIADIC names text[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- The first of these columns that the table has and that casts to the type, as an expression over t.
  select coalesce(
    (select format('t.%I::%s', n.name, type)
     from unnest(names) with ordinality n (name, place)
     join pg_attribute a on a.attrelid = to_regclass(relation) and a.attname = n.name and not a.attisdropped
     where type = 'text' or a.atttypid = type::regtype
     order by n.place limit 1),
    'null::' || type)
$$;


--
-- Name: envelope_format(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.envelope_format(envelope text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return case when envelope like 'sb2.%' then 'sb2'
              when envelope ~ '^[0-9A-Fa-f]{32}:[0-9A-Fa-f]{32}:([0-9A-Fa-f]{2})*$' then 'legacy'
              else 'neither' end;
end
$_$;


--
-- Name: inet_or_null(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.inet_or_null(value text) RETURNS inet
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return value::inet;
exception when data_exception then
  return null;
end
$$;


--
-- Name: log_act(text, uuid, text, text, jsonb); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.log_act(action text, organization_id uuid, integration_type text, status text, details jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
$$;


--
-- Name: log_change(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.log_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
-- Argument: credential, permission or number. Only the contract's columns are read, since an adopted table may
-- have others: nobody's business, or large, or of a content that jsonb refuses. A change of those alone is not
-- logged, or as one of updated_at where that moves with it. The envelope is compared, and never written.
-- All in one body, because it runs for each row: a function with a search_path of its own is slow to call.
declare
  kind constant text := tg_argv[0];
  -- In the order of the alphabet, in which changed lists them.
  names constant text[] := case kind
    when 'credential' then array['created_at', 'created_by', 'credentials_encrypted', 'display_name', 'id',
      'integration_type', 'is_active', 'is_verified', 'last_verified_at', 'organization_id', 'updated_at', 'updated_by']
    when 'permission' then array['can_configure', 'can_send', 'can_view', 'daily_limit', 'expires_at', 'granted_at',
      'granted_by', 'id', 'integration_id', 'monthly_limit', 'user_id']
    else array['assigned_to_user_id', 'can_call', 'can_sms', 'created_at', 'display_name', 'id', 'integration_id',
      'is_active', 'is_primary', 'number_type', 'organization_id', 'phone_number', 'updated_at'] end;
  side text;
  this record;
  part jsonb;
  fields text;
  before jsonb;
  after jsonb;
  present jsonb;
  was jsonb;
  becomes jsonb;
  changed text[];
  details jsonb;
  organization uuid;
  type text;
  integration uuid;
  parent jsonb;
  claimed_operator constant text := nullif(current_setting('switchboard.operator_id', true), '');
  operator uuid := case when claimed_operator is not null then switchboard.uuid_or_null(claimed_operator) end;
  operator_from text := 'operator';
  author_column constant text := case when kind = 'permission' then 'granted_by' when kind = 'number' then null
                                      when tg_op = 'INSERT' then 'created_by' else 'updated_by' end;
  author uuid;
  action text;
begin
  -- Neither a column that was dropped nor one that changed its type may abort anybody's write. Columns are named one
  -- by one all the same, because a statement put together for each row costs more than all the rest: that is done
  -- only where this fails. Nothing is written in the block, so it takes no transaction id.
  begin
    foreach side in array case tg_op when 'INSERT' then array['after'] when 'DELETE' then array['before']
                                     else array['before', 'after'] end
    loop
      if side = 'before' then this := old; else this := new; end if;
      if kind = 'credential' then
        part := jsonb_build_object(
          'created_at', this.created_at, 'created_by', this.created_by,
          'credentials_encrypted', this.credentials_encrypted, 'display_name', this.display_name, 'id', this.id,
          'integration_type', this.integration_type, 'is_active', this.is_active, 'is_verified', this.is_verified,
          'last_verified_at', this.last_verified_at, 'organization_id', this.organization_id,
          'updated_at', this.updated_at, 'updated_by', this.updated_by);
      elsif kind = 'permission' then
        part := jsonb_build_object(
          'can_configure', this.can_configure, 'can_send', this.can_send, 'can_view', this.can_view,
          'daily_limit', this.daily_limit, 'expires_at', this.expires_at, 'granted_at', this.granted_at,
          'granted_by', this.granted_by, 'id', this.id, 'integration_id', this.integration_id,
          'monthly_limit', this.monthly_limit, 'user_id', this.user_id);
      else
        part := jsonb_build_object(
          'assigned_to_user_id', this.assigned_to_user_id, 'can_call', this.can_call, 'can_sms', this.can_sms,
          'created_at', this.created_at, 'display_name', this.display_name, 'id', this.id,
          'integration_id', this.integration_id, 'is_active', this.is_active, 'is_primary', this.is_primary,
          'number_type', this.number_type, 'organization_id', this.organization_id,
          'phone_number', this.phone_number, 'updated_at', this.updated_at);
      end if;
      if side = 'before' then before := part; else after := part; end if;
    end loop;
    present := coalesce(after, before);
    organization := present ->> 'organization_id';
    integration := present ->> 'integration_id';
    author := present ->> author_column;
  exception when others then
    -- Of a type that is none of the contract's, the text: jsonb may refuse the rest.
    select coalesce(string_agg(format(case when a.atttypid = any (array['uuid', 'text', 'varchar', 'bool', 'int2', 'int4',
      'int8', 'timestamptz']::regtype[]) then '%L, $1.%I' else '%L, $1.%I::text' end, a.attname, a.attname), ', '), '')
    into fields
    from pg_attribute a
    where a.attrelid = tg_relid and a.attname = any (names) and not a.attisdropped;
    if tg_op <> 'INSERT' then
      execute format('select jsonb_build_object(%s)', fields) into before using old;
    end if;
    if tg_op <> 'DELETE' then
      execute format('select jsonb_build_object(%s)', fields) into after using new;
    end if;
    present := coalesce(after, before);
    organization := switchboard.uuid_or_null(present ->> 'organization_id');
    integration := switchboard.uuid_or_null(present ->> 'integration_id');
    author := switchboard.uuid_or_null(present ->> author_column);
  end;
  type := present ->> 'integration_type';

  if tg_op = 'UPDATE' then
    select array_agg(n),
           coalesce(jsonb_object_agg(n, before -> n) filter (where n <> 'credentials_encrypted'), '{}'),
           coalesce(jsonb_object_agg(n, after -> n) filter (where n <> 'credentials_encrypted'), '{}')
    into changed, was, becomes
    from unnest(names) n
    where after -> n is distinct from before -> n;
    if changed is null then
      return null;
    end if;
    details := jsonb_build_object('changed', changed, 'before', was, 'after', becomes);
    if kind = 'credential' and 'credentials_encrypted' = any (changed) then
      details := details || jsonb_build_object('envelope', jsonb_build_object('changed', true,
        'before', switchboard.envelope_format(before ->> 'credentials_encrypted'),
        'after', switchboard.envelope_format(after ->> 'credentials_encrypted')));
      -- The names (never values) of the fields inside the envelope, from whoever could open it.
      if nullif(current_setting('switchboard.fields', true), '') is not null then
        details := details || jsonb_build_object('fields',
          string_to_array(current_setting('switchboard.fields', true), ','));
      end if;
    end if;
  else
    details := jsonb_build_object(case tg_op when 'INSERT' then 'after' else 'before' end,
      jsonb_strip_nulls(present - 'credentials_encrypted'));
    if kind = 'credential' then
      details := details || jsonb_build_object('envelope', jsonb_build_object(
        case tg_op when 'INSERT' then 'after' else 'before' end,
        switchboard.envelope_format(present ->> 'credentials_encrypted')));
    end if;
  end if;

  if kind <> 'credential' and integration is not null then
    select jsonb_build_object('organization_id', c.organization_id, 'integration_type', c.integration_type) into parent
    from public.integration_credentials c
    where c.id = integration;
    if parent is null then
      parent := nullif(switchboard.object_or_empty(
        current_setting('switchboard.deleted_' || replace(integration::text, '-', ''), true)), '{}');
      if tg_op = 'DELETE' and parent is not null then
        details := details || '{"cascade": true}';
      end if;
    end if;
    organization := coalesce(organization, switchboard.uuid_or_null(parent ->> 'organization_id'));
    type := parent ->> 'integration_type';
  end if;

  -- Another program names no operator, but says in the row itself who created, updated or granted.
  if operator is null then
    if tg_op = 'INSERT' or author_column = any (changed) then
      operator := author;
    end if;
    operator_from := case when operator is null then 'nobody' else 'row' end;
  end if;

  action := case
    when tg_op = 'INSERT' then case kind when 'credential' then 'credential_created'
                                         when 'permission' then 'permission_granted' else 'number_added' end
    when tg_op = 'DELETE' then case kind when 'credential' then 'credential_deleted'
                                         when 'permission' then 'permission_revoked' else 'number_deactivated' end
    when kind = 'permission' then 'permission_changed'
    when changed && array['is_active', 'assigned_to_user_id'] then
      switchboard.action_of(kind, after, changed, nullif(current_setting('switchboard.action', true), ''))
    else kind || '_updated' end;
  perform switchboard.write_log(
    organization, operator, type, action,
    'success',
    details || jsonb_build_object(
      'source', 'trigger',
      'table', tg_table_name,
      'change', lower(tg_op),
      'user_from', operator_from,
      'row', jsonb_strip_nulls(jsonb_build_object(
        'id', present -> 'id',
        'integration_id', case when kind = 'credential' then present -> 'id' else present -> 'integration_id' end,
        'user_id', present -> 'user_id',
        'phone_number', present -> 'phone_number'))));
  return null;
end
$_$;


--
-- Name: may(uuid, uuid, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.may(user_id uuid, integration_id uuid, act text, OUT allowed boolean, OUT reason text, OUT used_today bigint, OUT used_this_month bigint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- act: view, send or configure. reason is null where it is allowed, else one of: unknown act, no such integration,
-- no permission, may not view, may not send, may not configure, expired, integration disabled, daily limit reached,
-- monthly limit reached. Limits are of sends, so only send is refused by them. Use is what the log has with status
-- success and an action of send_actions, by this person, for the integration's organisation and type, since the
-- beginning of the day and of the month in UTC. With the owner's rights, because a caller whose policies hide rows
-- of the log would count too few.
declare
  integration record;
  permission record;
  month constant timestamptz := date_trunc('month', now(), 'UTC');
  day constant timestamptz := date_trunc('day', now(), 'UTC');
begin
  allowed := false;
  used_today := 0;
  used_this_month := 0;
  select c.organization_id, c.integration_type, c.is_active into integration
  from public.integration_credentials c
  where c.id = may.integration_id;
  if not found then
    reason := case when act in ('view', 'send', 'configure') then 'no such integration' else 'unknown act' end;
    return;
  end if;
  select count(*) filter (where l.created_at >= day), count(*) into used_today, used_this_month
  from public.integration_audit_logs l
  where l.user_id = may.user_id
    and l.created_at >= month
    and l.organization_id = integration.organization_id
    and l.integration_type = integration.integration_type
    and l.status = 'success'
    and l.action = any (array(select s.action from switchboard.send_actions s));
  -- An adopted table may have more than one row for the same two: the one granted last stands.
  select p.can_view, p.can_send, p.can_configure, p.daily_limit, p.monthly_limit, p.expires_at into permission
  from public.user_integration_permissions p
  where p.user_id = may.user_id and p.integration_id = may.integration_id
  order by p.granted_at desc nulls last, p.id
  limit 1;
  reason := case
    when act is null or act not in ('view', 'send', 'configure') then 'unknown act'
    when not found then 'no permission'
    when not coalesce(case act when 'view' then permission.can_view when 'send' then permission.can_send
                               else permission.can_configure end, false) then 'may not ' || act
    when permission.expires_at <= now() then 'expired'
    when integration.is_active is not true then 'integration disabled'
    when act = 'send' and used_today >= permission.daily_limit then 'daily limit reached'
    when act = 'send' and used_this_month >= permission.monthly_limit then 'monthly limit reached'
  end;
  allowed := reason is null;
end
$$;


--
-- Name: missing_log_indexes(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.missing_log_indexes() RETURNS TABLE(name text, definition text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select w.name, w.columns || w.condition
  from (values
    ('idx_integration_audit_logs_org_time', '(organization_id, created_at DESC)', ''),
    ('idx_integration_audit_logs_time', '(created_at DESC)', ''),
    ('idx_integration_audit_logs_action_time', '(action, created_at DESC)', ''),
    ('idx_integration_audit_logs_user_time', '(user_id, created_at DESC)', ' WHERE (user_id IS NOT NULL)'),
    ('idx_integration_audit_logs_org_not_success', '(organization_id, status, created_at DESC)',
     ' WHERE ((status)::text <> ''success''::text)'),
    -- What Switchboard itself wrote about an integration, among all that other programs log.
    ('idx_integration_audit_logs_own', '(organization_id, integration_type, action, created_at DESC)',
     ' WHERE ((details ->> ''source''::text) = ANY (ARRAY[''switchboard''::text, ''trigger''::text]))')
  ) as w (name, columns, condition)
  where not exists (
    select from pg_index i
    -- Casts differ with the column's type (text or varchar), so conditions are compared without them.
    cross join lateral (select substring(pg_get_indexdef(i.indexrelid) from ' USING btree (.*)$') as present) d
    where i.indrelid = 'public.integration_audit_logs'::regclass and i.indisvalid
      and replace(replace(d.present, '(status)::text', 'status'), '::text', '')
        = replace(replace(w.columns || w.condition, '(status)::text', 'status'), '::text', ''))
  order by w.name
$_$;


--
-- Name: object_or_empty(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.object_or_empty(value text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case when jsonb_typeof(value::jsonb) = 'object' then value::jsonb else '{}' end;
exception when data_exception then
  return '{}';
end
$$;


--
-- Name: open_envelope(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.open_envelope(ticket uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
$$;


--
-- Name: put_policy(text, text, text, text, text, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.put_policy(relation text, name text, command text, role text, using_text text, check_text text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- using_text and check_text: as pg_get_expr gives them back where only pg_catalog is in the search_path; null where there is none.
begin
  if exists (
    select from pg_policy p
    where p.polrelid = relation::regclass
      and p.polname = name
      and p.polpermissive
      and p.polcmd = case command when 'select' then 'r' when 'insert' then 'a' when 'update' then 'w'
                                  when 'delete' then 'd' else '*' end
      and p.polroles = array[to_regrole(role)::oid]
      and pg_get_expr(p.polqual, p.polrelid) is not distinct from using_text
      and pg_get_expr(p.polwithcheck, p.polrelid) is not distinct from check_text
  ) then
    return;
  end if;
  if exists (select from pg_policy p where p.polrelid = relation::regclass and p.polname = name) then
    execute format('drop policy %I on %s', name, relation);
  end if;
  execute format('create policy %I on %s for %s to %s %s %s', name, relation, command, role,
    'using (' || using_text || ')', 'with check (' || check_text || ')');
end
$$;


--
-- Name: put_trigger(text, text, text, boolean); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.put_trigger(relation text, name text, definition text, always boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- definition: the text that pg_get_triggerdef gives back, which is how a changed trigger is noticed.
declare
  present record;
  wanted constant "char" := case when always then 'A' else 'O' end;
begin
  select pg_get_triggerdef(t.oid) as text, t.tgenabled as enabled into present
  from pg_trigger t
  where t.tgrelid = relation::regclass and t.tgname = name and not t.tgisinternal;
  if present.text is distinct from definition then
    execute replace(definition, 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER');
    present.enabled := 'O';
  end if;
  if present.enabled is distinct from wanted then
    execute format('alter table %s enable %s trigger %I', relation, case when always then 'always' else '' end, name);
  end if;
end
$$;


--
-- Name: put_view(text, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.put_view(name text, query text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  relation constant regclass := to_regclass('switchboard.' || name);
begin
  if relation is not null and obj_description(relation, 'pg_class')
       is distinct from 'made by Switchboard ' || md5(pg_get_viewdef(relation)) then
    return;
  end if;
  execute format('create or replace view switchboard.%I as %s', name, query);
  execute format('comment on view switchboard.%I is %L', name,
                 'made by Switchboard ' || md5(pg_get_viewdef(to_regclass('switchboard.' || name))));
end
$$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$$;


--
-- Name: remember_integration(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.remember_integration() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- On a cascade the parent is gone before its children are logged: what they need of it is kept here.
  -- Each in a setting of its own: one that grew with every row would be copied for every row.
  if old.id is not null then
    perform set_config('switchboard.deleted_' || replace(old.id::text, '-', ''), jsonb_build_object(
      'organization_id', old.organization_id, 'integration_type', old.integration_type)::text, true);
  end if;
  return old;
end
$$;


--
-- Name: touch_updated_at(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- Byte by byte, since an adopted table may have columns of a type that has no equality (json, xml, point); here
  -- and not in WHEN, which may not see the whole of a row that has generated columns.
  if new operator(pg_catalog.*=) old then
    return new;
  end if;
  -- Writers compare updated_at to notice each other, so two changes never share one.
  new.updated_at := clock_timestamp();
  return new;
end
$$;


--
-- Name: uuid_or_null(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.uuid_or_null(value text) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return value::uuid;
exception when data_exception then
  return null;
end
$$;


--
-- Name: write_log(uuid, uuid, text, text, text, jsonb); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.write_log(organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Adds the evidence to details: operator and operation_id are what the client claims, the rest is what the server
-- knows. Never fails for want of a value: a row without an organisation gets the nil UUID, without a type 'none'.
declare
  row_id constant uuid := gen_random_uuid();
  claimed_address constant text := nullif(current_setting('switchboard.source_address', true), '');
  client_address constant inet := inet_client_addr();
begin
  insert into public.integration_audit_logs
    (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
  values (
    row_id,
    coalesce(organization_id, '00000000-0000-0000-0000-000000000000'),
    user_id,
    left(coalesce(integration_type, 'none'), 50),
    action,
    status,
    (details - array['operator', 'operation_id', 'undo_of', 'session_user', 'role', 'client_address', 'xid'])
      || jsonb_strip_nulls(jsonb_build_object(
      'operator', nullif(current_setting('switchboard.operator_label', true), ''),
      'operation_id', nullif(current_setting('switchboard.operation_id', true), ''),
      'undo_of', nullif(current_setting('switchboard.undo_of', true), ''),
      'session_user', session_user,
      'role', coalesce(nullif(current_setting('role', true), 'none'), session_user),
      'client_address', host(client_address),
      'xid', pg_current_xact_id()::text)),
    case when claimed_address is null then client_address
         else coalesce(switchboard.inet_or_null(claimed_address), client_address) end,
    coalesce(nullif(current_setting('switchboard.user_agent', true), ''),
             nullif(current_setting('application_name', true), ''), ''),
    clock_timestamp());
  return row_id;
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: integration_audit_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.integration_audit_logs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid,
    integration_type character varying(50) NOT NULL,
    action character varying(100) NOT NULL,
    status character varying(50) NOT NULL,
    details jsonb,
    ip_address inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT now()
)
WITH (autovacuum_vacuum_insert_scale_factor='0.01');


--
-- Name: integration_credentials; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.integration_credentials (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid NOT NULL,
    integration_type character varying(50) NOT NULL,
    credentials_encrypted text NOT NULL,
    display_name character varying(255),
    is_active boolean DEFAULT true,
    is_verified boolean DEFAULT false,
    last_verified_at timestamp with time zone,
    created_by uuid,
    updated_by uuid,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now()
);


--
-- Name: organization_phone_numbers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.organization_phone_numbers (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid NOT NULL,
    integration_id uuid,
    phone_number character varying(20) NOT NULL,
    display_name character varying(100),
    number_type character varying(50),
    assigned_to_user_id uuid,
    is_primary boolean DEFAULT false,
    can_call boolean DEFAULT true,
    can_sms boolean DEFAULT true,
    is_active boolean DEFAULT true,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now()
);


--
-- Name: user_integration_permissions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_integration_permissions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    integration_id uuid NOT NULL,
    can_view boolean DEFAULT false,
    can_send boolean DEFAULT false,
    can_configure boolean DEFAULT false,
    daily_limit integer,
    monthly_limit integer,
    granted_by uuid,
    granted_at timestamp with time zone DEFAULT now(),
    expires_at timestamp with time zone
);


--
-- Name: keys; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.keys (
    key_id text NOT NULL,
    purpose text NOT NULL,
    salt bytea,
    public_key bytea,
    state text DEFAULT 'active'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT keys_check CHECK (((purpose <> 'master'::text) OR (salt IS NOT NULL))),
    CONSTRAINT keys_check1 CHECK (((purpose <> 'seal'::text) OR (public_key IS NOT NULL))),
    CONSTRAINT keys_purpose_check CHECK ((purpose = ANY (ARRAY['master'::text, 'seal'::text]))),
    CONSTRAINT keys_state_check CHECK ((state = ANY (ARRAY['active'::text, 'retired'::text])))
);


--
-- Name: TABLE keys; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.keys IS 'Records of the keys in use: never a key itself, only its id, its salt, or the public half of a sealing key.';


--
-- Name: open_tickets; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.open_tickets (
    ticket uuid DEFAULT gen_random_uuid() NOT NULL,
    integration_id uuid NOT NULL,
    purpose text NOT NULL,
    opened_by text DEFAULT SESSION_USER NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    used_at timestamp with time zone
);


--
-- Name: TABLE open_tickets; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.open_tickets IS 'Permissions to read one envelope once, each given together with a row of the log.';


--
-- Name: organization_labels; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.organization_labels (
    id uuid NOT NULL,
    name text NOT NULL
);


--
-- Name: organizations; Type: VIEW; Schema: switchboard; Owner: -
--

CREATE VIEW switchboard.organizations AS
 WITH RECURSIVE logged(id) AS (
        ( SELECT a.organization_id
           FROM public.integration_audit_logs a
          ORDER BY a.organization_id
         LIMIT 1)
        UNION ALL
         SELECT ( SELECT a.organization_id
                   FROM public.integration_audit_logs a
                  WHERE (a.organization_id > l.id)
                  ORDER BY a.organization_id
                 LIMIT 1) AS organization_id
           FROM logged l
          WHERE (l.id IS NOT NULL)
        )
 SELECT used.id,
    n.name
   FROM (( SELECT c.organization_id AS id
           FROM public.integration_credentials c
        UNION
         SELECT p.organization_id
           FROM public.organization_phone_numbers p
        UNION
         SELECT l.id
           FROM logged l
          WHERE (l.id <> '00000000-0000-0000-0000-000000000000'::uuid)
        UNION
         SELECT o.id
           FROM switchboard.organization_labels o) used
     LEFT JOIN switchboard.organization_labels n ON ((n.id = used.id)))
  WHERE (used.id IS NOT NULL);


--
-- Name: VIEW organizations; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON VIEW switchboard.organizations IS 'made by Switchboard b956d8a8635bb8f8c8b5f1e40f6653ba';


--
-- Name: people_labels; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.people_labels (
    id uuid NOT NULL,
    label text NOT NULL,
    organization_id uuid
);


--
-- Name: people; Type: VIEW; Schema: switchboard; Owner: -
--

CREATE VIEW switchboard.people AS
 SELECT id,
    NULL::text AS email,
    label AS name,
    organization_id,
    true AS is_active
   FROM switchboard.people_labels l;


--
-- Name: VIEW people; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON VIEW switchboard.people IS 'made by Switchboard e4fb02cfda7b55a85f0a885a98ff4d3a';


--
-- Name: schema_version; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.schema_version (
    id bigint NOT NULL,
    file text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    applied_by text DEFAULT SESSION_USER NOT NULL,
    operator text
);


--
-- Name: TABLE schema_version; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.schema_version IS 'Which files setup has run, and when: history only. What is installed is read from the catalogue.';


--
-- Name: schema_version_id_seq; Type: SEQUENCE; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.schema_version ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME switchboard.schema_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: seals; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.seals (
    id bigint NOT NULL,
    hour timestamp with time zone,
    row_count bigint NOT NULL,
    digest bytea NOT NULL,
    previous bytea,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    sealed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sealed_by text DEFAULT SESSION_USER NOT NULL,
    operator text,
    row_list bytea,
    xid xid8,
    CONSTRAINT seals_check CHECK ((octet_length(row_list) = (row_count * 24))),
    CONSTRAINT seals_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT seals_hour_check CHECK (((hour IS NULL) OR ((EXTRACT(epoch FROM hour) % (3600)::numeric) = (0)::numeric))),
    CONSTRAINT seals_previous_check CHECK ((octet_length(previous) = 32)),
    CONSTRAINT seals_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT seals_signature_check CHECK ((octet_length(signature) = 64))
);


--
-- Name: TABLE seals; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.seals IS 'Signed digests of the log, one per hour in UTC; hour is null for the rows whose created_at is null or infinite. previous is the SHA-256 of the seal before, null in the first. row_list: id and the first 8 bytes of the leaf of each row, in their order.';


--
-- Name: seals_id_seq; Type: SEQUENCE; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.seals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME switchboard.seals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: send_actions; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.send_actions (
    action character varying(100) NOT NULL
);


--
-- Name: TABLE send_actions; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.send_actions IS 'The actions of the log that count against the daily and the monthly limit of a permission.';


--
-- Data for Name: integration_audit_logs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.integration_audit_logs VALUES ('3eb19939-15b0-485d-9e56-311e7faa405a', '00000000-0000-0000-0000-000000000000', NULL, 'none', 'schema_changed', 'success', '{"xid": "754", "made": 232, "role": "postgres", "source": "switchboard", "changed": 0, "operator": "a release", "operation_id": "2c672125-51e7-4ca4-919b-93b32fc5f5da", "session_user": "postgres", "roles_created": ["switchboard_admin", "switchboard_support", "switchboard_auditor"], "schema_number": 11, "starting_shape": "nothing"}', NULL, '', '2026-11-29 11:31:55.354177+00');
INSERT INTO public.integration_audit_logs VALUES ('4fbd6e48-05f1-4335-9303-f3b5cbe9d060', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'credential_created', 'success', '{"row": {"id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "xid": "755", "role": "postgres", "after": {"id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2", "is_active": true, "created_at": "2026-11-29T11:31:56.3719+00:00", "created_by": "00000000-0000-4000-8000-0000000a54a0", "updated_at": "2026-11-29T11:31:56.3719+00:00", "updated_by": "00000000-0000-4000-8000-0000000a54a0", "is_verified": false, "organization_id": "00000000-0000-4000-8000-00000000acce", "integration_type": "exotel_phone"}, "table": "integration_credentials", "change": "insert", "source": "trigger", "envelope": {"after": "sb2"}, "operator": "asha@acme.example", "user_from": "operator", "operation_id": "0a8e37d0-913f-4d2b-9b35-ea9ab0d63177", "session_user": "postgres"}', '192.0.2.7', 'switchboard/test (asha@jump)', '2026-11-29 11:31:56.385103+00');
INSERT INTO public.integration_audit_logs VALUES ('b61d941b-e3bb-48bc-9fb7-a2833c456c62', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'zoho_mail', 'credential_created', 'success', '{"row": {"id": "797309ea-77e8-4114-89fc-96ae47702f2f", "integration_id": "797309ea-77e8-4114-89fc-96ae47702f2f"}, "xid": "756", "role": "postgres", "after": {"id": "797309ea-77e8-4114-89fc-96ae47702f2f", "is_active": true, "created_at": "2026-11-29T11:31:56.407722+00:00", "created_by": "00000000-0000-4000-8000-0000000a54a0", "updated_at": "2026-11-29T11:31:56.407722+00:00", "updated_by": "00000000-0000-4000-8000-0000000a54a0", "is_verified": false, "organization_id": "00000000-0000-4000-8000-00000000acce", "integration_type": "zoho_mail"}, "table": "integration_credentials", "change": "insert", "source": "trigger", "envelope": {"after": "legacy"}, "operator": "asha@acme.example", "user_from": "operator", "operation_id": "1fee8538-dd8d-4ccb-a17a-f86da0fe2a8c", "session_user": "postgres"}', '192.0.2.7', 'switchboard/test (asha@jump)', '2026-11-29 11:31:56.418244+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000008001', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 1, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 08:07:00.000001+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000008002', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 2, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 08:14:00.000002+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000008003', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 3, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 08:21:00.000003+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000008004', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 4, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 08:28:00.000004+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000008005', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 5, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 08:35:00.000005+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000009001', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 1, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 09:07:00.000001+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000009002', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 2, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 09:14:00.000002+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000009003', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 3, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 09:21:00.000003+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000009004', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 4, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 09:28:00.000004+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000011001', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 1, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 11:07:00.000001+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000011002', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 2, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 11:14:00.000002+00');
INSERT INTO public.integration_audit_logs VALUES ('00000000-0000-4000-8000-000000011003', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'call_made', 'success', '{"n": 3, "to": "+91 é \""}', '192.0.2.7', 'backend/1.0', '2026-01-01 11:21:00.000003+00');
INSERT INTO public.integration_audit_logs VALUES ('10d8799b-17a7-4fae-a026-1ff2c9aaecbb', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'permission_granted', 'success', '{"row": {"id": "629d3ff2-dd33-461e-85ae-bfb17560e105", "user_id": "00000000-0000-4000-8000-0000000a54a0", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "xid": "758", "role": "postgres", "after": {"id": "629d3ff2-dd33-461e-85ae-bfb17560e105", "user_id": "00000000-0000-4000-8000-0000000a54a0", "can_send": false, "can_view": true, "expires_at": "2031-01-01T00:00:00+00:00", "granted_at": "2026-11-29T11:31:56.445607+00:00", "daily_limit": 100, "can_configure": false, "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "table": "user_integration_permissions", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.453299+00');
INSERT INTO public.integration_audit_logs VALUES ('57805986-e572-48ea-9428-44b754d504b5', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'zoho_mail', 'permission_granted', 'success', '{"row": {"id": "1b757a94-f427-4a82-886b-93db0003a533", "user_id": "00000000-0000-4000-8000-0000000a54a0", "integration_id": "797309ea-77e8-4114-89fc-96ae47702f2f"}, "xid": "758", "role": "postgres", "after": {"id": "1b757a94-f427-4a82-886b-93db0003a533", "user_id": "00000000-0000-4000-8000-0000000a54a0", "can_send": true, "can_view": true, "expires_at": "2031-01-01T00:00:00+00:00", "granted_at": "2026-11-29T11:31:56.445607+00:00", "daily_limit": 100, "can_configure": false, "integration_id": "797309ea-77e8-4114-89fc-96ae47702f2f"}, "table": "user_integration_permissions", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.45372+00');
INSERT INTO public.integration_audit_logs VALUES ('03059aed-8b74-464a-bbdc-2428909e55e3', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'number_added', 'success', '{"row": {"id": "a99ff384-c50e-4ce5-a408-bd1e118e4450", "phone_number": "+911141169368", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "xid": "758", "role": "postgres", "after": {"id": "a99ff384-c50e-4ce5-a408-bd1e118e4450", "can_sms": true, "can_call": true, "is_active": true, "created_at": "2026-11-29T11:31:56.445607+00:00", "is_primary": true, "updated_at": "2026-11-29T11:31:56.445607+00:00", "number_type": "virtual", "display_name": "Front desk", "phone_number": "+911141169368", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2", "organization_id": "00000000-0000-4000-8000-00000000acce", "assigned_to_user_id": "00000000-0000-4000-8000-0000000a54a0"}, "table": "organization_phone_numbers", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.460063+00');
INSERT INTO public.integration_audit_logs VALUES ('47193927-8a06-492e-ad6b-94cf36f4fa81', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'number_added', 'success', '{"row": {"id": "dbc92018-8d20-4bbe-89c0-ddd70b7b7fd0", "phone_number": "080 4000 0000", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "xid": "758", "role": "postgres", "after": {"id": "dbc92018-8d20-4bbe-89c0-ddd70b7b7fd0", "can_sms": true, "can_call": true, "is_active": true, "created_at": "2026-11-29T11:31:56.445607+00:00", "is_primary": false, "updated_at": "2026-11-29T11:31:56.445607+00:00", "number_type": "virtual", "display_name": "Support", "phone_number": "080 4000 0000", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2", "organization_id": "00000000-0000-4000-8000-00000000acce"}, "table": "organization_phone_numbers", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.460286+00');
INSERT INTO public.integration_audit_logs VALUES ('3ad05c96-bb1e-47a1-a20e-378c9dbdd7fe', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'permission_revoked', 'success', '{"row": {"id": "629d3ff2-dd33-461e-85ae-bfb17560e105", "user_id": "00000000-0000-4000-8000-0000000a54a0", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "xid": "758", "role": "postgres", "table": "user_integration_permissions", "before": {"id": "629d3ff2-dd33-461e-85ae-bfb17560e105", "user_id": "00000000-0000-4000-8000-0000000a54a0", "can_send": false, "can_view": true, "expires_at": "2031-01-01T00:00:00+00:00", "granted_at": "2026-11-29T11:31:56.445607+00:00", "daily_limit": 100, "can_configure": false, "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "change": "delete", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.460893+00');
INSERT INTO public.integration_audit_logs VALUES ('2e01772a-13a9-4a51-ad2e-78ef60f3da42', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'credential_revealed', 'success', '{"xid": "758", "role": "postgres", "source": "switchboard", "purpose": "reveal", "operator": "asha@acme.example", "session_user": "postgres", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}', NULL, '', '2026-11-29 11:31:56.461972+00');
INSERT INTO public.integration_audit_logs VALUES ('301a605a-2cea-437d-90b6-01772f2cbd49', '00000000-0000-4000-8000-00000000acce', NULL, 'zoho_mail', 'email_sent', 'success', NULL, NULL, NULL, NULL);
INSERT INTO public.integration_audit_logs VALUES ('66da87a3-b129-48f6-b55c-ea5b8bcd560f', '00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-0000000a54a0', 'none', 'log_sealed', 'success', '{"xid": "759", "role": "postgres", "rows": 13, "seals": 5, "key_id": "seal-56475aa75463474c", "source": "switchboard", "operator": "asha@acme.example", "newest_seal": "6e3543d3f6a43038d9ab484f59d4fdd7cc8a6b6975923647d1688eb7d8270208", "operation_id": "ac4b4102-b470-4241-99f0-ab8a56d4591a", "sealed_until": "2026-11-29T11:00:00+00:00", "session_user": "postgres"}', '192.0.2.7', 'switchboard/test (asha@jump)', '2026-11-29 11:31:56.507979+00');
INSERT INTO public.integration_audit_logs VALUES ('15ffde89-5e90-4dd4-ad63-24b7c80fcc0b', '00000000-0000-4000-8000-00000000acce', NULL, 'exotel_phone', 'credential_disabled', 'success', '{"row": {"id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2", "integration_id": "3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2"}, "xid": "760", "role": "postgres", "after": {"is_active": false, "updated_at": "2026-11-29T11:31:56.516437+00:00"}, "table": "integration_credentials", "before": {"is_active": true, "updated_at": "2026-11-29T11:31:56.3719+00:00"}, "change": "update", "source": "trigger", "changed": ["is_active", "updated_at"], "user_from": "nobody", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.525013+00');
INSERT INTO public.integration_audit_logs VALUES ('5b2c55fa-6f8d-43e9-95f0-609a8ed15e74', '00000000-0000-4000-8000-00000000acce', NULL, 'zoho_mail', 'credential_disabled', 'success', '{"row": {"id": "797309ea-77e8-4114-89fc-96ae47702f2f", "integration_id": "797309ea-77e8-4114-89fc-96ae47702f2f"}, "xid": "760", "role": "postgres", "after": {"is_active": false, "updated_at": "2026-11-29T11:31:56.516504+00:00"}, "table": "integration_credentials", "before": {"is_active": true, "updated_at": "2026-11-29T11:31:56.407722+00:00"}, "change": "update", "source": "trigger", "changed": ["is_active", "updated_at"], "user_from": "nobody", "session_user": "postgres"}', NULL, '', '2026-11-29 11:31:56.528843+00');


--
-- Data for Name: integration_credentials; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.integration_credentials VALUES ('3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2', '00000000-0000-4000-8000-00000000acce', 'exotel_phone', 'sb2.n9lPmNKvRdBwsIkEw7l2AA.3fcJPa2Qok80tYnUz3-4wg.LO1vGViaMYl9NXpf.ctNIAZ0JFM4eKDf73mRV5PndwkbQ1oOZJmxURKVLRMul5duzkL46Fd0CdFVDBtlmoJCd14MiRWZPibsiyJrohtTNIQ1NOYyKyNyh9HBrW4U8Mu45yi7hYBf2QVv2C2s5sxihjABvdh15_DYZfa6e-NcIByS278s5OEOpRQ-ZecZPhzbda3v6dcpVIlEQdN4X3jizHdUFbifHdWdEFxGCNjhA', NULL, false, false, NULL, '00000000-0000-4000-8000-0000000a54a0', '00000000-0000-4000-8000-0000000a54a0', '2026-11-29 11:31:56.3719+00', '2026-11-29 11:31:56.516437+00');
INSERT INTO public.integration_credentials VALUES ('797309ea-77e8-4114-89fc-96ae47702f2f', '00000000-0000-4000-8000-00000000acce', 'zoho_mail', 'c13a9aa867bad60949ac88692af543cf:d887ed3d9c295b132f73c22a16eee2d6:97cc3f6f588a4593bbe1a15c525e584b4f05a4ae6ad8cf5b6e4199e0575ed9fe981d634407c047ded47d8da43e4fbbe4874ad33a7e60114947524cd73e0737', NULL, false, false, NULL, '00000000-0000-4000-8000-0000000a54a0', '00000000-0000-4000-8000-0000000a54a0', '2026-11-29 11:31:56.407722+00', '2026-11-29 11:31:56.516504+00');


--
-- Data for Name: organization_phone_numbers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.organization_phone_numbers VALUES ('a99ff384-c50e-4ce5-a408-bd1e118e4450', '00000000-0000-4000-8000-00000000acce', '3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2', '+911141169368', 'Front desk', 'virtual', '00000000-0000-4000-8000-0000000a54a0', true, true, true, true, '2026-11-29 11:31:56.445607+00', '2026-11-29 11:31:56.445607+00');
INSERT INTO public.organization_phone_numbers VALUES ('dbc92018-8d20-4bbe-89c0-ddd70b7b7fd0', '00000000-0000-4000-8000-00000000acce', '3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2', '080 4000 0000', 'Support', 'virtual', NULL, false, true, true, true, '2026-11-29 11:31:56.445607+00', '2026-11-29 11:31:56.445607+00');


--
-- Data for Name: user_integration_permissions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.user_integration_permissions VALUES ('1b757a94-f427-4a82-886b-93db0003a533', '00000000-0000-4000-8000-0000000a54a0', '797309ea-77e8-4114-89fc-96ae47702f2f', true, true, false, 100, NULL, NULL, '2026-11-29 11:31:56.445607+00', '2031-01-01 00:00:00+00');


--
-- Data for Name: keys; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.keys VALUES ('n9lPmNKvRdBwsIkEw7l2AA', 'master', '\xddf7093dad90a24f34b589d4cf7fb8c2', NULL, 'active', '2026-11-29 11:31:56.3719+00', 'postgres');
INSERT INTO switchboard.keys VALUES ('seal-56475aa75463474c', 'seal', NULL, '\x03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8', 'active', '2026-11-29 11:31:56.494284+00', 'postgres');


--
-- Data for Name: open_tickets; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.open_tickets VALUES ('fef2d837-d26c-442b-bd77-8f6c6a54a545', '3a3ed0ed-b964-44ba-8a89-8fb8c1d430a2', 'reveal', 'postgres', '758', '2026-11-29 11:31:56.461705+00', NULL);


--
-- Data for Name: organization_labels; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.organization_labels VALUES ('00000000-0000-4000-8000-00000000acce', 'Acme');
INSERT INTO switchboard.organization_labels VALUES ('00000000-0000-4000-8000-0000000910be', 'Globex');


--
-- Data for Name: people_labels; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.people_labels VALUES ('00000000-0000-4000-8000-0000000a54a0', 'Asha Rao', NULL);


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (1, '001_private_schema.sql', '84fb0256376e7247d2e442ad53440d4d74cc8f67ce9b391a26a97e297fe68ca1', '2026-11-29 11:31:55.344862+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (2, '002_helpers.sql', '468e9f22097d7a34c70baf78a8e2d3a75e5269a3107f9150269f8789c179ba1a', '2026-11-29 11:31:55.350917+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (3, '003_tables.sql', '935a624d8873e0f29e49c3e832303b92821a52510abca6f176586b3d8099f056', '2026-11-29 11:31:55.351314+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (4, '004_upkeep.sql', '53adb1b72d3413f3cff2c5dc518db768365d86a887f2432e46a55b5a71b12c42', '2026-11-29 11:31:55.351594+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (5, '005_audit.sql', 'd1a396cce56b1647f52cf9310eb37d18bd216554ad528e8e0bd1cdad18ea86f8', '2026-11-29 11:31:55.351835+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (6, '006_acts.sql', '14d3fe69abcee9a9552ee075621be6b17f3241fa35cde251599e47795a9c00b0', '2026-11-29 11:31:55.352071+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (7, '007_directory.sql', 'eb98ba78342bce6634e959a8e48e042865a57f781b78e124dcbda061c00c87c3', '2026-11-29 11:31:55.352293+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (8, '008_enforcement.sql', '4e59e65f17a37c7963e608b426010d3cf9cd6160699dd084414110c309553bcf', '2026-11-29 11:31:55.352549+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (9, '009_access.sql', 'ea889c749d467669a6ce9a1bdf0a0d988f0ea00918238798daf8b6269a30d6bc', '2026-11-29 11:31:55.352787+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (10, '010_log_indexes.sql', 'ba82e57d847c41a7647dac208136adb555d86b3487b7a500ed027e93843615c3', '2026-11-29 11:31:55.353006+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (11, '011_seal_lists.sql', '13d8ef99355887ddb5aefbcd9c0128029c1f281a1de978860f245ef18c07419d', '2026-11-29 11:31:55.353222+00', 'postgres', 'a release');


--
-- Data for Name: seals; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (1, NULL, 1, '\x0bc284ac56c18dbd7579884b74f00145baf5876ef897015af4987739e1b2e8b7', NULL, 'seal-56475aa75463474c', '\xeec42caefe78153b9140e3fdfa334035f645dfa814bd70c634c55c640377620a6e6c7e1653a7cbb957c0a6e9f7907673959526929850e1279f767294d9f4520f', '2026-11-29 11:31:56.494284+00', 'postgres', 'asha@acme.example', '\x301a605a2cea437d90b601772f2cbd498083f5b2a348d0c5', '759');
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (2, '2026-01-01 08:00:00+00', 5, '\x84bd931cfb62e321775110e73ba0a9bf25e7889d5bf6d03a26dd27e2a4730fe3', '\xb249ebca872052a3930ea08c71652b971edac003aec9d3bfefdd8abecb09f7f7', 'seal-56475aa75463474c', '\xf4cdb763434ffd09a544dabbe6d728a2e8a3b4d77993d2b8324f4fb19e05e83bf5d6666b21dec3adca30b4e3eea0c95252af9e998c25f29d040a05c0e8170a02', '2026-11-29 11:31:56.494284+00', 'postgres', 'asha@acme.example', '\x00000000000040008000000000008001e4d39612b5771ed5000000000000400080000000000080021a0e372517e88af2000000000000400080000000000080034610e4b2b97212150000000000004000800000000000800415f502b9e8c7731100000000000040008000000000008005500c0029d9cec9ea', '759');
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (3, '2026-01-01 09:00:00+00', 4, '\xc684af6811e8ccf5501f2c4582ffbf7a98bc02280f83a3c0ae57ec2e117a7323', '\x20b8b6a1e74a29a18cef970ae500e85b9d425094f3df427d5ebfa8b82636cac8', 'seal-56475aa75463474c', '\x612a0e10b7222d8ba219605de59e427dcf3261a566817d40f964a599bb3243b971add8cb19a78e388c78bb9f4aafbdd55f3f85491feffd68c65124b21e3b3c0f', '2026-11-29 11:31:56.494284+00', 'postgres', 'asha@acme.example', '\x00000000000040008000000000009001acfc6a37bfa24a840000000000004000800000000000900203fb65ac0b958eb20000000000004000800000000000900311b5f3efa322b56000000000000040008000000000009004fb6caca1f5b027f1', '759');
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (4, '2026-01-01 11:00:00+00', 3, '\x3f855f028651525b3aea9d23dcd9120fdc62f86caa92491922692220645771f3', '\xf5a4cfff483a935a6ae569f6854663b32f5afb08f15bbe21445b4f9f26d398cd', 'seal-56475aa75463474c', '\x6a0e3f6ba9e8fb7ac1acaf7cf82603ef2d495b1f1d3bc9fcc19fec77641c9daa3de7a7adbae82eb2dfc92541d15dd519cc8ac9639349f39b1bc385d5c1290a0f', '2026-11-29 11:31:56.494284+00', 'postgres', 'asha@acme.example', '\x00000000000040008000000000011001b117f64cad71fc5a00000000000040008000000000011002e24a71a119ddd16700000000000040008000000000011003d7169c50c53f5b3d', '759');
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (5, '2026-11-29 10:00:00+00', 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '\x05ce4862e3509c8dbd99ef302a505f36f2f4972a1c42664b621f2270456b9e0d', 'seal-56475aa75463474c', '\x8655d0de463f6c94d307758ac59c03d2a83e0f84e84511fcbbeb3ff423358c2e39e2ae63ffbaba4f3c54d143b8f36e80cbfb476bf684ab8b2949887e6da62e05', '2026-11-29 11:31:56.494284+00', 'postgres', 'asha@acme.example', '\x', '759');


--
-- Data for Name: send_actions; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.send_actions VALUES ('call_made');
INSERT INTO switchboard.send_actions VALUES ('email_sent');
INSERT INTO switchboard.send_actions VALUES ('message_sent');
INSERT INTO switchboard.send_actions VALUES ('sms_sent');
INSERT INTO switchboard.send_actions VALUES ('whatsapp_sent');
INSERT INTO switchboard.send_actions VALUES ('fax_sent');


--
-- Name: schema_version_id_seq; Type: SEQUENCE SET; Schema: switchboard; Owner: -
--

SELECT pg_catalog.setval('switchboard.schema_version_id_seq', 11, true);


--
-- Name: seals_id_seq; Type: SEQUENCE SET; Schema: switchboard; Owner: -
--

SELECT pg_catalog.setval('switchboard.seals_id_seq', 5, true);


--
-- Name: integration_audit_logs integration_audit_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.integration_audit_logs
    ADD CONSTRAINT integration_audit_logs_pkey PRIMARY KEY (id);


--
-- Name: integration_credentials integration_credentials_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.integration_credentials
    ADD CONSTRAINT integration_credentials_pkey PRIMARY KEY (id);


--
-- Name: organization_phone_numbers organization_phone_numbers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_phone_numbers
    ADD CONSTRAINT organization_phone_numbers_pkey PRIMARY KEY (id);


--
-- Name: integration_credentials unique_org_integration; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.integration_credentials
    ADD CONSTRAINT unique_org_integration UNIQUE (organization_id, integration_type);


--
-- Name: organization_phone_numbers unique_org_phone_number; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_phone_numbers
    ADD CONSTRAINT unique_org_phone_number UNIQUE (organization_id, phone_number);


--
-- Name: user_integration_permissions unique_user_integration; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_integration_permissions
    ADD CONSTRAINT unique_user_integration UNIQUE (user_id, integration_id);


--
-- Name: user_integration_permissions user_integration_permissions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_integration_permissions
    ADD CONSTRAINT user_integration_permissions_pkey PRIMARY KEY (id);


--
-- Name: keys keys_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (key_id);


--
-- Name: open_tickets open_tickets_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.open_tickets
    ADD CONSTRAINT open_tickets_pkey PRIMARY KEY (ticket);


--
-- Name: organization_labels organization_labels_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.organization_labels
    ADD CONSTRAINT organization_labels_pkey PRIMARY KEY (id);


--
-- Name: people_labels people_labels_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.people_labels
    ADD CONSTRAINT people_labels_pkey PRIMARY KEY (id);


--
-- Name: schema_version schema_version_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (id);


--
-- Name: seals seals_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (id);


--
-- Name: send_actions send_actions_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.send_actions
    ADD CONSTRAINT send_actions_pkey PRIMARY KEY (action);


--
-- Name: idx_integration_audit_logs_action_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_action_time ON public.integration_audit_logs USING btree (action, created_at DESC);


--
-- Name: idx_integration_audit_logs_org_not_success; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_org_not_success ON public.integration_audit_logs USING btree (organization_id, status, created_at DESC) WHERE ((status)::text <> 'success'::text);


--
-- Name: idx_integration_audit_logs_org_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_org_time ON public.integration_audit_logs USING btree (organization_id, created_at DESC);


--
-- Name: idx_integration_audit_logs_own; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_own ON public.integration_audit_logs USING btree (organization_id, integration_type, action, created_at DESC) WHERE ((details ->> 'source'::text) = ANY (ARRAY['switchboard'::text, 'trigger'::text]));


--
-- Name: idx_integration_audit_logs_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_time ON public.integration_audit_logs USING btree (created_at DESC);


--
-- Name: idx_integration_audit_logs_user_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_user_time ON public.integration_audit_logs USING btree (user_id, created_at DESC) WHERE (user_id IS NOT NULL);


--
-- Name: idx_integration_permissions_integration; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_permissions_integration ON public.user_integration_permissions USING btree (integration_id);


--
-- Name: idx_phone_numbers_assigned; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_phone_numbers_assigned ON public.organization_phone_numbers USING btree (assigned_to_user_id);


--
-- Name: idx_phone_numbers_integration; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_phone_numbers_integration ON public.organization_phone_numbers USING btree (integration_id);


--
-- Name: organization_phone_numbers_one_primary; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX organization_phone_numbers_one_primary ON public.organization_phone_numbers USING btree (organization_id) WHERE is_primary;


--
-- Name: keys_one_active_master; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE UNIQUE INDEX keys_one_active_master ON switchboard.keys USING btree (purpose) WHERE ((purpose = 'master'::text) AND (state = 'active'::text));


--
-- Name: open_tickets_recent; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX open_tickets_recent ON switchboard.open_tickets USING btree (opened_by, purpose, created_at);


--
-- Name: seals_key; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX seals_key ON switchboard.seals USING btree (key_id);


--
-- Name: seals_one_per_hour; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE UNIQUE INDEX seals_one_per_hour ON switchboard.seals USING btree (COALESCE(hour, '-infinity'::timestamp with time zone));


--
-- Name: integration_audit_logs switchboard_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON public.integration_audit_logs FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE public.integration_audit_logs ENABLE ALWAYS TRIGGER switchboard_append_only;


--
-- Name: integration_credentials switchboard_log_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_log_change AFTER INSERT OR DELETE OR UPDATE ON public.integration_credentials FOR EACH ROW EXECUTE FUNCTION switchboard.log_change('credential');

ALTER TABLE public.integration_credentials ENABLE ALWAYS TRIGGER switchboard_log_change;


--
-- Name: organization_phone_numbers switchboard_log_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_log_change AFTER INSERT OR DELETE OR UPDATE ON public.organization_phone_numbers FOR EACH ROW EXECUTE FUNCTION switchboard.log_change('number');

ALTER TABLE public.organization_phone_numbers ENABLE ALWAYS TRIGGER switchboard_log_change;


--
-- Name: user_integration_permissions switchboard_log_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_log_change AFTER INSERT OR DELETE OR UPDATE ON public.user_integration_permissions FOR EACH ROW EXECUTE FUNCTION switchboard.log_change('permission');

ALTER TABLE public.user_integration_permissions ENABLE ALWAYS TRIGGER switchboard_log_change;


--
-- Name: integration_audit_logs switchboard_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON public.integration_audit_logs FOR EACH STATEMENT EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE public.integration_audit_logs ENABLE ALWAYS TRIGGER switchboard_no_truncate;


--
-- Name: organization_phone_numbers switchboard_primary_number; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_primary_number BEFORE INSERT OR UPDATE OF is_primary, organization_id ON public.organization_phone_numbers FOR EACH ROW WHEN (new.is_primary) EXECUTE FUNCTION switchboard.clear_other_primary();


--
-- Name: integration_credentials switchboard_remember; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_remember BEFORE DELETE ON public.integration_credentials FOR EACH ROW EXECUTE FUNCTION switchboard.remember_integration();

ALTER TABLE public.integration_credentials ENABLE ALWAYS TRIGGER switchboard_remember;


--
-- Name: integration_credentials switchboard_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_updated_at BEFORE UPDATE ON public.integration_credentials FOR EACH ROW EXECUTE FUNCTION switchboard.touch_updated_at();


--
-- Name: organization_phone_numbers switchboard_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_updated_at BEFORE UPDATE ON public.organization_phone_numbers FOR EACH ROW EXECUTE FUNCTION switchboard.touch_updated_at();


--
-- Name: seals switchboard_append_only; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON switchboard.seals FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE switchboard.seals ENABLE ALWAYS TRIGGER switchboard_append_only;


--
-- Name: seals switchboard_no_truncate; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON switchboard.seals FOR EACH STATEMENT EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE switchboard.seals ENABLE ALWAYS TRIGGER switchboard_no_truncate;


--
-- Name: organization_phone_numbers organization_phone_numbers_integration_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_phone_numbers
    ADD CONSTRAINT organization_phone_numbers_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integration_credentials(id) ON DELETE CASCADE;


--
-- Name: user_integration_permissions user_integration_permissions_integration_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_integration_permissions
    ADD CONSTRAINT user_integration_permissions_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integration_credentials(id) ON DELETE CASCADE;


--
-- Name: seals seals_key_id_fkey; Type: FK CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.seals
    ADD CONSTRAINT seals_key_id_fkey FOREIGN KEY (key_id) REFERENCES switchboard.keys(key_id);


--
-- Name: integration_audit_logs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.integration_audit_logs ENABLE ROW LEVEL SECURITY;

--
-- Name: integration_credentials; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.integration_credentials ENABLE ROW LEVEL SECURITY;

--
-- Name: organization_phone_numbers; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.organization_phone_numbers ENABLE ROW LEVEL SECURITY;

--
-- Name: integration_credentials switchboard_admin_all; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_all ON public.integration_credentials TO switchboard_admin USING (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text)) WITH CHECK (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text));


--
-- Name: organization_phone_numbers switchboard_admin_all; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_all ON public.organization_phone_numbers TO switchboard_admin USING (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text)) WITH CHECK (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text));


--
-- Name: user_integration_permissions switchboard_admin_all; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_all ON public.user_integration_permissions TO switchboard_admin USING (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text)) WITH CHECK (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text));


--
-- Name: integration_audit_logs switchboard_admin_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_select ON public.integration_audit_logs FOR SELECT TO switchboard_admin USING (pg_has_role(CURRENT_USER, 'switchboard_admin'::name, 'USAGE'::text));


--
-- Name: integration_audit_logs switchboard_auditor_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_auditor_select ON public.integration_audit_logs FOR SELECT TO switchboard_auditor USING (pg_has_role(CURRENT_USER, 'switchboard_auditor'::name, 'USAGE'::text));


--
-- Name: organization_phone_numbers switchboard_support_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_insert ON public.organization_phone_numbers FOR INSERT TO switchboard_support WITH CHECK (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: integration_audit_logs switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.integration_audit_logs FOR SELECT TO switchboard_support USING (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: integration_credentials switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.integration_credentials FOR SELECT TO switchboard_support USING (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: organization_phone_numbers switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.organization_phone_numbers FOR SELECT TO switchboard_support USING (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: user_integration_permissions switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.user_integration_permissions FOR SELECT TO switchboard_support USING (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: integration_credentials switchboard_support_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_update ON public.integration_credentials FOR UPDATE TO switchboard_support USING (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text)) WITH CHECK (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: organization_phone_numbers switchboard_support_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_update ON public.organization_phone_numbers FOR UPDATE TO switchboard_support USING (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text)) WITH CHECK (pg_has_role(CURRENT_USER, 'switchboard_support'::name, 'USAGE'::text));


--
-- Name: user_integration_permissions; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.user_integration_permissions ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA switchboard; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA switchboard TO switchboard_admin;
GRANT USAGE ON SCHEMA switchboard TO switchboard_support;
GRANT USAGE ON SCHEMA switchboard TO switchboard_auditor;


--
-- Name: FUNCTION action_of(kind text, after jsonb, changed text[], hint text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.action_of(kind text, after jsonb, changed text[], hint text) FROM PUBLIC;


--
-- Name: FUNCTION begin_open(integration_id uuid, purpose text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.begin_open(integration_id uuid, purpose text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.begin_open(integration_id uuid, purpose text) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.begin_open(integration_id uuid, purpose text) TO switchboard_support;


--
-- Name: FUNCTION clear_other_primary(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.clear_other_primary() FROM PUBLIC;


--
-- Name: FUNCTION column_or_null(relation text, type text, VARIADIC names text[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.column_or_null(relation text, type text, VARIADIC names text[]) FROM PUBLIC;


--
-- Name: FUNCTION envelope_format(envelope text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.envelope_format(envelope text) FROM PUBLIC;


--
-- Name: FUNCTION inet_or_null(value text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.inet_or_null(value text) FROM PUBLIC;


--
-- Name: FUNCTION log_act(action text, organization_id uuid, integration_type text, status text, details jsonb); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.log_act(action text, organization_id uuid, integration_type text, status text, details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.log_act(action text, organization_id uuid, integration_type text, status text, details jsonb) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.log_act(action text, organization_id uuid, integration_type text, status text, details jsonb) TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.log_act(action text, organization_id uuid, integration_type text, status text, details jsonb) TO switchboard_auditor;


--
-- Name: FUNCTION log_change(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.log_change() FROM PUBLIC;


--
-- Name: FUNCTION may(user_id uuid, integration_id uuid, act text, OUT allowed boolean, OUT reason text, OUT used_today bigint, OUT used_this_month bigint); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.may(user_id uuid, integration_id uuid, act text, OUT allowed boolean, OUT reason text, OUT used_today bigint, OUT used_this_month bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.may(user_id uuid, integration_id uuid, act text, OUT allowed boolean, OUT reason text, OUT used_today bigint, OUT used_this_month bigint) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.may(user_id uuid, integration_id uuid, act text, OUT allowed boolean, OUT reason text, OUT used_today bigint, OUT used_this_month bigint) TO switchboard_support;


--
-- Name: FUNCTION missing_log_indexes(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.missing_log_indexes() FROM PUBLIC;


--
-- Name: FUNCTION object_or_empty(value text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.object_or_empty(value text) FROM PUBLIC;


--
-- Name: FUNCTION open_envelope(ticket uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.open_envelope(ticket uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.open_envelope(ticket uuid) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.open_envelope(ticket uuid) TO switchboard_support;


--
-- Name: FUNCTION put_policy(relation text, name text, command text, role text, using_text text, check_text text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.put_policy(relation text, name text, command text, role text, using_text text, check_text text) FROM PUBLIC;


--
-- Name: FUNCTION put_trigger(relation text, name text, definition text, always boolean); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.put_trigger(relation text, name text, definition text, always boolean) FROM PUBLIC;


--
-- Name: FUNCTION put_view(name text, query text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.put_view(name text, query text) FROM PUBLIC;


--
-- Name: FUNCTION refuse_change(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.refuse_change() FROM PUBLIC;


--
-- Name: FUNCTION remember_integration(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.remember_integration() FROM PUBLIC;


--
-- Name: FUNCTION touch_updated_at(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.touch_updated_at() FROM PUBLIC;


--
-- Name: FUNCTION uuid_or_null(value text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.uuid_or_null(value text) FROM PUBLIC;


--
-- Name: FUNCTION write_log(organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.write_log(organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb) FROM PUBLIC;


--
-- Name: TABLE integration_audit_logs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.integration_audit_logs TO switchboard_admin;
GRANT SELECT ON TABLE public.integration_audit_logs TO switchboard_support;
GRANT SELECT ON TABLE public.integration_audit_logs TO switchboard_auditor;


--
-- Name: TABLE integration_credentials; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.integration_credentials TO switchboard_admin;


--
-- Name: COLUMN integration_credentials.id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(id) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.organization_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(organization_id) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.integration_type; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(integration_type) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.display_name; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(display_name) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.is_active; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(is_active),UPDATE(is_active) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.is_verified; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(is_verified),UPDATE(is_verified) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.last_verified_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(last_verified_at),UPDATE(last_verified_at) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.created_by; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(created_by) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.updated_by; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(updated_by),UPDATE(updated_by) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(created_at) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: COLUMN integration_credentials.updated_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(updated_at),UPDATE(updated_at) ON TABLE public.integration_credentials TO switchboard_support;


--
-- Name: TABLE organization_phone_numbers; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_phone_numbers TO switchboard_admin;
GRANT SELECT,INSERT,UPDATE ON TABLE public.organization_phone_numbers TO switchboard_support;


--
-- Name: TABLE user_integration_permissions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_integration_permissions TO switchboard_admin;
GRANT SELECT ON TABLE public.user_integration_permissions TO switchboard_support;


--
-- Name: TABLE keys; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE switchboard.keys TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.keys TO switchboard_support;
GRANT SELECT ON TABLE switchboard.keys TO switchboard_auditor;


--
-- Name: TABLE organization_labels; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE switchboard.organization_labels TO switchboard_admin;


--
-- Name: TABLE organizations; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.organizations TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.organizations TO switchboard_support;
GRANT SELECT ON TABLE switchboard.organizations TO switchboard_auditor;


--
-- Name: TABLE people_labels; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE switchboard.people_labels TO switchboard_admin;


--
-- Name: TABLE people; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.people TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.people TO switchboard_support;
GRANT SELECT ON TABLE switchboard.people TO switchboard_auditor;


--
-- Name: TABLE schema_version; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT ON TABLE switchboard.schema_version TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.schema_version TO switchboard_support;
GRANT SELECT ON TABLE switchboard.schema_version TO switchboard_auditor;


--
-- Name: TABLE seals; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT ON TABLE switchboard.seals TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.seals TO switchboard_support;
GRANT SELECT ON TABLE switchboard.seals TO switchboard_auditor;


--
-- Name: TABLE send_actions; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE switchboard.send_actions TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.send_actions TO switchboard_support;


--
-- PostgreSQL database dump complete
--


