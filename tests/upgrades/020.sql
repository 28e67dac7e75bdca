
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

COMMENT ON SCHEMA switchboard IS 'switchboard schema 020';


--
-- Name: of_another_program(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.of_another_program() RETURNS trigger
    LANGUAGE plpgsql
    AS $$begin return new; end$$;


--
-- Name: accept(text, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.accept(what text, seen text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- For the owner alone. what: kind and name, as the doctor says them; seen: the SHA-256, in hexadecimal digits, of the
-- definition that was looked at. Fails with SB003 where it is not there, is another one now, or can do harm.
declare
  candidate record;
  log_row uuid;
begin
  select encode(sha256(convert_to(c.definition, 'UTF8')), 'hex') as definition, c.harm into candidate
  from switchboard.catalogue() c
  where c.kind || ' ' || c.name = what
  order by c.harm nulls last limit 1;
  if candidate.definition is null then
    raise exception 'the % is not there', what using errcode = 'SB003', hint = 'Run `switchboard doctor`.';
  elsif candidate.harm is not null then
    raise exception 'the % %', what, candidate.harm
      using errcode = 'SB003', hint = 'It can never be accepted: find out who made it, and drop it.';
  elsif candidate.definition is distinct from seen then
    raise exception 'the % was changed while it was looked at', what
      using errcode = 'SB003', hint = 'Look at it again.';
  end if;
  log_row := switchboard.log_act('schema_changed'::text, null::uuid, null::text, 'success'::text,
    jsonb_build_object('accepted', what, 'definition', seen)::jsonb);
  insert into switchboard.accepted as a (object, definition, log_row, operator)
  values (what, seen, log_row, nullif(current_setting('switchboard.operator_label', true), ''))
  on conflict (object) do update
  set definition = excluded.definition, log_row = excluded.log_row, accepted_at = clock_timestamp(),
      accepted_by = session_user, operator = excluded.operator;
end
$$;


--
-- Name: acting_person(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.acting_person() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Who the session's login is; null where it is nobody's. By the oid as well, from the cache of names: a join with
-- pg_roles takes ten times as long.
begin
  return (select l.user_id from switchboard.logins l
          where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid
            and l.removed_at is null);
end
$$;


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
-- Name: actions(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.actions() RETURNS TABLE(name text, kind text, roles text[])
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Every action that Switchboard logs, some of them of versions to come; other programs add names of their own, and
  -- those that count against limits are in send_actions. kind: a change is logged by the triggers, and by the functions
  -- that make it; an opening by begin_open; and an act by log_act, for the owner of the log and for members of roles,
  -- without roles for everybody who may call log_act, and log_sealed for whoever may insert seals. A function, because
  -- `audit verify` sees when one is altered, and not when rows are.
  values
    ('credential_created', 'change', null::text[]), ('credential_updated', 'change', null),
    ('credential_deleted', 'change', null), ('credential_enabled', 'change', null),
    ('credential_disabled', 'change', null), ('credential_rolled_back', 'change', null),
    ('credential_restored', 'change', null), ('permission_granted', 'change', null),
    ('permission_changed', 'change', null), ('permission_revoked', 'change', null),
    ('number_added', 'change', null), ('number_updated', 'change', null), ('number_assigned', 'change', null),
    ('number_unassigned', 'change', null), ('number_deactivated', 'change', null),
    ('credential_revealed', 'opening', null), ('credential_copied', 'opening', null),
    ('credential_lent', 'opening', null),
    ('connection_tested', 'act', array['switchboard_admin', 'switchboard_support']),
    ('numbers_synced', 'act', array['switchboard_admin', 'switchboard_support']),
    ('log_exported', 'act', null), ('log_sealed', 'act', array['switchboard_admin']),
    ('keys_rotated', 'change', null), ('key_retired', 'change', null), ('credential_versions_forgotten', 'change', null),
    ('settings_changed', 'change', null), ('access_changed', 'change', null), ('change_noticed', 'change', null),
    ('schema_changed', 'act', array['switchboard_admin']), ('checkpoint_made', 'act', array['switchboard_admin']),
    ('log_archived', 'change', null)
$$;


--
-- Name: FUNCTION actions(); Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON FUNCTION switchboard.actions() IS 'Every action that Switchboard logs: its name, its kind (change, opening or act), and for an act the roles that may log it by themselves.';


--
-- Name: archived_before(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.archived_before() RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
-- The end of the last month of which rows were removed: what is older is in archives. Null where nothing was removed.
begin
  return (select max(r.month) + interval '1 month' from switchboard.removals r where r.row_count > 0);
end
$$;


--
-- Name: begin_check(uuid, timestamp with time zone); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.begin_check(of_integration uuid, seen timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Notes that a provider is asked from now on, and returns the time; null where somebody began since `seen`, which is the
-- begun_at that the caller read, or has disabled it. Fails with P0002 where there is no such integration.
declare
  began timestamptz;
begin
  perform switchboard.checked_integration(of_integration::uuid);
  if not exists (select from public.integration_credentials c where c.id = of_integration and c.is_active) then
    return null;
  end if;
  insert into switchboard.checks as k (integration_id, begun_at) values (of_integration, clock_timestamp())
  on conflict (integration_id) do update set begun_at = clock_timestamp() where k.begun_at is not distinct from seen
  returning k.begun_at into began;
  return began;
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
$$;


--
-- Name: begin_rotation(text, bytea, text, bytea); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.begin_rotation(from_key text, from_salt bytea, to_key text, to_salt bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Returns how many envelopes there are, also those that row security of others hides from the caller.
-- Fails with SB004 where from_key is not the active key (or, without a record, any is recorded), and with SB005 where
-- to_key cannot be one: the same, retired, or recorded with another salt.
declare
  active text;
  target record;
begin
  active := switchboard.hold_envelopes();
  if active is distinct from begin_rotation.from_key
     and (active is not null or exists (select from switchboard.keys k where k.purpose = 'master')) then
    raise exception 'the active master key is %', coalesce(active, 'not recorded') using errcode = 'SB004';
  end if;
  if begin_rotation.from_key = begin_rotation.to_key then
    raise exception 'the new key is the present one' using errcode = 'SB005';
  end if;
  select k.purpose, k.state, k.salt into target from switchboard.keys k where k.key_id = begin_rotation.to_key for update;
  if target.state = 'retired' then
    raise exception 'the key % was retired', begin_rotation.to_key using errcode = 'SB005';
  elsif target.purpose is distinct from 'master' and target.purpose is not null
     or target.salt is not null and target.salt <> begin_rotation.to_salt then
    raise exception 'the key % is recorded with another salt', begin_rotation.to_key using errcode = 'SB005';
  end if;
  delete from switchboard.rotations r where r.xid < pg_snapshot_xmin(pg_current_snapshot());
  insert into switchboard.rotations (from_key, from_salt, to_key, to_salt)
  values (begin_rotation.from_key, begin_rotation.from_salt, begin_rotation.to_key, begin_rotation.to_salt);
  return (select count(*) from public.integration_credentials) + (select count(*) from switchboard.credential_versions);
end
$$;


--
-- Name: begin_writing(text[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.begin_writing(sealed text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  present constant switchboard.rotations := switchboard.present_rotation();
begin
  if exists (select from unnest(sealed) as e (envelope)
             where e.envelope is null or not (e.envelope like 'sb2.' || replace(present.to_key, '_', '\_') || '.%'
                                              or switchboard.envelope_format(e.envelope::text) = 'legacy')) then
    raise exception 'an envelope of another key' using errcode = 'SB004';
  end if;
  update switchboard.rotations r set writing = true where r.xid = present.xid;
end
$$;


--
-- Name: bounded(jsonb, integer, integer); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.bounded(value jsonb, room integer, depth integer) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The value where its text has at most `room` bytes; else one that has, in which what is too long is cut and says how
-- long it was. Of an object the evidence is kept first, then the shortest members. What is nested deeper than `depth`
-- is cut as text, so that the work is a few passes over the value, however it is made.
declare
  size constant integer := octet_length(value::text);
  free integer := room - 60;
  part record;
  result jsonb;
  content text;
  shown integer := greatest(free, 0);
begin
  if size <= room then
    return value;
  end if;
  if jsonb_typeof(value) = 'object' and depth > 0 and free > 100 then
    result := '{}';
    for part in
      select e.key, e.value, octet_length(e.value::text) + octet_length(to_jsonb(e.key)::text) + 4 as size,
             octet_length(to_jsonb(e.key)::text) + 4 as name_size, count(*) over () - row_number() over w + 1 as left_over
      from jsonb_each(value) e
      window w as (order by e.key = any (array['source', 'table', 'change', 'row', 'cascade', 'purpose',
                                               'integration_id', 'envelope']) desc,
                            octet_length(e.value::text) + octet_length(to_jsonb(e.key)::text), e.key)
      order by row_number() over w
    loop
      if part.size > free then
        -- The others are no shorter: they share what room there is.
        exit when free / part.left_over - part.name_size < 100;
        part.value := switchboard.bounded(part.value::jsonb, (free / part.left_over - part.name_size)::integer,
                                          (depth - 1)::integer);
        part.size := octet_length(part.value::text) + part.name_size;
      end if;
      result := result || jsonb_build_object(part.key, part.value);
      free := free - part.size;
      part.left_over := part.left_over - 1;
    end loop;
    return case when part.left_over > 0 then result || jsonb_build_object('cut', part.left_over) else result end;
  end if;
  if jsonb_typeof(value) = 'array' and depth > 0 and free > 100 then
    result := '[]';
    for part in select e.value, octet_length(e.value::text) + 2 as size from jsonb_array_elements(value) e
    loop
      exit when part.size > free;
      result := result || jsonb_build_array(part.value);
      free := free - part.size;
    end loop;
    return result || to_jsonb(format(' [cut, %s elements]', jsonb_array_length(value)));
  end if;
  content := case when jsonb_typeof(value) = 'string' then value #>> '{}' else value::text end;
  loop
    result := to_jsonb(left(content, shown) || format(' [cut, %s bytes]', size));
    exit when shown = 0 or octet_length(result::text) <= room;
    -- A character may take six bytes of JSON.
    shown := least(shown - 1, (shown::bigint * greatest(free, 0) / octet_length(result::text))::integer);
  end loop;
  return result;
end
$$;


--
-- Name: bypasses_scope(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.bypasses_scope() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Whether scopes do not concern the session: the owner of the tables, superusers, whoever row security does not concern,
-- and service_role; by the role that is set as well, which a program sets to service_role. Never whoever is in none of the
-- groups: a session keeps the role that it has set when its membership ends, and a member's function may be called by
-- anybody.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user);
  owner constant oid := (select c.relowner from pg_class c where c.oid = 'public.integration_audit_logs'::regclass);
begin
  return pg_has_role(session_user, owner, 'USAGE'::text) or pg_has_role(caller, owner, 'USAGE'::text)
    or exists (select from pg_roles r
               where r.rolname in (session_user, caller)
                 and (r.rolsuper or r.rolbypassrls or r.rolname = 'service_role'));
end
$$;


--
-- Name: catalogue(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.catalogue() RETURNS TABLE(kind text, name text, definition text, harm text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
-- One row for each fact. harm: why the object can never be accepted where no installation makes it; null where it can.
-- The console runs the text of its own copy of this function, never the function: whoever alters it alters nothing
-- that verify says. Names of constraints and indexes are left out since they differ between installations, NOT NULL
-- constraints because PostgreSQL 18 lists them and earlier ones do not (the column says it), MAINTAIN because it
-- exists only since 17.
with recursive
four as (
  select c.oid, c.relowner
  from pg_class c
  where c.relnamespace = to_regnamespace('public')
    and c.relname in ('integration_credentials', 'user_integration_permissions',
                      'integration_audit_logs', 'organization_phone_numbers')),
ours as (
  select c.oid, c.relkind, c.relpersistence, n.nspname || '.' || c.relname as name, c.relowner, c.relacl,
         c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relam, n.nspname = 'switchboard' as own,
         c.relname = 'integration_audit_logs' and n.nspname = 'public' as is_log
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid in (select f.oid from four f)
     or (n.nspname = 'switchboard' and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f'))),
-- Whoever owns the schema, or two of the four tables, owns the installation.
owners as (
  select n.nspowner as owner from pg_namespace n where n.nspname = 'switchboard'
  union
  select f.relowner from four f group by f.relowner having count(*) > 1),
bodies as not materialized (
  select p.oid, p.pronamespace,
    -- What belongs to an extension and is compiled: whoever owns an extension can add a function of theirs to it.
    l.lanname in ('c', 'internal')
      and exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      as compiled,
    concat_ws(' ', p.oid::regprocedure::text, l.lanname, case when p.prosecdef then 'definer' end,
    array_to_string(p.proconfig, ' '), 'md5',
    md5(concat_ws(' ', p.prosrc, p.probin, pg_get_function_sqlbody(p.oid)))) as text
  from pg_proc p join pg_language l on l.oid = p.prolang),
-- Only what is not the server's own is recorded as a dependency.
calls as (
  select d.classid, d.objid, d.objsubid, string_agg(b.text, ', ' order by b.text) as text,
    bool_or(not b.compiled) as foreign
  from pg_depend d join bodies b on b.oid = d.refobjid
  where d.refclassid = 'pg_proc'::regclass
    and d.classid in ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass, 'pg_policy'::regclass)
  group by d.classid, d.objid, d.objsubid),
descendants (oid, top) as (
  select i.inhrelid, o.oid from pg_inherits i join ours o on o.oid = i.inhparent
  union
  select i.inhrelid, d.top from pg_inherits i join descendants d on d.oid = i.inhparent),
used as (
  select distinct a.atttypid as type
  from ours o join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
  where o.relkind in ('r', 'p')),
objects as (
  select 'pg_type'::regclass as class, t.oid, t.typnamespace as space from pg_type t
  union all select 'pg_operator'::regclass, o.oid, o.oprnamespace from pg_operator o
  union all select 'pg_opclass'::regclass, o.oid, o.opcnamespace from pg_opclass o
  union all select 'pg_opfamily'::regclass, o.oid, o.opfnamespace from pg_opfamily o
  union all select 'pg_conversion'::regclass, c.oid, c.connamespace from pg_conversion c
  union all select 'pg_ts_config'::regclass, c.oid, c.cfgnamespace from pg_ts_config c
  union all select 'pg_ts_dict'::regclass, d.oid, d.dictnamespace from pg_ts_dict d
  union all select 'pg_ts_parser'::regclass, p.oid, p.prsnamespace from pg_ts_parser p
  union all select 'pg_ts_template'::regclass, t.oid, t.tmplnamespace from pg_ts_template t
  union all select 'pg_statistic_ext'::regclass, s.oid, s.stxnamespace from pg_statistic_ext s
  union all select 'pg_collation'::regclass, c.oid, c.collnamespace from pg_collation c
    where c.collnamespace = to_regnamespace('switchboard')
  union all select 'pg_proc'::regclass, p.oid, p.pronamespace from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
  union all select 'pg_class'::regclass, c.oid, c.relnamespace from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace),
lines (kind, name, definition, own, harm) as (
  select 'schema', n.nspname::text, coalesce(obj_description(n.oid, 'pg_namespace'), ''), false, null::text
  from pg_namespace n where n.nspname = 'switchboard'
  union all
  select 'table', o.name, concat_ws(', ',
    case o.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'm' then 'materialized view'
                   else 'foreign table' end,
    case o.relpersistence when 'p' then null else 'unlogged' end,
    case when o.relrowsecurity then 'row security' else 'no row security' end,
    case when o.relforcerowsecurity then 'forced' end, array_to_string(o.reloptions, ' '),
    (select 'access method ' || a.amname from pg_am a where a.oid = o.relam and a.amname <> 'heap')), o.own, null
  from ours o where o.relkind not in ('v', 'S')
  union all
  select 'view', o.name, concat_ws(' ', pg_get_viewdef(o.oid), 'with ' || array_to_string(o.reloptions, ' ')), o.own, null
  from ours o where o.relkind = 'v'
  union all
  select 'sequence', o.name, concat_ws(' ', s.seqtypid::regtype, 'from', s.seqstart, 'by', s.seqincrement, 'within',
    s.seqmin, 'and', s.seqmax, case when s.seqcycle then 'cycle' end), o.own, null
  from ours o join pg_sequence s on s.seqrelid = o.oid
  union all
  select 'owner', o.name, pg_get_userbyid(o.relowner)::text, false,
    case when o.is_log or o.own then 'can undo whatever protects the log' end
  from ours o
  where o.relowner not in (select w.owner from owners w) and not (o.own and o.relowner in (select f.relowner from four f))
  union all
  select 'owner', p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, false, 'can undo whatever protects the log'
  from pg_proc p
  where p.pronamespace = to_regnamespace('switchboard')
    and p.proowner not in (select w.owner from owners w union select f.relowner from four f)
  union all
  select 'owner', 'switchboard', pg_get_userbyid(n.nspowner)::text, false, 'can undo whatever protects the log'
  from pg_namespace n join pg_roles r on r.oid = n.nspowner
  where n.nspname = 'switchboard' and not r.rolsuper and r.oid not in (select f.relowner from four f)
  union all
  select 'column', o.name || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    (select string_agg(concat_ws(' calls ', pg_get_constraintdef(k.oid), f.text), ' ' order by k.conname)
     from pg_constraint k left join calls f on f.classid = 'pg_constraint'::regclass and f.objid = k.oid
     where k.contypid = a.atttypid and t.typtype = 'd'),
    (select 'collate ' || c.collname from pg_collation c where c.oid = a.attcollation and not c.collisdeterministic),
    case when a.attgenerated <> '' then 'generated always as ' || pg_get_expr(d.adbin, d.adrelid) end,
    case when a.attnotnull then 'not null' end,
    case a.attidentity when 'a' then 'identity' when 'd' then 'identity by default' end,
    case when a.attgenerated = '' then 'default ' || pg_get_expr(d.adbin, d.adrelid) end,
    'calls ' || coalesce(c.text, g.text)), o.own,
    case when o.is_log and t.typtype = 'd' then 'is of a domain, whose checks can become any function' end
  from ours o
  join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join calls c on c.classid = 'pg_attrdef'::regclass and c.objid = d.oid
  left join calls g on g.classid = 'pg_class'::regclass and g.objid = o.oid and g.objsubid = a.attnum
  where o.relkind in ('r', 'p', 'f')
  union all
  -- What a program leaves out is filled in by it: a constant or one of these functions is nobody's harm, except for
  -- the time and the id of a row of the log, which are never a constant.
  select 'default', o.name || '.' || a.attname, concat_ws(' calls ', e.text, c.text), false,
    case when o.is_log and (coalesce(c.foreign, false) or a.attname in ('id', 'created_at'))
         then 'can change what new rows of the log say' end
  from ours o
  join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  cross join lateral (select pg_get_expr(d.adbin, d.adrelid) as text) e
  left join calls c on c.classid = 'pg_attrdef'::regclass and c.objid = d.oid
  where not o.own
    and (coalesce(c.foreign, false)
         or not (e.text ~ '^(now|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid)\(\)$'
                 or e.text ~ '^CURRENT_TIMESTAMP(\(\d\))?$' or e.text ~ '^timezone\(''[^'']*''::text, (now\(\)|CURRENT_TIMESTAMP)\)$'
                 or (a.atttypid = 'uuid'::regtype and e.text ~ '^\w+\.uuid_generate_v\dm?c?\(\)$')
                 or (e.text ~ '^(''([^'']|'''')*''|-?[\d.]+|true|false|NULL)(::[\w ]+(\(\d+\))?)?$'
                     and not (o.is_log and a.attname in ('id', 'created_at', 'user_id', 'ip_address', 'action', 'details')
                              and e.text !~ '^(NULL|''\{\}'')(::[\w ]+)?$'))))
  union all
  select 'constraint', o.name, pg_get_constraintdef(c.oid), o.own, null
  from ours o join pg_constraint c on c.conrelid = o.oid where c.contype in ('p', 'u', 'f', 'c', 'x')
  union all
  select 'index', o.name, concat_ws(' ', case when i.indisunique then 'unique' end,
    substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$'), case when not i.indisvalid then 'INVALID' end), o.own, null
  from ours o join pg_index i on i.indrelid = o.oid
  where not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
  union all
  -- A constraint or an index of others is harmless, unless it runs a function of others for each row, or one of the
  -- server's that runs a text as a statement.
  select 'check', o.name || '.' || c.conname, concat_ws(' calls ', t.text, f.text), o.own,
    case when o.is_log and t.runs then 'can run any statement' end
  from ours o join pg_constraint c on c.conrelid = o.oid
  cross join lateral (
    select pg_get_constraintdef(c.oid) as text,
      pg_get_constraintdef(c.oid) ~ '(ts_rewrite|ts_stat|_to_xml\w*|set_config|setval|lo_\w+|dblink\w*|pg_\w+)\(' as runs) t
  left join calls f on f.classid = 'pg_constraint'::regclass and f.objid = c.oid and f.foreign
  where not o.own and c.contype = 'c' and (t.runs or f.text is not null)
  union all
  select 'index function', o.name || '.' || n.relname, pg_get_indexdef(i.indexrelid) || ' calls ' || f.text, o.own, null
  from ours o join pg_index i on i.indrelid = o.oid join pg_class n on n.oid = i.indexrelid
  join calls f on f.classid = 'pg_class'::regclass and f.objid = i.indexrelid and f.foreign
  where not o.own
  union all
  -- Its idea of what is equal or greater decides which rows a query finds.
  select 'index order', o.name || '.' || n.relname, pg_get_indexdef(i.indexrelid), o.own, 'can hide rows'
  from ours o join pg_index i on i.indrelid = o.oid join pg_class n on n.oid = i.indexrelid
  where exists (select from unnest(i.indclass::oid[]) k (oid)
                where k.oid >= 16384
                  and not exists (select from pg_depend e
                                  where e.classid = 'pg_opclass'::regclass and e.objid = k.oid and e.deptype = 'e'))
  union all
  -- tgtype has bits for BEFORE (2) and INSTEAD OF (64):
  -- https://www.postgresql.org/docs/current/catalog-pg-trigger.html
  select 'trigger', o.name || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid),
    case t.tgenabled when 'A' then 'ALWAYS' when 'D' then 'DISABLED' when 'R' then 'ON REPLICAS' end,
    'calls ' || case when b.pronamespace <> coalesce(to_regnamespace('switchboard'), 0::regnamespace) then b.text end), o.own,
    case when o.is_log and t.tgtype & 66 <> 0 then 'can swallow or change what is written' end
  from ours o join pg_trigger t on t.tgrelid = o.oid join bodies b on b.oid = t.tgfoid
  where not (t.tgisinternal and b.pronamespace = 'pg_catalog'::regnamespace)
  union all
  select distinct 'foreign key', k.conrelid::regclass || '.' || k.conname, '', false, 'is switched off, so that it is not kept'
  from ours o join pg_trigger t on t.tgrelid = o.oid join bodies b on b.oid = t.tgfoid
  join pg_constraint k on k.oid = t.tgconstraint
  where t.tgisinternal and b.pronamespace = 'pg_catalog'::regnamespace and t.tgenabled <> 'O'
  union all
  select 'rule', o.name || '.' || r.rulename, pg_get_ruledef(r.oid), o.own, 'can swallow or change what is written'
  from ours o join pg_rewrite r on r.ev_class = o.oid
  where not (r.rulename = '_RETURN' and r.ev_type = '1')
  union all
  select 'policy', o.name || '.' || p.polname, concat_ws(' ',
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                  else 'all' end,
    'to', (select string_agg(case r when 0 then 'public' else pg_get_userbyid(r) end, ', ' order by 1)
           from unnest(p.polroles) r),
    'using', pg_get_expr(p.polqual, p.polrelid), 'with check', pg_get_expr(p.polwithcheck, p.polrelid),
    'calls ' || case when c.foreign and p.polname <> 'switchboard_own_select' then c.text end), o.own,
    case when not p.polpermissive
           and (o.is_log or p.polroles && array[0, coalesce(to_regrole('switchboard_admin'), 0),
                coalesce(to_regrole('switchboard_support'), 0), coalesce(to_regrole('switchboard_auditor'), 0)]::oid[])
         then 'can hide rows' end
  from ours o join pg_policy p on p.polrelid = o.oid
  left join calls c on c.classid = 'pg_policy'::regclass and c.objid = p.oid
  union all
  select 'grant', g.name || ' to ' || g.grantee, string_agg(g.privilege, ', ' order by g.privilege),
    false,
    case when bool_or(g.is_log and g.privilege ~ '^(update|delete|truncate|trigger)')
           then 'lets its holder change the log'
         when bool_or(g.own) and not bool_and(g.harmless) then 'gives away what is Switchboard''s own'
         when bool_or(g.is_table) and g.grantee in ('public', 'anon', 'authenticated') then 'opens the table to the API' end
  from (
    select o.name, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end as grantee,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end as privilege,
           o.own, o.is_log, not o.own as is_table, a.privilege_type = 'SELECT' and not a.is_grantable and o.relkind <> 'S'
             and o.name <> 'switchboard.open_tickets' as harmless
    from ours o cross join lateral aclexplode(o.relacl) a
    where a.grantee <> o.relowner and a.privilege_type <> 'MAINTAIN'
    union all
    select o.name || '.' || t.attname, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
           o.own, o.is_log, false, false
    from ours o join pg_attribute t on t.attrelid = o.oid cross join lateral aclexplode(t.attacl) a
    where a.grantee <> o.relowner
    union all
    select n.nspname, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
           true, false, false, a.privilege_type = 'USAGE' and not a.is_grantable
    from pg_namespace n cross join lateral aclexplode(n.nspacl) a
    where n.nspname = 'switchboard' and a.grantee <> n.nspowner
    union all
    select p.oid::regprocedure::text, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
           lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end,
           -- Whether somebody may do something is a question for any program.
           true, false, false, p.proname = 'may' and a.grantee <> 0 and not a.is_grantable
    from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = to_regnamespace('switchboard') and a.grantee <> p.proowner) g
  group by g.name, g.grantee
  union all
  select 'default privileges', 'switchboard of ' || pg_get_userbyid(d.defaclrole), d.defaclacl::text, true, null
  from pg_default_acl d where d.defaclnamespace = to_regnamespace('switchboard')
  union all
  select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, p.oid::regprocedure::text,
    concat_ws(' ', 'takes', nullif(pg_get_function_arguments(p.oid), ''), 'returns', pg_get_function_result(p.oid), l.lanname,
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    case when p.proisstrict then 'strict' end, case when p.proleakproof then 'leakproof' end,
    case when p.prosecdef then 'definer' end, array_to_string(p.proconfig, ' '), 'md5',
    md5(concat_ws(' ', p.prosrc, p.probin, pg_get_function_sqlbody(p.oid)))), true, null
  from pg_proc p join pg_language l on l.oid = p.prolang
  where p.pronamespace = to_regnamespace('switchboard')
  union all
  select case when c.relispartition then 'partition' else 'child table' end, n.nspname || '.' || c.relname,
    concat_ws(': ', 'of ' || o.name, l.text), false, 'is not guarded as ' || o.name || ' is: ' || l.text
  from descendants d join ours o on o.oid = d.top join pg_class c on c.oid = d.oid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (
    select nullif(concat_ws(', ',
      case when c.relkind not in ('r', 'p') then 'it is kept elsewhere' end,
      case when c.relpersistence <> 'p' then 'it is unlogged' end,
      case when not c.relrowsecurity then 'no row security' end,
      (select string_agg('no trigger ' || t.tgname || ' that is always on', ', ' order by t.tgname)
       from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where t.tgrelid = o.oid and not t.tgisinternal and p.pronamespace = to_regnamespace('switchboard')
         and t.tgenabled = 'A'
         and not exists (select from pg_trigger m
                         where m.tgrelid = c.oid and m.tgenabled = 'A'
                           and replace(pg_get_triggerdef(m.oid), format(' ON %s ', c.oid::regclass), ' ON ')
                             = replace(pg_get_triggerdef(t.oid), format(' ON %s ', o.oid::regclass), ' ON '))),
      (select string_agg('a trigger of its own, ' || t.tgname, ', ' order by t.tgname)
       from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where t.tgrelid = c.oid and t.tgparentid = 0
         and not (t.tgisinternal and p.pronamespace = 'pg_catalog'::regnamespace)
         and not exists (select from pg_trigger m
                         where m.tgrelid = o.oid and m.tgenabled = t.tgenabled
                           and replace(pg_get_triggerdef(t.oid), format(' ON %s ', c.oid::regclass), ' ON ')
                             = replace(pg_get_triggerdef(m.oid), format(' ON %s ', o.oid::regclass), ' ON '))),
      case when c.relowner <> o.relowner then 'it belongs to ' || pg_get_userbyid(c.relowner) end,
      (select string_agg('a rule, ' || r.rulename, ', ' order by r.rulename) from pg_rewrite r where r.ev_class = c.oid),
      (select string_agg('a policy that can hide rows, ' || p.polname, ', ' order by p.polname)
       from pg_policy p where p.polrelid = c.oid and not p.polpermissive),
      (select string_agg(distinct 'a grant to ' || case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end, ', ')
       from (select a.grantee, a.privilege_type from aclexplode(c.relacl) a
             union select a.grantee, a.privilege_type
             from pg_attribute t cross join lateral aclexplode(t.attacl) a where t.attrelid = c.oid) g
       where g.grantee <> c.relowner
         and (g.grantee in (0, to_regrole('anon'), to_regrole('authenticated'))
              or (o.is_log and g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'))))), '') as text) l
  union all
  select 'parent', i.inhparent::regclass::text || ' of ' || o.name, '', false,
    'gives the rows to whoever may read or change it'
  from pg_inherits i join ours o on o.oid = i.inhrelid
  union all
  select i.type, i.identity, '', o.space = to_regnamespace('switchboard'),
    case when o.space = 'pg_catalog'::regnamespace
         then 'was put into pg_catalog, which every function of Switchboard trusts' end
  from objects o cross join lateral pg_identify_object(o.class, o.oid, 0) i
  where (o.space = to_regnamespace('switchboard') or (o.space = 'pg_catalog'::regnamespace and o.oid >= 16384))
    -- The type of a table's rows, the arrays of a type: a part of what is named.
    and not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'i')
    and not (o.class = 'pg_proc'::regclass and exists (select from bodies b where b.oid = o.oid and b.compiled))
  union all
  -- The server's own functions there are internal, c or sql.
  select 'function', i.identity, '', false, 'was put into pg_catalog, which every function of Switchboard trusts'
  from pg_proc p cross join lateral pg_identify_object('pg_proc'::regclass, p.oid, 0) i
  where p.pronamespace = 'pg_catalog'::regnamespace and p.oid < 16384 and p.prolang not in (12, 13, 14)
  union all
  select 'cast', i.identity, concat_ws(' ', c.castcontext, c.castmethod), false, 'can change what the columns say'
  from pg_cast c cross join lateral pg_identify_object('pg_cast'::regclass, c.oid, 0) i
  where c.oid >= 16384
    and (c.castsource < 16384 or c.castsource in (select u.type from used u))
    and (c.casttarget < 16384 or c.casttarget in (select u.type from used u))
    -- An extension brings casts of its own types.
    and not ((c.castsource >= 16384 or c.casttarget >= 16384)
             and (c.castfunc = 0 or exists (select from bodies b where b.oid = c.castfunc and b.compiled))
             and exists (select from pg_depend d
                         where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'e'))
  union all
  select 'event trigger', t.evtname::text, concat_ws(' ', 'on', t.evtevent, array_to_string(t.evttags, ', '),
    case t.evtenabled when 'A' then 'ALWAYS' when 'R' then 'ON REPLICAS' end, 'calls', b.text), false, null
  from pg_event_trigger t join bodies b on b.oid = t.evtfoid
  where t.evtenabled <> 'D'
    -- Supabase's own, which it changes with its releases; there the role postgres is no superuser.
    and not (pg_get_userbyid(t.evtowner) = 'supabase_admin'
             and exists (select from pg_roles r where r.rolname = 'postgres' and not r.rolsuper))
    and not b.compiled
  union all
  select 'member', g.rolname || ' to ' || m.rolname, '', false, 'gives the API what is kept from it'
  from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
  where m.rolname in ('anon', 'authenticated', 'service_role')
    and (g.rolname in ('switchboard_admin', 'switchboard_support', 'switchboard_auditor')
         or g.oid in (select w.owner from owners w))
)
select l.kind, l.name, l.definition,
  case when l.own then coalesce(l.harm, 'stands in the schema switchboard, where nothing of others belongs') else l.harm end
from lines l
$_$;


--
-- Name: change_setting(text, integer); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.change_setting(setting_name text, setting_value integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- versions_kept: how many of each credential that updates replaced, and as many that deletes did, 0 for none;
-- versions_days: for how long. What a smaller number leaves over goes at once. log_months: how many whole months behind
-- the running one the log is to be kept, 0 for good; it removes nothing. Fails with 22023 where the name or the number is
-- none of these.
declare
  before constant integer := switchboard.setting(setting_name::text);
begin
  if before is null then
    raise exception 'a setting is versions_kept, versions_days or log_months' using errcode = 'invalid_parameter_value';
  end if;
  if setting_value is null
     or not (setting_value between (case setting_name when 'versions_kept' then 0 when 'versions_days' then 1 else 2 end)
                               and (case setting_name when 'versions_kept' then 100 when 'versions_days' then 3650 else 1200 end)
             or setting_name = 'log_months' and setting_value = 0) then
    raise exception 'versions_kept is 0 to 100, versions_days is 1 to 3650, log_months is 0 or 2 to 1200' using errcode = 'invalid_parameter_value';
  end if;
  perform switchboard.require_everything_now('changes settings'::text);
  if setting_value = before then
    return;
  end if;
  insert into switchboard.settings as s (name, value) values (setting_name, setting_value)
  on conflict (name) do update
  set value = excluded.value, changed_at = clock_timestamp(), changed_by = session_user;
  delete from switchboard.credential_versions where id in (
    select v.id
    from (select w.id, w.replaced_at, row_number() over (partition by w.credential_id, w.kind order by w.id desc) as place
          from switchboard.credential_versions w) v
    where v.place > switchboard.setting('versions_kept'::text)
       or v.replaced_at < clock_timestamp() - make_interval(days => switchboard.setting('versions_days'::text)));
  perform switchboard.write_log(null::uuid, null::uuid, null::text, 'settings_changed'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'setting', setting_name, 'before', before, 'after', setting_value)::jsonb);
end
$$;


--
-- Name: check_proof(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.check_proof() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Other programs insert rows of their own into the log, and could say in them that somebody was proven to have done it:
-- that is true only of rows of a session whose login is this person, or may vouch for one, called what the login or the
-- directory calls them. Of any other row it becomes a claim, and claimed keeps what it said; nobody's write is refused.
begin
  if not exists (
    select from switchboard.logins l
    where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null
      and new.details ->> 'session_user' = session_user
      and case new.details ->> 'operator_from'
            when 'login' then l.user_id = new.user_id and l.label is not distinct from new.details ->> 'operator'
            when 'vouched' then l.speaks_for_others
              and switchboard.person_label(new.user_id::uuid) = new.details ->> 'operator' end) then
    new.details := new.details || jsonb_build_object(
      'operator_from', 'claim', 'claimed', jsonb_build_object('operator_from', new.details -> 'operator_from'));
  end if;
  return new;
end
$$;


--
-- Name: checked_integration(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.checked_integration(of_integration uuid, OUT organization_id uuid, OUT integration_type text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The organisation and the type of an integration in the scope of the login. Fails with P0002 where there is none.
begin
  select c.organization_id, c.integration_type into checked_integration.organization_id, checked_integration.integration_type
  from public.integration_credentials c where c.id = of_integration;
  if not found or not switchboard.in_scope(checked_integration.organization_id::uuid) then
    raise exception 'there is no such integration' using errcode = 'no_data_found';
  end if;
end
$$;


--
-- Name: claim_change(uuid[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.claim_change(organizations uuid[], OUT id uuid, OUT integration_id uuid, OUT organization_id uuid, OUT integration_type text, OUT kind text, OUT number text, OUT value text, OUT noticed_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The earliest change in the scope of the login, of these organisations (null: of all), that nobody has told and nobody is
-- telling, kept from others for two minutes; nulls where there is none.
#variable_conflict use_column
declare
  seen constant record := switchboard.scope();
begin
  update switchboard.changes c set claimed_at = clock_timestamp()
  where c.id = (
    select h.id from switchboard.changes h
    where h.told_at is null and (h.claimed_at is null
        -- Yet to come, it was claimed before the clock was set back.
        or h.claimed_at not between clock_timestamp() - interval '2 minutes' and clock_timestamp())
      and (seen.everything or h.organization_id = any (seen.organizations))
      and (claim_change.organizations is null or h.organization_id = any (claim_change.organizations))
    order by h.place limit 1 for update skip locked)
  returning c.id, c.integration_id, c.organization_id, c.integration_type, c.kind, c.number, c.value, c.noticed_at
  into id, integration_id, organization_id, integration_type, kind, number, value, noticed_at;
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
  perform switchboard.hold('primary'::text, switchboard.lock_key(new.organization_id::text)::text);
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
-- Name: dependents(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.dependents(of_row uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
-- The integration with its permissions and its phone numbers: every column of the contract but the envelope.
begin
  return jsonb_build_object(
    'row', (select jsonb_build_object(
        'id', c.id, 'organization_id', c.organization_id, 'integration_type', c.integration_type,
        'display_name', c.display_name, 'is_active', c.is_active, 'is_verified', c.is_verified,
        'last_verified_at', c.last_verified_at, 'created_by', c.created_by, 'updated_by', c.updated_by,
        'created_at', c.created_at, 'updated_at', c.updated_at)
      from public.integration_credentials c where c.id = of_row),
    'permissions', (select coalesce(jsonb_agg(jsonb_build_object(
        'id', p.id, 'user_id', p.user_id, 'integration_id', p.integration_id, 'can_view', p.can_view,
        'can_send', p.can_send, 'can_configure', p.can_configure, 'daily_limit', p.daily_limit,
        'monthly_limit', p.monthly_limit, 'granted_by', p.granted_by, 'granted_at', p.granted_at,
        'expires_at', p.expires_at) order by p.id), '[]')
      from public.user_integration_permissions p where p.integration_id = of_row),
    'numbers', (select coalesce(jsonb_agg(jsonb_build_object(
        'id', n.id, 'organization_id', n.organization_id, 'integration_id', n.integration_id,
        'phone_number', n.phone_number, 'display_name', n.display_name, 'number_type', n.number_type,
        'assigned_to_user_id', n.assigned_to_user_id, 'is_primary', n.is_primary, 'can_call', n.can_call,
        'can_sms', n.can_sms, 'is_active', n.is_active, 'created_at', n.created_at, 'updated_at', n.updated_at)
        order by n.id), '[]')
      from public.organization_phone_numbers n where n.integration_id = of_row));
end
$$;


--
-- Name: edit_login(text, text, uuid[], boolean, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.edit_login(login text, role text, organizations uuid[], sees_all boolean, note text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Changes what a login may see and is for: all of it, not what is given alone. Never who it is: another person is another
-- login. Fails as map_login does.
declare
  held constant text := switchboard.hold_login(edit_login.login::text);
  before constant jsonb := switchboard.login_entry(held::text);
  after jsonb;
begin
  if edit_login.role is null or edit_login.role not in ('admin', 'support', 'auditor') then
    raise exception 'a role is admin, support or auditor' using errcode = 'invalid_parameter_value';
  end if;
  update switchboard.logins l
  set role = edit_login.role, sees_all = coalesce(edit_login.sees_all, false), note = left(edit_login.note, 500)
  where l.login = held;
  perform switchboard.put_organizations(held::text, edit_login.organizations::uuid[],
                                        coalesce(edit_login.sees_all, false)::boolean);
  after := switchboard.login_entry(held::text);
  return case when after <> before
              then switchboard.log_access(held::text, 'edited'::text, before::jsonb, after::jsonb) end;
end
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
              when envelope ~ '^[0-9a-f]{32}:[0-9a-f]{32}:([0-9a-f]{2})*$' then 'legacy'
              else 'neither' end;
end
$_$;


--
-- Name: finish_rotation(jsonb, uuid[], bigint[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.finish_rotation(details jsonb, left_out uuid[], versions_left_out bigint[]) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Makes the target the active key, and the one before it decrypt-only; writes the row of the log, and returns its id.
-- Fails with SB004 where an sb2 envelope of another key is left that is not named: a legacy one does not say its key.
declare
  present constant switchboard.rotations := switchboard.present_rotation();
  left_over bigint;
begin
  if jsonb_typeof(details) is distinct from 'object' then
    raise exception 'details is an object' using errcode = 'invalid_parameter_value';
  end if;
  select count(*) into left_over
  from (select from public.integration_credentials c
        where c.credentials_encrypted like 'sb2.%' and split_part(c.credentials_encrypted, '.', 2) <> present.to_key
          and not coalesce(c.id = any (left_out), false)
        union all
        select from switchboard.credential_versions v
        where v.envelope like 'sb2.%' and split_part(v.envelope, '.', 2) <> present.to_key
          and not coalesce(v.id = any (versions_left_out), false)) as o;
  if left_over > 0 then
    raise exception '% envelopes of another key are left', left_over using errcode = 'SB004';
  end if;
  insert into switchboard.keys as k (key_id, purpose, salt, state)
  values (present.from_key, 'master', present.from_salt, 'decrypt-only')
  on conflict (key_id) do update set state = 'decrypt-only';
  insert into switchboard.keys as k (key_id, purpose, salt, state)
  values (present.to_key, 'master', present.to_salt, 'active')
  on conflict (key_id) do update set state = 'active';
  update switchboard.rotations r set finished_at = clock_timestamp() where r.xid = present.xid;
  return switchboard.write_log(null::uuid, null::uuid, null::text, 'keys_rotated'::text, 'success'::text,
    (details || jsonb_build_object('source', 'switchboard', 'from_key', present.from_key, 'to_key', present.to_key,
      'left_out', (select count(*) from public.integration_credentials c where c.id = any (left_out))
        + (select count(*) from switchboard.credential_versions v where v.id = any (versions_left_out))))::jsonb);
end
$$;


--
-- Name: forget_plans(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.forget_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '250ms'
    SET exit_on_error TO 'off'
    AS $_$
-- Granting the owner what they hold changes nothing, and lets every session plan anew. Nobody keeps a login by locking a
-- table: where a grant would wait, the plans on that table stay, and same_scope ends them. What is not filtered is for
-- nobody from now on.
declare
  relation record;
  holder text;
begin
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    if to_regrole(holder) is not null and exists (select from switchboard.logins)
       and (has_table_privilege(holder::name, 'switchboard.people'::text, 'select'::text)
            or has_table_privilege(holder::name, 'switchboard.organizations'::text, 'select'::text)) then
      execute format('revoke all on switchboard.people, switchboard.organizations from %s', holder);
    end if;
  end loop;
  for relation in
    select c.oid::regclass::text as name, pg_get_userbyid(c.relowner) as owner
    from pg_class c
    where c.oid in (select p.polrelid from pg_policy p
                    where p.polname ~ '^switchboard_(admin|support|auditor)_(select|insert|update|delete|all)$')
    order by c.oid
  loop
    begin
      execute format('grant select on %s to %I', relation.name, relation.owner);
    exception when lock_not_available or internal_error then
      -- The second where another session grants at this moment.
      null;
    end;
  end loop;
  return null;
end
$_$;


--
-- Name: forget_versions(uuid, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.forget_versions(of_organization uuid, of_type text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Empties what is kept of that type there, deleted integrations too, and returns how many versions there were. What is
-- forgotten cannot come back.
declare
  forgotten bigint;
begin
  perform switchboard.require_organization(of_organization::uuid);
  delete from switchboard.credential_versions v
  where v.organization_id = of_organization and v.integration_type = of_type;
  get diagnostics forgotten = row_count;
  if forgotten > 0 then
    perform switchboard.write_log(of_organization::uuid, null::uuid, of_type::text,
      'credential_versions_forgotten'::text, 'success'::text,
      jsonb_build_object('source', 'switchboard', 'versions', forgotten)::jsonb);
  end if;
  return forgotten;
end
$$;


--
-- Name: hold(text, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.hold(thing text, whose text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Waits until no other transaction holds the same, and holds it to the end of this one. A row takes no place among the
-- server's locks, of which there are only so many: an import may touch any number of organisations at once.
begin
  perform from switchboard.locks l where l.what = thing and l.key = whose for update;
  if not found then
    insert into switchboard.locks (what, key) values (thing, whose) on conflict (what, key) do nothing;
    perform from switchboard.locks l where l.what = thing and l.key = whose for update;
  end if;
end
$$;


--
-- Name: hold_check(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.hold_check(of_integration uuid, OUT state jsonb, OUT observed jsonb, OUT at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
-- What is remembered of an integration, held to the end of the transaction: the row of checks, an array of observations
-- (number, name, value), and the time. Fails with P0002 where there is no such integration.
begin
  perform switchboard.checked_integration(of_integration::uuid);
  insert into switchboard.checks (integration_id) values (of_integration) on conflict (integration_id) do nothing;
  select to_jsonb(k) into state from switchboard.checks k where k.integration_id = of_integration for update;
  select coalesce(jsonb_agg(jsonb_build_array(o.number, o.name, o.value)), '[]') into observed
  from switchboard.observations o where o.integration_id = of_integration;
  at := clock_timestamp();
end
$$;


--
-- Name: hold_envelopes(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.hold_envelopes() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Keeps everybody from writing envelopes to the end of the transaction, and returns the id of the active master key,
-- null where none is recorded. The record first, and then the tables: every write of an envelope by Switchboard takes
-- them in this order. Row locks alone would let another program's INSERT through.
declare
  active text;
begin
  perform switchboard.require_everything_now('changes the master key'::text);
  select k.key_id into active from switchboard.keys k where k.purpose = 'master' and k.state = 'active' for update;
  if active is null then
    lock table switchboard.keys in share row exclusive mode;
  end if;
  lock table public.integration_credentials, switchboard.credential_versions in share row exclusive mode;
  if active is null then
    -- Whoever held it has changed it meanwhile, or there is none.
    select k.key_id into active from switchboard.keys k where k.purpose = 'master' and k.state = 'active' for update;
  end if;
  return active;
end
$$;


--
-- Name: hold_login(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.hold_login(candidate text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Holds the mapping of a login, which may be one of a role that was dropped or renamed, and returns its name.
begin
  perform switchboard.hold_logins();
  perform switchboard.refuse_login(case
    when candidate = session_user then 'own_row'
    when not exists (select from switchboard.logins l where l.login = candidate and l.removed_at is null) then 'not_mapped'
  end::text);
  return candidate;
end
$$;


--
-- Name: hold_logins(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.hold_logins() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Lets one transaction at a time change mappings, and asks only then whether the caller may: they may have been removed
-- while they waited. It changes the row, so that a transaction whose snapshot is older than another's change fails (40001).
begin
  insert into switchboard.locks (what, key) values ('logins', '')
  on conflict (what, key) do update set taken_at = clock_timestamp();
  perform switchboard.require_everything('maps logins'::text);
end
$$;


--
-- Name: in_scope(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.in_scope(organization uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Whether the session may see rows of this organisation. What stands for no organisation is for those who see everything.
begin
  return (select s.everything or coalesce(organization = any (s.organizations), false) from switchboard.scope() s);
end
$$;


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
-- Name: is_of_another_program(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.is_of_another_program() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Whether neither the login nor the role that is set has to do with Switchboard: such a program asks may() alone.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user);
begin
  return not exists (select from switchboard.logins l where l.login = session_user)
    and not exists (select from pg_roles r
                    where r.rolname in ('switchboard_admin', 'switchboard_support', 'switchboard_auditor')
                      and (pg_has_role(session_user, r.oid, 'MEMBER'::text)
                           or pg_has_role(caller, r.oid, 'MEMBER'::text)));
end
$$;


--
-- Name: keep_acts(timestamp with time zone); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.keep_acts(of_hour timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- An acceptance counts by its row of the log (013_accepted.sql), and so does an archive (tui/data/seals/archived.py). Before
-- that row goes it is written once more.
declare
  kept record;
  written uuid;
begin
  for kept in
    select a.object, a.definition, l.id, l.created_at, l.details
    from switchboard.accepted a join public.integration_audit_logs l on l.id = a.log_row
    where l.created_at >= of_hour and l.created_at < of_hour + interval '1 hour' and l.action = 'schema_changed'
      and l.details ->> 'accepted' = a.object and l.details ->> 'definition' = a.definition
  loop
    written := switchboard.write_log(null::uuid, null::uuid, null::text, 'schema_changed'::text, 'success'::text,
      jsonb_build_object('source', 'switchboard', 'accepted', kept.object, 'definition', kept.definition,
        'accepted_first', coalesce(kept.details -> 'accepted_first', jsonb_build_object(
          'row', kept.id, 'on', to_char(kept.created_at at time zone 'UTC', 'YYYY-MM-DD'),
          'operator', kept.details -> 'operator', 'operator_from', kept.details -> 'operator_from',
          'session_user', kept.details -> 'session_user')))::jsonb);
    update switchboard.accepted a set log_row = written, accepted_at = clock_timestamp() where a.object = kept.object;
  end loop;
  for kept in
    select a.month, a.row_count, a.sha256, a.left_out, a.first_seal, a.last_seal, l.id, l.created_at, l.details
    from (select distinct on (n.month) n.* from switchboard.archives n order by n.month, n.id desc) a
    join public.integration_audit_logs l on l.id = a.log_row
    where l.created_at >= of_hour and l.created_at < of_hour + interval '1 hour' and l.action = 'log_archived'
      and l.details ->> 'month' = to_char(a.month, 'YYYY-MM') and l.details ->> 'sha256' = encode(a.sha256, 'hex')
  loop
    written := switchboard.write_log(null::uuid, null::uuid, null::text, 'log_archived'::text, 'success'::text,
      (kept.details || jsonb_build_object('archived_first', coalesce(kept.details -> 'archived_first', jsonb_build_object(
        'row', kept.id, 'at', kept.created_at, 'operator', kept.details -> 'operator',
        'operator_from', kept.details -> 'operator_from', 'session_user', kept.details -> 'session_user'))))::jsonb);
    insert into switchboard.archives (month, row_count, sha256, left_out, first_seal, last_seal, log_row)
    values (kept.month, kept.row_count, kept.sha256, kept.left_out, kept.first_seal, kept.last_seal, written);
  end loop;
end
$$;


--
-- Name: keep_openings(timestamp with time zone); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.keep_openings(of_hour timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
-- Notes what reports need of the rows of an hour, before they go. The conditions are those of the reports:
-- tui/data/permissions/known_secrets.py and leaver.py, tui/data/integrations/listing.py.
declare
  until constant timestamptz := of_hour + interval '1 hour';
begin
  insert into switchboard.openings (organization_id, integration_type, kind, subject, since, at, details)
  select l.organization_id, l.integration_type, 'changed', left(coalesce(l.details -> 'row' ->> 'id', ''), 200),
         l.created_at, l.created_at,
         jsonb_strip_nulls(jsonb_build_object(
           'action', l.action, 'kept_at', l.details -> 'kept_at', 'version_kind', l.details -> 'version_kind',
           'fields', case when jsonb_typeof(l.details -> 'fields') = 'array' then l.details -> 'fields' end))
  from public.integration_audit_logs l
  where l.created_at >= of_hour and l.created_at < until
    and l.action in ('credential_created', 'credential_updated', 'credential_enabled', 'credential_disabled',
                     'credential_rolled_back', 'credential_restored')
    and l.details ->> 'source' = 'trigger'
    and (l.action in ('credential_created', 'credential_restored') or l.details -> 'envelope' ->> 'changed' = 'true')
    and l.details ->> 'rotation' is distinct from 'true'
  on conflict do nothing;

  insert into switchboard.openings as o
    (organization_id, integration_type, kind, subject, user_id, since, at, times, proven)
  select k.organization_id, k.integration_type, k.kind, k.subject,
         coalesce(k.user_id, '00000000-0000-0000-0000-000000000000'), k.since, max(k.created_at), count(*),
         bool_or(k.proven)
  from (
    select l.organization_id, l.integration_type, l.user_id, l.created_at, left(coalesce(f.name, ''), 200) as subject,
           case l.action when 'credential_revealed' then 'revealed' when 'credential_copied' then 'copied'
                         when 'credential_lent' then 'lent' else 'typed' end as kind,
           coalesce(l.details ->> 'operator_from' = 'login', false) as proven,
           coalesce((select max(c.at) from switchboard.openings c
                     where c.organization_id = l.organization_id and c.integration_type = l.integration_type
                       and c.kind = 'changed' and c.at <= l.created_at), '-infinity') as since
    from public.integration_audit_logs l
    -- Of nobody it is counted how often; of whom, in which fields.
    cross join lateral jsonb_array_elements_text(
      case when l.user_id is not null and jsonb_typeof(l.details -> 'fields') = 'array' then l.details -> 'fields'
           else '[""]' end) as f (name)
    where l.created_at >= of_hour and l.created_at < until
      and (l.action in ('credential_revealed', 'credential_copied', 'credential_lent')
             and (l.status = 'success' or l.user_id is null)
           or l.status = 'success' and l.user_id is not null and l.details ->> 'source' = 'trigger'
              and (l.action = 'credential_created'
                   or l.action = 'credential_updated' and l.details -> 'envelope' ->> 'changed' = 'true'
                      and l.details ->> 'rotation' is distinct from 'true'))) as k
  group by k.organization_id, k.integration_type, k.kind, k.subject, k.user_id, k.since
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = greatest(o.at, excluded.at), times = o.times + excluded.times, proven = o.proven or excluded.proven;

  -- Tests by Switchboard of what is stored, and not of a draft.
  insert into switchboard.openings as o (organization_id, integration_type, kind, subject, at, details)
  select distinct on (l.organization_id, l.integration_type, left(coalesce(l.details ->> 'integration_id', ''), 200))
         l.organization_id, l.integration_type, 'tested', left(coalesce(l.details ->> 'integration_id', ''), 200), l.created_at,
         jsonb_strip_nulls(jsonb_build_object(
           'status', l.status, 'user_id', l.user_id,
           'code', left(coalesce(l.details ->> 'code', l.details ->> 'error_code'), 40),
           'words', left(coalesce(l.details ->> 'why', l.details ->> 'error'), 200)))
  from public.integration_audit_logs l
  where l.created_at >= of_hour and l.created_at < until and l.action = 'connection_tested'
    and l.details ->> 'source' = 'switchboard' and l.status <> 'pending' and l.details -> 'draft' is null
    and l.details ->> 'judgement' is distinct from 'unknown'
  order by l.organization_id, l.integration_type, left(coalesce(l.details ->> 'integration_id', ''), 200), l.created_at desc
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = excluded.at, details = excluded.details where o.at < excluded.at;
  -- What reached no provider counts from the newest test that did, or the newest change, on.
  delete from switchboard.openings u using switchboard.openings t
  where u.kind = 'unreached' and u.organization_id = t.organization_id and u.integration_type = t.integration_type
    and (t.kind = 'tested' or t.kind = 'changed' and t.details ->> 'action' in ('credential_updated', 'credential_rolled_back'))
    and u.at <= t.at;
  insert into switchboard.openings as o (organization_id, integration_type, kind, subject, at, details)
  select l.organization_id, l.integration_type, 'unreached', left(coalesce(l.details ->> 'integration_id', ''), 200),
         min(l.created_at), jsonb_strip_nulls(jsonb_build_object('words', max(left(l.details ->> 'why', 200))))
  from public.integration_audit_logs l
  where l.created_at >= of_hour and l.created_at < until and l.action = 'connection_tested'
    and l.details ->> 'source' = 'switchboard' and l.status <> 'pending' and l.details -> 'draft' is null
    and l.details ->> 'judgement' = 'unknown'
    and not exists (
      select from switchboard.openings t
      where t.organization_id = l.organization_id and t.integration_type = l.integration_type and t.at >= l.created_at
        and (t.kind = 'tested'
             or t.kind = 'changed' and t.details ->> 'action' in ('credential_updated', 'credential_rolled_back')))
  group by l.organization_id, l.integration_type, left(coalesce(l.details ->> 'integration_id', ''), 200)
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = least(o.at, excluded.at),
      details = jsonb_strip_nulls(jsonb_build_object(
        'words', greatest(o.details ->> 'words', excluded.details ->> 'words')));

  -- Who used an integration last: tui/data/integrations/usage.py, and switchboard.uses_of.
  insert into switchboard.openings as o (organization_id, integration_type, kind, subject, at, details)
  select distinct on (u.organization_id, u.integration_type, u.kind, u.subject)
         u.organization_id, u.integration_type, u.kind, u.subject, u.created_at,
         jsonb_strip_nulls(jsonb_build_object('action', u.action, 'program', u.program, 'user_id', u.user_id) || u.evidence)
  from (
    select l.organization_id, l.integration_type, l.created_at, l.action, p.program, l.user_id, k.kind,
           case k.kind when 'opened' then left(l.details ->> 'integration_id', 200) || ' ' || l.action
                       else l.action || '/' || p.program end as subject,
           case k.kind when 'opened' then jsonb_build_object(
             'label', left(l.details ->> 'operator', 200), 'operator_from', l.details -> 'operator_from',
             'login', l.details -> 'session_user') else '{}' end as evidence
    from public.integration_audit_logs l
    left join switchboard.actions() a on a.name = l.action
    cross join lateral (select left(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) as program) p
    cross join lateral (select case when a.name is null then 'used' else 'opened' end as kind) k
    where l.created_at >= of_hour and l.created_at < until
      and (a.name is null
           or a.kind = 'opening' and l.details ->> 'source' = 'switchboard' and l.details ? 'integration_id')) u
  order by u.organization_id, u.integration_type, u.kind, u.subject, u.created_at desc
  on conflict (organization_id, integration_type, kind, subject, user_id, since) do update
  set at = excluded.at, details = excluded.details where o.at < excluded.at;
end
$$;


--
-- Name: keep_version(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.keep_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET exit_on_error TO 'off'
    AS $$
-- Keeps the envelope that is replaced. Whatever goes wrong here, the write that it is about goes through: a version is
-- worth less than somebody's save. A rotation changes no content, so it leaves no version.
declare
  most integer;
  oldest timestamptz;
  claimed constant text := nullif(current_setting('switchboard.operator_id'::text, true), '');
  known record;
  vouched_for text;
  what_hung_on_it jsonb;
begin
  if tg_op not in ('UPDATE', 'DELETE') then
    raise exception 'this keeps what is replaced, and nothing else' using errcode = 'feature_not_supported';
  end if;
  if tg_op = 'UPDATE' and new.credentials_encrypted is not distinct from old.credentials_encrypted then
    return null;
  end if;
  begin
    if tg_op = 'UPDATE' then
      if exists (select from switchboard.rotations r where r.xid = pg_current_xact_id() and r.writing) then
        return null;
      end if;
      begin
        -- A provider that refused what was there before may be asked again, and if the clock was set back since.
        update switchboard.checks k
        set changed_at = clock_timestamp(),
            refused_at = case when k.refused_at is not null then least(k.refused_at, clock_timestamp() - interval '1 ms') end
        where k.integration_id = old.id;
      exception when others then
        raise warning 'it is not noted that the envelope was replaced (%)', sqlstate;
      end;
    end if;
    most := switchboard.setting('versions_kept'::text);
    if most > 0 then
      if tg_op = 'DELETE' then
        begin
          what_hung_on_it := switchboard.dependents(old.id::uuid);
        exception when others then
          -- An adopted table that lacks a column, or has one of another type: the envelope is kept all the same.
          what_hung_on_it := jsonb_build_object('not_kept', sqlstate);
        end;
      end if;
      -- Gone back and forth, deleted and restored again, or a delete that another trigger cancelled: once is enough of
      -- the same envelope, and else it would push out the others.
      delete from switchboard.credential_versions where id in (
        select v.id from switchboard.credential_versions v
        where v.credential_id = old.id and v.organization_id is not distinct from old.organization_id
          and v.kind = case tg_op when 'DELETE' then 'deleted' else 'updated' end and v.envelope = old.credentials_encrypted
        for update skip locked);
      select l.user_id, l.label, l.speaks_for_others into known from switchboard.logins l
      where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
      if known.speaks_for_others then
        vouched_for := switchboard.person_label(switchboard.uuid_or_null(claimed::text)::uuid);
      end if;
      insert into switchboard.credential_versions
        (credential_id, organization_id, integration_type, envelope, kind, fields, was_verified, verified_at, user_id,
         operator, operator_from, operation_id, dependents)
      values (
        old.id, old.organization_id, old.integration_type, old.credentials_encrypted,
        case tg_op when 'DELETE' then 'deleted' else 'updated' end,
        case when tg_op = 'UPDATE' then string_to_array(nullif(current_setting('switchboard.fields'::text, true), ''), ',') end,
        old.is_verified, old.last_verified_at,
        case when known.user_id is not null then known.user_id
             when claimed is not null then switchboard.uuid_or_null(claimed::text)
             when tg_op = 'UPDATE' and new.updated_by is distinct from old.updated_by then new.updated_by end,
        case when known.user_id is not null then known.label
             when vouched_for is not null then vouched_for
             else nullif(left(current_setting('switchboard.operator_label'::text, true), 200), '') end,
        case when known.user_id is not null then 'login'
             when vouched_for is not null then 'vouched' end,
        nullif(left(current_setting('switchboard.operation_id'::text, true), 100), ''),
        what_hung_on_it);
    end if;
  exception when others then
    raise warning 'the envelope that was replaced is not kept (%)', sqlstate;
  end;
  begin
    -- In a variable: a volatile bound is computed for each row, and no index serves it. (A statement over 4,000 rows took
    -- 77 s so.) Those that others hold are theirs to clear: nobody waits here.
    oldest := clock_timestamp() - make_interval(days => switchboard.setting('versions_days'::text));
    delete from switchboard.credential_versions where id in (
      select v.id from switchboard.credential_versions v where v.replaced_at < oldest
      order by v.replaced_at limit 100 for update skip locked);
    -- Deletes by themselves: those that another trigger cancelled would push out what updates replaced. Where the first
    -- part failed, `most` may be unknown, and an offset of null is none.
    if most is not null then
      delete from switchboard.credential_versions where id in (
        select v.id from switchboard.credential_versions v
        where v.credential_id = old.id and v.organization_id is not distinct from old.organization_id
          and v.kind = case tg_op when 'DELETE' then 'deleted' else 'updated' end
        order by v.id desc offset most limit 100 for update skip locked);
    end if;
  exception when others then
    null;
  end;
  return case tg_op when 'DELETE' then old end;
end
$$;


--
-- Name: lock_key(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.lock_key(whose text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- One of 1,024, so that nobody fills the table of locks with organisations that do not exist.
  select coalesce((hashtext(whose) % 1024)::text, '')
$$;


--
-- Name: log_access(text, text, jsonb, jsonb); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.log_access(of_login text, change text, before jsonb, after jsonb) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return switchboard.write_log(null::uuid, null::uuid, null::text, 'access_changed'::text, 'success'::text,
    jsonb_strip_nulls(jsonb_build_object('source', 'switchboard', 'login', of_login, 'change', change,
                                         'before', before, 'after', after))::jsonb);
end
$$;


--
-- Name: log_act(text, uuid, text, text, jsonb); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.log_act(action text, organization_id uuid, integration_type text, status text, details jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
$$;


--
-- Name: log_change(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.log_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
-- Argument: credential, permission or number. Only the contract's columns are read, since an adopted table may
-- have others: nobody's business, or large, or of a content that jsonb refuses. A change of those alone is not
-- logged, or as one of updated_at where that moves with it. The envelope is compared, and never written.
-- All in one body, because it runs for each row: a function with a search_path of its own is slow to call. Times are
-- written in UTC, in whatever zone the writer's session is.
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
  author_column constant text := case when kind = 'permission' then 'granted_by' when kind = 'number' then null
                                      when tg_op = 'INSERT' then 'created_by' else 'updated_by' end;
  author uuid;
  action text;
  version bigint;
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
    organization := switchboard.uuid_or_null((present ->> 'organization_id')::text);
    integration := switchboard.uuid_or_null((present ->> 'integration_id')::text);
    author := switchboard.uuid_or_null((present ->> author_column)::text);
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
        'before', switchboard.envelope_format((before ->> 'credentials_encrypted')::text),
        'after', switchboard.envelope_format((after ->> 'credentials_encrypted')::text)));
      -- The names (never values) of the fields inside the envelope, from whoever could open it.
      if nullif(current_setting('switchboard.fields'::text, true), '') is not null then
        details := details || jsonb_build_object('fields',
          string_to_array(current_setting('switchboard.fields'::text, true), ','));
      end if;
      -- Said by what only our own functions write, never by what a client claims.
      if exists (select from switchboard.rotations r where r.xid = pg_current_xact_id() and r.writing) then
        details := details || '{"rotation": true}';
      else
        version := switchboard.version_of((after ->> 'id')::text, (after ->> 'credentials_encrypted')::text);
      end if;
    end if;
  else
    details := jsonb_build_object(case tg_op when 'INSERT' then 'after' else 'before' end,
      jsonb_strip_nulls(present - 'credentials_encrypted'));
    if kind = 'credential' then
      details := details || jsonb_build_object('envelope', jsonb_build_object(
        case tg_op when 'INSERT' then 'after' else 'before' end,
        switchboard.envelope_format((present ->> 'credentials_encrypted')::text)));
      if tg_op = 'INSERT' then
        version := switchboard.version_of((after ->> 'id')::text, (after ->> 'credentials_encrypted')::text);
      end if;
    end if;
  end if;
  if version is not null then
    -- When it was kept as well: the version itself may be cleared by this very change.
    details := details || (select jsonb_build_object('version', v.id, 'version_kind', v.kind, 'kept_at', v.replaced_at)
                           from switchboard.credential_versions v where v.id = version);
  end if;

  if kind <> 'credential' and integration is not null then
    select jsonb_build_object('organization_id', c.organization_id, 'integration_type', c.integration_type) into parent
    from public.integration_credentials c
    where c.id = integration;
    if parent is null then
      select jsonb_build_object('organization_id', d.organization_id, 'integration_type', d.integration_type) into parent
      from switchboard.deleted_integrations d
      where d.xid = pg_current_xact_id() and d.id = integration::text;
      if tg_op = 'DELETE' and parent is not null then
        details := details || '{"cascade": true}';
      end if;
    end if;
    organization := coalesce(organization, switchboard.uuid_or_null((parent ->> 'organization_id')::text));
    type := parent ->> 'integration_type';
  end if;

  action := case
    when version is not null then case tg_op when 'INSERT' then 'credential_restored' else 'credential_rolled_back' end
    when tg_op = 'INSERT' then case kind when 'credential' then 'credential_created'
                                         when 'permission' then 'permission_granted' else 'number_added' end
    when tg_op = 'DELETE' then case kind when 'credential' then 'credential_deleted'
                                         when 'permission' then 'permission_revoked' else 'number_deactivated' end
    when kind = 'permission' then 'permission_changed'
    when changed && array['is_active', 'assigned_to_user_id'] then
      switchboard.action_of(kind::text, after::jsonb, changed::text[],
                            nullif(current_setting('switchboard.action'::text, true), '')::text)
    else kind || '_updated' end;
  perform switchboard.write_log(
    organization::uuid,
    -- Another program names no operator, but says in the row itself who created, updated or granted.
    (case when tg_op = 'INSERT' or author_column = any (changed) then author end)::uuid,
    type::text, action::text, 'success'::text,
    (details || jsonb_build_object(
      'source', 'trigger',
      'table', tg_table_name,
      'change', lower(tg_op),
      'row', jsonb_strip_nulls(jsonb_build_object(
        'id', present -> 'id',
        'integration_id', case when kind = 'credential' then present -> 'id' else present -> 'integration_id' end,
        'user_id', present -> 'user_id',
        'phone_number', present -> 'phone_number'))))::jsonb);
  return null;
end
$_$;


--
-- Name: log_truncate(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.log_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- TRUNCATE fires no trigger for a row: the rows are deleted before it, so that each has its row in the log.
begin
  execute format('delete from only %s', tg_relid::regclass);
  return null;
end
$$;


--
-- Name: login_entry(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.login_entry(of_login text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- What the log keeps of a mapping, before and after a change.
begin
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'user_id', l.user_id, 'label', l.label, 'role', l.role, 'sees_all', l.sees_all,
      'speaks_for_others', case when l.speaks_for_others then true end, 'note', l.note,
      'organizations', (select jsonb_agg(o.organization_id order by o.organization_id)
                        from switchboard.login_organizations o where o.login = l.login)))
    from switchboard.logins l where l.login = of_login);
end
$$;


--
-- Name: login_refusal(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.login_refusal(candidate text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Why this login cannot be made a person, null where it can. What would turn a claim into false proof, or give a person
-- more than their scope: unknown_role, own_row, superuser, bypasses_row_security, owner, program_role (service_role,
-- authenticator, anon, authenticated and Supabase's own), server_wide (what reads or writes past grants: replication, and the server's own
-- roles for all data, its files and its programs), no_login, taken. So is a member of what cannot, since it can
-- become that.
declare
  found_role record;
begin
  select r.oid, r.rolname, r.rolcanlogin into found_role from pg_roles r where r.rolname = candidate;
  if not found then
    return 'unknown_role';
  elsif found_role.rolname = session_user then
    return 'own_row';
  elsif exists (select from pg_roles r where r.rolsuper and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'superuser';
  elsif found_role.rolname ~ '^pg_'
     or exists (select from pg_roles r
                where (r.rolname in ('service_role', 'authenticator', 'anon', 'authenticated') or r.rolname ~ '^supabase_')
                  and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'program_role';
  elsif exists (select from pg_class c
                where (c.relnamespace = to_regnamespace('switchboard')
                       or c.relnamespace = to_regnamespace('public')
                          and c.relname in ('integration_credentials', 'user_integration_permissions',
                                            'integration_audit_logs', 'organization_phone_numbers'))
                  and pg_has_role(found_role.oid, c.relowner, 'MEMBER'::text))
     or exists (select from pg_proc p where p.pronamespace = to_regnamespace('switchboard')
                  and pg_has_role(found_role.oid, p.proowner, 'MEMBER'::text))
     or exists (select from pg_namespace n where n.nspname = 'switchboard'
                  and pg_has_role(found_role.oid, n.nspowner, 'MEMBER'::text))
     or exists (select from pg_database d where d.datname = current_database()
                  and pg_has_role(found_role.oid, d.datdba, 'MEMBER'::text)) then
    return 'owner';
  elsif exists (select from pg_roles r where r.rolbypassrls and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'bypasses_row_security';
  elsif exists (select from pg_roles r
                where (r.rolreplication
                       or r.rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                                        'pg_write_server_files', 'pg_execute_server_program'))
                  and pg_has_role(found_role.oid, r.oid, 'MEMBER'::text)) then
    return 'server_wide';
  elsif not found_role.rolcanlogin then
    return 'no_login';
  elsif exists (select from switchboard.logins l
                where l.login = found_role.rolname and l.login_oid = found_role.oid and l.removed_at is null) then
    return 'taken';
  end if;
  return null;
end
$$;


--
-- Name: login_scope(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.login_scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid, OUT vouches boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- What the session's login is mapped to, whether or not it says for whom it speaks.
declare
  known record;
begin
  everything := false;
  organizations := '{}';
  vouches := false;
  if row_security_active('switchboard.logins'::text) then
    -- Forced on the owner: no login would be found, and nobody be kept from anything.
    raise exception 'row security is forced on switchboard.logins'
      using errcode = 'insufficient_privilege', hint = 'Run `switchboard setup` as the owner.';
  end if;
  select l.user_id, l.sees_all, l.speaks_for_others into known
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  if found then
    everything := known.sees_all;
    person := known.user_id;
    vouches := known.speaks_for_others;
    if not everything then
      organizations := array(select o.organization_id from switchboard.login_organizations o
                             where o.login = session_user order by o.organization_id);
    end if;
  else
    everything := not exists (select from switchboard.logins) or switchboard.bypasses_scope();
  end if;
end
$$;


--
-- Name: map_login(text, uuid, text, uuid[], boolean, boolean, text, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.map_login(login text, person uuid, role text, organizations uuid[], sees_all boolean, speaks_for_others boolean, note text, connected_as text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
-- Makes a login a person, or (without a person) one that speaks for others. connected_as: the user that the caller's own
-- client connected with, for a pooler that makes several people one login. A login that was removed can be mapped anew,
-- and its row is then the new one. Fails with SB007 and DETAIL a code of refuse_login, with SB006 where the caller does
-- not see everything, with 22023 where role is none of the three or of person and speaks_for_others not just one is
-- given. Returns the id of the log's row.
#variable_conflict use_column
declare
  is_active boolean;
  called text;
begin
  perform switchboard.hold_logins();
  if map_login.role is null or map_login.role not in ('admin', 'support', 'auditor') then
    raise exception 'a role is admin, support or auditor' using errcode = 'invalid_parameter_value';
  elsif (person is null) is distinct from coalesce(map_login.speaks_for_others, false) then
    raise exception 'a login is a person, or speaks for others' using errcode = 'invalid_parameter_value';
  end if;
  perform switchboard.refuse_login(switchboard.login_refusal(map_login.login::text)::text);
  -- Supabase's pooler takes USER.PROJECT.
  perform switchboard.refuse_login(case
    when connected_as is null or session_user not in (connected_as, regexp_replace(connected_as, '\.[^.]*$', ''))
    then 'pooled' end::text);
  if not exists (select from switchboard.logins) and not switchboard.bypasses_scope() then
    perform switchboard.refuse_login('locks_you_out'::text);
  end if;
  if person is not null then
    select coalesce(bool_and(p.is_active), true), left(coalesce(min(p.email), min(p.name), person::text), 200)
    into is_active, called
    from switchboard.people p where p.id = person having count(*) > 0;
    perform switchboard.refuse_login(case when not found then 'unknown_person'
                                          when not is_active then 'inactive_person' end::text);
  end if;
  insert into switchboard.logins as l (login, login_oid, user_id, label, role, sees_all, speaks_for_others, note)
  values (map_login.login, to_regrole(quote_ident(map_login.login))::oid, person,
          called, map_login.role, coalesce(map_login.sees_all, false), coalesce(map_login.speaks_for_others, false), left(map_login.note, 500))
  on conflict (login) do update
  set login_oid = excluded.login_oid, user_id = excluded.user_id, label = excluded.label, role = excluded.role,
      sees_all = excluded.sees_all, speaks_for_others = excluded.speaks_for_others, note = excluded.note,
      added_by = session_user, added_at = clock_timestamp(), removed_at = null;
  perform switchboard.put_organizations(map_login.login::text, map_login.organizations::uuid[],
                                        coalesce(map_login.sees_all, false)::boolean);
  return switchboard.log_access(map_login.login::text, 'mapped'::text, null::jsonb,
                                switchboard.login_entry(map_login.login::text)::jsonb);
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
  if not found or not (switchboard.in_scope(integration.organization_id::uuid) or switchboard.is_of_another_program()) then
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
     ' WHERE ((details ->> ''source''::text) = ANY (ARRAY[''switchboard''::text, ''trigger''::text]))'),
    -- When a program last used an integration (switchboard.uses_of). By the day, since the server keeps entries that are
    -- alike once: 120 MB of 10,000,000 rows, 44 of 2,000,000, where by the moment it took 143.
    ('idx_integration_audit_logs_uses',
     '(organization_id, integration_type, action, "left"(split_part(COALESCE(user_agent::text, ''''::text), ''/''::text, 1), 40), '
     'date_trunc(''day''::text, timezone(''UTC''::text, created_at)) DESC NULLS LAST)', '')
  ) as w (name, columns, condition)
  where not exists (
    select from pg_index i
    -- Casts differ with the column's type (text or varchar), so definitions are compared without them.
    cross join lateral (select substring(pg_get_indexdef(i.indexrelid) from ' USING btree (.*)$') as present) d
    where i.indrelid = 'public.integration_audit_logs'::regclass and i.indisvalid
      and regexp_replace(d.present, '::text|[()]', '', 'g') = regexp_replace(w.columns || w.condition, '::text|[()]', '', 'g'))
  order by w.name
$_$;


--
-- Name: my_login(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.my_login(OUT login name, OUT is_mapped boolean, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT sees_all boolean, OUT speaks_for_others boolean, OUT organizations uuid[], OUT sees_everything boolean, OUT database_has_logins boolean, OUT is_active boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Who the session is. sees_all and organizations are what it is mapped to; sees_everything is also true of whoever scopes
-- do not concern, and of everybody while no login is mapped.
declare
  known record;
begin
  login := session_user;
  select l.user_id, l.role, l.sees_all, l.speaks_for_others into known
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  is_mapped := found;
  user_id := known.user_id;
  role := known.role;
  sees_all := known.sees_all;
  speaks_for_others := known.speaks_for_others;
  if user_id is not null then
    select p.email, p.name, coalesce(p.is_active, true) into email, name, is_active
    from switchboard.people p where p.id = known.user_id
    order by p.is_active desc nulls last limit 1;
  end if;
  select s.organizations into organizations from switchboard.login_scope() s;
  sees_everything := switchboard.sees_everything();
  database_has_logins := exists (select from switchboard.logins);
end
$$;


--
-- Name: names_somebody(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.names_somebody() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Whether a login that speaks for others says for whom. Who that is has to be looked up first, so any id will do; the log
-- says "vouched" of a person of the directory alone.
begin
  return switchboard.uuid_or_null(nullif(current_setting('switchboard.operator_id'::text, true), '')::text) is not null;
end
$$;


--
-- Name: note_check(uuid, jsonb, jsonb, jsonb); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Replaces what is remembered of an integration: state as hold_check gives it (never its changed_at), what is observed now
-- (number, name, value; null for what is no more), and the changes that are to be told (kind, number, value), each of which
-- the log has too. A time that is yet to come, since the clock was set back meanwhile, is taken for now. Fails with P0002
-- where there is no such integration, 22023 where there is too much of it, SB001 where more than 2000 changes of it were
-- noticed in an hour: of an account of 1,000 numbers some 700 are read in one, and all may be out.
declare
  known constant record := switchboard.checked_integration(of_integration::uuid);
  given switchboard.checks;
  change record;
  at constant timestamptz := clock_timestamp();
  long_ago constant timestamptz := 'epoch';
begin
  given := jsonb_populate_record(null::switchboard.checks, state);
  -- One that no program can read is none either. Not least(), to which null is no time at all.
  given.begun_at := case when given.begun_at not between long_ago and at then at else given.begun_at end;
  given.ended_at := case when given.ended_at not between long_ago and at then at else given.ended_at end;
  given.standing_since := case when given.standing_since not between long_ago and at then at else given.standing_since end;
  given.refused_at := case when given.refused_at not between long_ago and at then at else given.refused_at end;
  if jsonb_array_length(observed) > 10000 or jsonb_array_length(changes) > 1000 then
    raise exception 'at most 10000 observations and 1000 changes are noted at once'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into switchboard.checks as k
    (integration_id, begun_at, ended_at, outcome, standing, standing_since, refused_at, unknowns)
  values (of_integration, given.begun_at, given.ended_at, given.outcome, given.standing, given.standing_since,
          given.refused_at, coalesce(given.unknowns, 0))
  on conflict (integration_id) do update
  set begun_at = excluded.begun_at, ended_at = excluded.ended_at, outcome = excluded.outcome, standing = excluded.standing,
      standing_since = excluded.standing_since, refused_at = excluded.refused_at, unknowns = excluded.unknowns;
  insert into switchboard.observations as o (integration_id, number, name, value)
  select distinct on (left(w ->> 0, 100), left(w ->> 1, 200))
    of_integration, left(w ->> 0, 100), left(w ->> 1, 200), left(w ->> 2, 1000)
  from jsonb_array_elements(observed) as w where w ->> 2 is not null
  on conflict (integration_id, number, name) do update set value = excluded.value, at = clock_timestamp();
  delete from switchboard.observations o using jsonb_array_elements(observed) as w
  where o.integration_id = of_integration and w ->> 2 is null and o.number = left(w ->> 0, 100) and o.name = left(w ->> 1, 200);
  if jsonb_array_length(changes) = 0 then
    return;
  end if;
  if (select count(*) from switchboard.changes c
      where c.integration_id = of_integration and c.noticed_at > clock_timestamp() - interval '1 hour')
     + jsonb_array_length(changes) > 2000 then
    raise exception 'more than 2000 changes of one integration in an hour are refused' using errcode = 'SB001';
  end if;
  for change in
    insert into switchboard.changes as c (integration_id, organization_id, integration_type, kind, number, value)
    select of_integration, known.organization_id, known.integration_type, w ->> 0, left(w ->> 1, 100), left(w ->> 2, 1000)
    from jsonb_array_elements(changes) as w
    returning c.id, c.kind, c.number, c.value
  loop
    perform switchboard.write_log(known.organization_id::uuid, null::uuid, known.integration_type::text,
      'change_noticed'::text, 'success'::text,
      jsonb_strip_nulls(jsonb_build_object(
        'source', 'switchboard', 'integration_id', of_integration, 'change_id', change.id, 'change', change.kind,
        'number', nullif(change.number, ''), 'value', nullif(change.value, '')))::jsonb);
  end loop;
  delete from switchboard.changes where id in (
    select c.id from switchboard.changes c
    where c.integration_id = of_integration and c.told_at < clock_timestamp() - interval '90 days'
    order by c.place limit 100 for update skip locked);
end
$$;


--
-- Name: note_told(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.note_told(change_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Notes that somebody has heard of a change. Fails with P0002 where the login sees no such change.
declare
  organization uuid;
begin
  select c.organization_id into organization from switchboard.changes c where c.id = change_id;
  if not found or not switchboard.in_scope(organization::uuid) then
    raise exception 'there is no such change' using errcode = 'no_data_found';
  end if;
  update switchboard.changes c set told_at = clock_timestamp() where c.id = change_id and c.told_at is null;
end
$$;


--
-- Name: only_with_everything(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.only_with_everything() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Before a write of what is about the whole database: its keys, its seals, what counts against limits, what setup ran.
begin
  perform switchboard.require_everything_now(
    (case tg_table_name when 'keys' then 'records a key' when 'seals' then 'seals the log'
                        when 'schema_version' then 'says what setup has run'
                        else 'changes what counts against limits' end)::text);
  return null;
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
$$;


--
-- Name: person_label(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.person_label(person uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- What the log calls a person of the directory; null where that has none of this id, or cannot be read.
begin
  if person is null then
    return null;
  end if;
  return (select left(coalesce(min(p.email), min(p.name), person::text), 200)
          from switchboard.people p where p.id = person having count(*) > 0);
exception when others then
  return null;
end
$$;


--
-- Name: planned_everything(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.planned_everything() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select s.everything from switchboard.login_scope() s);
end
$$;


--
-- Name: planned_organizations(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.planned_organizations() RETURNS uuid[]
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select s.organizations from switchboard.login_scope() s);
end
$$;


--
-- Name: planned_scope(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.planned_scope() RETURNS text
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return switchboard.scope_as_text();
end
$$;


--
-- Name: planned_vouching(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.planned_vouching() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Whether this login sees something only while it names somebody: that, the policies ask while they run.
begin
  return (select s.vouches from switchboard.login_scope() s);
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: rotations; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.rotations (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    from_key text NOT NULL,
    from_salt bytea NOT NULL,
    to_key text NOT NULL,
    to_salt bytea NOT NULL,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    writing boolean DEFAULT false NOT NULL,
    finished_at timestamp with time zone
);


--
-- Name: TABLE rotations; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.rotations IS 'The rotation that the present transaction is, written by its own functions alone; the next one clears it. writing: while they write envelopes, which then leave no version and are marked in the log.';


--
-- Name: present_rotation(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.present_rotation() RETURNS switchboard.rotations
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  present switchboard.rotations;
begin
  select r.* into present from switchboard.rotations r where r.xid = pg_current_xact_id() and r.finished_at is null;
  if not found then
    raise exception 'this transaction is not a rotation' using errcode = 'SB004';
  end if;
  return present;
end
$$;


--
-- Name: put_organizations(text, uuid[], boolean); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.put_organizations(of_login text, organizations uuid[], sees_all boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  none constant boolean := coalesce(array_length(array_remove(organizations, null), 1), 0) = 0;
begin
  perform switchboard.refuse_login(case when none and not sees_all then 'no_scope'
                                        when not none and sees_all then 'two_scopes'
                                        when '00000000-0000-0000-0000-000000000000' = any (organizations)
                                        then 'no_organization' end::text);
  delete from switchboard.login_organizations o where o.login = of_login;
  insert into switchboard.login_organizations (login, organization_id)
  select distinct of_login, o.id from unnest(organizations) as o (id) where o.id is not null;
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
  printed constant text := pg_get_viewdef(relation);
  -- A dump keeps the comment, and before Postgres 16 a view of one table was printed with the table's alias at each
  -- column. Of other columns than these no such view was ever made.
  columns constant text := 'id|email|full_name|name|display_name|organization_id|is_active|is_deleted|deleted_at'
    || '|banned_until|raw_user_meta_data|label';
  printed_before_16 constant text := coalesce(regexp_replace(
    printed, '(?<![.''"]|AS )\m(' || columns || ')\M(?!'')', substring(printed from '\sFROM \w+\.\w+ (\w)\M') || '.\1', 'g'), '');
begin
  -- The comment alone proves nothing: whoever replaces the view keeps it.
  if relation is not null and coalesce(obj_description(relation, 'pg_class'), '') not in
       ('made by Switchboard ' || md5(printed), 'made by Switchboard ' || md5(printed_before_16)) then
    return;
  end if;
  execute format('create or replace view switchboard.%I as %s', name, query);
  execute format('comment on view switchboard.%I is %L', name,
                 'made by Switchboard ' || md5(pg_get_viewdef(to_regclass('switchboard.' || name))));
end
$$;


--
-- Name: record_archive(date, bigint, bytea, timestamp with time zone[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.record_archive(of_month date, rows_written bigint, file_sha256 bytea, hours_left_out timestamp with time zone[], OUT log_row uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
-- Notes that a month is in a file, and logs it; returns the row of the log, of an earlier call where that was the same file
-- and is the newest of the month. Fails with SB008 where the month is not wholly sealed, its seals have another number of
-- rows, or its rows are being removed already. Whether the file is what its digest says, its writer has to know.
declare
  starts constant timestamptz := of_month;
  ends constant timestamptz := of_month + interval '1 month';
  sealed record;
  newest switchboard.archives;
begin
  perform switchboard.require_everything_now('archives the log'::text);
  perform switchboard.require_past_month(of_month::date);
  perform switchboard.hold('archive'::text, ''::text);
  if exists (select from switchboard.removals r where r.month = of_month) then
    raise exception 'rows of % are removed already', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  if not exists (select from switchboard.seals s where s.hour >= ends - interval '1 hour' and isfinite(s.hour)) then
    raise exception 'the month % is not wholly sealed', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  select min(s.id) as first, max(s.id) as last,
         coalesce(sum(s.row_count) filter (where s.hour <> all (hours_left_out)), 0) as row_count
  into sealed
  from switchboard.seals s where s.hour >= starts and s.hour < ends;
  if sealed.row_count is distinct from rows_written then
    raise exception 'the seals of % have % rows, and the file %', to_char(of_month, 'YYYY-MM'), sealed.row_count, rows_written
      using errcode = 'SB008';
  end if;
  select a.* into newest from switchboard.archives a where a.month = of_month order by a.id desc limit 1;
  if newest.sha256 = file_sha256 and newest.left_out = hours_left_out then
    log_row := newest.log_row;
    return;
  end if;
  log_row := switchboard.write_log(null::uuid, null::uuid, null::text, 'log_archived'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'month', to_char(of_month, 'YYYY-MM'), 'rows', rows_written,
      'sha256', encode(file_sha256, 'hex'), 'first_seal', sealed.first, 'last_seal', sealed.last,
      'left_out', to_jsonb(hours_left_out))::jsonb);
  insert into switchboard.archives (month, row_count, sha256, left_out, first_seal, last_seal, log_row)
  values (of_month, rows_written, file_sha256, hours_left_out, sealed.first, sealed.last, log_row);
end
$$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- But for rows of an archived hour, while switchboard.remove_archived deletes them (020_archive.sql).
begin
  if tg_op = 'DELETE' and tg_table_schema <> 'switchboard' then
    if exists (select from switchboard.removals r
               where r.xid = pg_current_xact_id_if_assigned()
                 and old.created_at >= r.hour and old.created_at < r.hour + interval '1 hour') then
      return old;
    end if;
  end if;
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$$;


--
-- Name: refuse_foreign_person(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.refuse_foreign_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Whoever names an id makes it a person of an organisation: of a scoped login not one that another organisation knows. An
-- id with a label is for the primary key and the policies.
begin
  if not switchboard.sees_everything()
     and not exists (select from switchboard.people_labels l where l.id = new.id)
     and (exists (select from public.user_integration_permissions g
                  join public.integration_credentials c on c.id = g.integration_id
                  where g.user_id = new.id and not switchboard.in_scope(c.organization_id::uuid))
          or exists (select from public.organization_phone_numbers n
                     where n.assigned_to_user_id = new.id and not switchboard.in_scope(n.organization_id::uuid))) then
    raise exception 'the person % belongs to an organisation that the login % may not see', new.id, session_user
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;


--
-- Name: refuse_login(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.refuse_login(code text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Raises SB007 for each code that is not null: DETAIL is the code.
begin
  if code is not null then
    raise exception using errcode = 'SB007', detail = code, message = case code
      when 'unknown_role' then 'there is no role of this name'
      when 'own_row' then 'nobody changes what their own login is'
      when 'superuser' then 'a superuser is no one person'
      when 'program_role' then 'the role is one that programs use'
      when 'owner' then 'the role owns what protects the log, or is a member of a role that does'
      when 'bypasses_row_security' then 'row security does not concern the role, or one that it is a member of'
      when 'server_wide' then 'the role, or one that it is a member of, reads or writes past what is granted'
      when 'no_login' then 'nobody logs in with the role'
      when 'taken' then 'the login is a person already'
      when 'pooled' then 'a pooler on the way gives its own login to everybody, so that a login proves nothing here'
      when 'unknown_person' then 'the directory has no such person'
      when 'inactive_person' then 'the person is not active'
      when 'no_scope' then 'a login without an organisation, and not for all of them, sees nothing'
      when 'two_scopes' then 'a login for all organisations names none'
      when 'no_organization' then 'the nil UUID stands for no organisation'
      when 'locks_you_out' then 'this is the first login here that is mapped, and your own is none: you would see nothing any more'
      when 'not_mapped' then 'the login is nobody''s here'
    end;
  end if;
end
$$;


--
-- Name: remember_integration(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.remember_integration() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- On a cascade the parent is gone before its children are logged: what they need of it is kept here.
begin
  if tg_op <> 'DELETE' then
    -- Used as a trigger of another event, it would swallow what is written.
    raise exception 'this remembers what is deleted, and nothing else' using errcode = 'feature_not_supported';
  end if;
  if tg_level = 'STATEMENT' then
    -- What ended transactions left; without waiting for whoever does the same, and only where a row that is gone by now
    -- is no failure.
    if current_setting('transaction_isolation'::text) in ('read committed', 'read uncommitted') then
      delete from switchboard.deleted_integrations
      where (xid, id) in (
        select d.xid, d.id from switchboard.deleted_integrations d
        where d.xid < pg_snapshot_xmin(pg_current_snapshot()) for update skip locked);
    end if;
    return null;
  end if;
  if old.id is not null then
    insert into switchboard.deleted_integrations (xid, id, organization_id, integration_type)
    values (pg_current_xact_id(), old.id::text, old.organization_id::text, old.integration_type::text)
    on conflict (xid, id) do update
      set organization_id = excluded.organization_id, integration_type = excluded.integration_type;
  end if;
  return old;
end
$$;


--
-- Name: remove_archived(date, timestamp with time zone, bigint); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.remove_archived(of_month date, from_hour timestamp with time zone, most_rows bigint, OUT rows_removed bigint, OUT next_hour timestamp with time zone, OUT hours_left timestamp with time zone[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
-- For the owner alone: removes the rows of an archived month from an hour on, whole hours until there are most_rows of them.
-- What is deleted is counted and digested in the statement that deletes it: an hour that is not as its seal says, since a
-- row came late or was altered, stays whole and is among hours_left. next_hour: where the next call goes on, null at the end.
-- Fails with SB008 where the month is not archived, or the row of the log that says so is not under a seal yet.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  ends constant timestamptz := of_month + interval '1 month';
  archive switchboard.archives;
  sealed record;
  gone record;
  others text;
  hours bigint := 0;
  first_hour timestamptz;
  last_hour timestamptz;
begin
  if not pg_has_role(caller, (select c.relowner from pg_class c where c.oid = 'public.integration_audit_logs'::regclass),
                     'USAGE'::text) then
    raise exception 'the role % does not own the log', caller using errcode = 'insufficient_privilege';
  end if;
  perform switchboard.require_everything_now('removes rows of the log'::text);
  perform switchboard.require_past_month(of_month::date);
  perform switchboard.hold('archive'::text, ''::text);
  rows_removed := 0;
  hours_left := '{}';
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into others from pg_attribute a
  where a.attrelid = 'public.integration_audit_logs'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and a.attname not in ('id', 'organization_id', 'user_id', 'integration_type', 'action', 'status', 'details', 'ip_address',
                          'user_agent', 'created_at');
  if others is not null then
    raise exception 'the log has columns that no file of an archive has: %', others using errcode = 'SB008';
  end if;
  select a.* into archive from switchboard.archives a where a.month = of_month order by a.id desc limit 1;
  if not found then
    raise exception 'the month % is not archived', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  if not exists (select from switchboard.seals s
                 where s.hour >= date_trunc('hour', archive.archived_at) and isfinite(s.hour)) then
    raise exception 'that % is archived is not under a seal yet', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;
  if not exists (select from public.integration_audit_logs l
                 where l.id = archive.log_row and l.action = 'log_archived'
                   -- An adopted log may have no index on its ids.
                   and l.created_at between archive.archived_at - interval '1 minute'
                                        and archive.archived_at + interval '1 minute'
                   and l.details ->> 'month' = to_char(of_month, 'YYYY-MM')
                   and l.details ->> 'sha256' = encode(archive.sha256, 'hex'))
     and not exists (select from switchboard.removals r where r.month = of_month) then
    raise exception 'the log does not say that % was archived', to_char(of_month, 'YYYY-MM') using errcode = 'SB008';
  end if;

  for sealed in
    select s.hour, s.row_count, s.digest, s.root is not null as is_tree from switchboard.seals s
    where s.hour >= greatest(of_month, from_hour) and s.hour < ends and s.row_count > 0
      and s.id between archive.first_seal and archive.last_seal and s.hour <> all (archive.left_out)
    order by s.hour
  loop
    if rows_removed >= most_rows then
      next_hour := sealed.hour;
      exit;
    end if;
    continue when not exists (select from public.integration_audit_logs l
                              where l.created_at >= sealed.hour and l.created_at < sealed.hour + interval '1 hour');
    begin
      insert into switchboard.removals as r (month, xid, hour) values (of_month, pg_current_xact_id(), sealed.hour)
      on conflict (month) do update set xid = excluded.xid, hour = excluded.hour;
      perform switchboard.keep_openings(sealed.hour::timestamptz);
      perform switchboard.keep_acts(sealed.hour::timestamptz);
      with deleted as (
        delete from public.integration_audit_logs l
        where l.created_at >= sealed.hour and l.created_at < sealed.hour + interval '1 hour'
        returning l.created_at, coalesce(l.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as id,
          -- The leaf of a row, as in tui/data/seals/hours.py; that of a tree begins with a zero byte.
          sha256(case when sealed.is_tree then '\x00'::bytea else ''::bytea end || convert_to(jsonb_build_array(
            l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details, host(l.ip_address),
            l.user_agent, trunc(extract(epoch from l.created_at) * 1000000))::text, 'UTF8')) as leaf)
      select count(*) as row_count, sha256(string_agg(d.leaf, ''::bytea order by d.created_at, d.id, d.leaf)) as digest
      into gone from deleted d;
      if gone.row_count <> sealed.row_count or gone.digest is distinct from sealed.digest then
        raise exception using errcode = 'SB0OK';
      end if;
      update switchboard.removals r set xid = null, hour = null, row_count = r.row_count + gone.row_count,
        last_at = clock_timestamp() where r.month = of_month;
      rows_removed := rows_removed + gone.row_count;
      hours := hours + 1;
      first_hour := coalesce(first_hour, sealed.hour);
      last_hour := sealed.hour;
    exception when sqlstate 'SB0OK' then
      hours_left := hours_left || sealed.hour;
    end;
  end loop;
  if hours > 0 then
    perform switchboard.write_log(null::uuid, null::uuid, null::text, 'log_archived'::text, 'success'::text,
      jsonb_build_object('source', 'switchboard', 'month', to_char(of_month, 'YYYY-MM'), 'removed', rows_removed,
        'hours', hours, 'first_hour', first_hour, 'last_hour', last_hour, 'hours_left', to_jsonb(hours_left),
        'sha256', encode(archive.sha256, 'hex'))::jsonb);
  end if;
end
$$;


--
-- Name: remove_login(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.remove_login(login text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Makes a login nobody's. Its row stays, with the oid and when. Fails as map_login does.
declare
  held constant text := switchboard.hold_login(remove_login.login::text);
begin
  update switchboard.logins l set removed_at = clock_timestamp() where l.login = held;
  return switchboard.log_access(held::text, 'removed'::text, switchboard.login_entry(held::text)::jsonb, null::jsonb);
end
$$;


--
-- Name: require_everything(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.require_everything(act text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- For what is right only over the whole database. Fails with SB006; act says what it is about ("seals the log").
begin
  if not switchboard.sees_everything() then
    raise exception 'the login % sees a part of the organisations, and only one that sees them all %', session_user, act
      using errcode = 'SB006', hint = 'Let somebody do it whose login sees every organisation.';
  end if;
end
$$;


--
-- Name: require_everything_now(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.require_everything_now(act text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET exit_on_error TO 'off'
    AS $$
-- As require_everything, before a write: a transaction whose snapshot is older than a change of the logins fails (40001),
-- in place of writing what its login was allowed once. The lock that tells is given up at once: whoever holds a
-- transaction open keeps nobody from removing their login.
begin
  begin
    perform from switchboard.locks l where l.what = 'logins' and l.key = '' for share skip locked;
    raise exception using errcode = 'SB0OK';
  exception when sqlstate 'SB0OK' then
    null;
  end;
  perform switchboard.require_everything(act::text);
end
$$;


--
-- Name: require_finished_rotation(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.require_finished_rotation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (select from switchboard.rotations r where r.xid = new.xid and r.finished_at is null) then
    raise exception 'a rotation ends with finish_rotation, or not at all' using errcode = 'SB004';
  end if;
  return null;
end
$$;


--
-- Name: require_organization(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.require_organization(organization uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Fails with 42501 where the organisation is not in the scope of the login.
begin
  if not switchboard.in_scope(organization::uuid) then
    raise exception 'the organisation % is not one that the login % may see', organization, session_user
      using errcode = 'insufficient_privilege';
  end if;
end
$$;


--
-- Name: require_past_month(date); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.require_past_month(of_month date) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Limits are counted by the running month, and reports look back into the one before it.
begin
  if of_month is null or extract(day from of_month) <> 1 or of_month < '0001-01-01' then
    raise exception 'a month is named by its first day' using errcode = 'invalid_parameter_value';
  elsif of_month >= (date_trunc('month', now(), 'UTC') at time zone 'UTC')::date - interval '1 month' then
    raise exception 'the month % stays in the log: it is the running one, or the one before', to_char(of_month, 'YYYY-MM')
      using errcode = 'SB008';
  end if;
end
$$;


--
-- Name: retire_key(text, bigint); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.retire_key(retiring text, legacy_read bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- legacy_read: how many legacy envelopes the caller has opened with other keys, in this transaction after
-- hold_envelopes. Fails with SB004 where that is not all of them or an envelope names the key, and with SB005 where the
-- key is not decrypt-only.
declare
  needed bigint;
  legacy bigint;
begin
  perform switchboard.hold_envelopes();
  if not exists (select from switchboard.keys k
                 where k.key_id = retiring and k.purpose = 'master' and k.state = 'decrypt-only') then
    raise exception 'the key % is not decrypt-only', retiring using errcode = 'SB005';
  end if;
  select count(*) filter (where e.envelope like 'sb2.%' and split_part(e.envelope, '.', 2) = retiring),
         count(*) filter (where switchboard.envelope_format(e.envelope::text) = 'legacy')
  into needed, legacy
  from (select c.credentials_encrypted as envelope from public.integration_credentials c
        union all select v.envelope from switchboard.credential_versions v) as e;
  if needed > 0 then
    raise exception '% envelopes still need the key %', needed, retiring using errcode = 'SB004';
  elsif legacy is distinct from legacy_read then
    -- Nobody has written since hold_envelopes.
    raise exception 'row security of another program hides legacy envelopes from the login %', session_user
      using errcode = 'SB004';
  end if;
  update switchboard.keys k set state = 'retired' where k.key_id = retiring;
  perform switchboard.write_log(null::uuid, null::uuid, null::text, 'key_retired'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'key_id', retiring)::jsonb);
end
$$;


--
-- Name: rotate_credentials(uuid[], text[], text[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.rotate_credentials(ids uuid[], seen text[], sealed text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Replaces envelopes that are still what was seen, and nothing else of their rows; returns how many.
declare
  written bigint;
begin
  perform switchboard.begin_writing(sealed::text[]);
  update public.integration_credentials c set credentials_encrypted = n.sealed
  from unnest(ids, seen, sealed) as n (id, seen, sealed)
  where c.id = n.id and c.credentials_encrypted = n.seen;
  get diagnostics written = row_count;
  update switchboard.rotations r set writing = false where r.xid = pg_current_xact_id();
  return written;
end
$$;


--
-- Name: rotate_versions(bigint[], text[], text[]); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.rotate_versions(ids bigint[], seen text[], sealed text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  written bigint;
begin
  perform switchboard.begin_writing(sealed::text[]);
  update switchboard.credential_versions v set envelope = n.sealed
  from unnest(ids, seen, sealed) as n (id, seen, sealed)
  where v.id = n.id and v.envelope = n.seen;
  get diagnostics written = row_count;
  update switchboard.rotations r set writing = false where r.xid = pg_current_xact_id();
  return written;
end
$$;


--
-- Name: same_scope(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.same_scope(planned text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Asked once for each statement. The policies take any answer (IS NOT UNKNOWN): as a condition of its own it would halve
-- what the planner expects of the rest.
begin
  if planned is distinct from switchboard.scope_as_text() then
    raise exception 'what this login sees has changed since the statement was planned'
      using errcode = 'serialization_failure';
  end if;
  return true;
end
$$;


--
-- Name: scope(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- What the session may see now. A login that speaks for others sees nothing while it names nobody.
declare
  vouches boolean;
begin
  select s.everything, s.organizations, s.person, s.vouches into everything, organizations, person, vouches
  from switchboard.login_scope() s;
  if vouches and not switchboard.names_somebody() then
    everything := false;
    organizations := '{}';
  end if;
end
$$;


--
-- Name: scope_as_text(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.scope_as_text() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select concat_ws(' ', to_regrole(quote_ident(session_user))::oid, s.everything, s.vouches, s.organizations)
          from switchboard.login_scope() s);
end
$$;


--
-- Name: scoped_integrations(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.scoped_integrations() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The integrations of the organisations in the session's scope, for policies of what hangs on them. A policy that read the
-- table itself would go round in a circle for a member of `authenticated`, whose policy there reads permissions.
begin
  return query select c.id from public.integration_credentials c
               where c.organization_id = any (switchboard.visible_organizations());
end
$$;


--
-- Name: sees_everything(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.sees_everything() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select s.everything from switchboard.scope() s);
end
$$;


--
-- Name: setting(text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.setting(wanted text) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce((select s.value from switchboard.settings s where s.name = wanted),
                  case wanted when 'versions_kept' then 10 when 'versions_days' then 90 when 'log_months' then 0 end)
$$;


--
-- Name: take_lock(text, uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.take_lock(what text, organization_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- Lets one console at a time change the numbers, the primary number or the permissions of an organisation, or make
-- seals (of no organisation). Only for whoever may add rows to that table anyway: nobody else can keep them waiting.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  relation constant text := case what when 'numbers' then 'public.organization_phone_numbers'
                                      when 'primary' then 'public.organization_phone_numbers'
                                      when 'permissions' then 'public.user_integration_permissions'
                                      when 'seals' then 'switchboard.seals' end;
begin
  if relation is null then
    raise exception 'what is locked is numbers, primary, permissions or seals' using errcode = 'invalid_parameter_value';
  end if;
  if not has_table_privilege(caller, relation::text, 'INSERT'::text) then
    raise exception 'the role % adds no rows to %', caller, relation using errcode = 'insufficient_privilege';
  end if;
  if what = 'seals' then
    perform switchboard.require_everything_now('seals the log'::text);
  else
    perform switchboard.require_organization(organization_id::uuid);
  end if;
  perform switchboard.hold(what::text, switchboard.lock_key(organization_id::text)::text);
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
-- Name: uses_of(uuid); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.uses_of(of_integration uuid) RETURNS TABLE(action text, program text, at timestamp with time zone, user_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- What other programs have logged of the organisation and the type of an integration in the scope of the login: the newest
-- row of each action that is none of Switchboard's and each program, which is what a user agent says before its first slash.
-- Nothing where there is no such integration. In leaps along idx_integration_audit_logs_uses, at most 500 of them, and with
-- the owner's rights: under a policy that index would lead no further than to the type.
#variable_conflict use_column
declare
  known record;
  own constant text[] := array(select a.name from switchboard.actions() a);
  tomorrow constant timestamp := date_trunc('day'::text, timezone('UTC'::text, now())) + interval '1 day';
  newest record;
  left_over integer := 500;
  of_action text := '';
  of_program text;
begin
  select c.organization_id, c.integration_type into known
  from public.integration_credentials c where c.id = of_integration;
  if not found or not switchboard.in_scope(known.organization_id::uuid) then
    return;
  end if;
  while left_over > 0
  loop
    select l.action, "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) into of_action, of_program
    from public.integration_audit_logs l
    where l.organization_id = known.organization_id and l.integration_type = known.integration_type
      and l.action > of_action
    order by l.action, "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) limit 1;
    exit when not found;
    left_over := left_over - 1;
    while left_over > 0 and of_action <> all (own)
    loop
      -- The rows of its last day, in whatever order of time; what a wrong clock has dated ahead would hide them.
      select l.created_at, l.user_id into newest
      from public.integration_audit_logs l
      where l.organization_id = known.organization_id and l.integration_type = known.integration_type
        and l.action = of_action
        and "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) = of_program
        and date_trunc('day'::text, timezone('UTC'::text, l.created_at)) <= tomorrow
      order by date_trunc('day'::text, timezone('UTC'::text, l.created_at)) desc nulls last, l.created_at desc limit 1;
      if found then
        return query values (of_action, of_program, newest.created_at, newest.user_id);
      end if;
      left_over := left_over - 1;
      select "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) into of_program
      from public.integration_audit_logs l
      where l.organization_id = known.organization_id and l.integration_type = known.integration_type
        and l.action = of_action
        and "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) > of_program
      order by "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) limit 1;
      exit when not found;
    end loop;
  end loop;
  -- What was removed from the log (020_archive.sql), of which it has no later row.
  return query
    select o.details ->> 'action', o.details ->> 'program', o.at, switchboard.uuid_or_null((o.details ->> 'user_id')::text)
    from switchboard.openings o
    where o.organization_id = known.organization_id and o.integration_type = known.integration_type and o.kind = 'used'
      and not exists (
        select from public.integration_audit_logs l
        where l.organization_id = known.organization_id and l.integration_type = known.integration_type
          and l.action = o.details ->> 'action'
          and "left"(split_part(coalesce(l.user_agent::text, ''::text), '/'::text, 1), 40) = o.details ->> 'program'
          and l.created_at > o.at)
    limit 500;
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
-- Name: version_of(text, text); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.version_of(of_row text, content text) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The version that this envelope was kept as: no two encryptions give the same text.
begin
  return (select max(v.id) from switchboard.credential_versions v
          where v.credential_id = switchboard.uuid_or_null(of_row::text) and v.envelope = content);
end
$$;


--
-- Name: visible_organizations(); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.visible_organizations() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- The organisations of a login that does not see everything; {} for one that does.
begin
  return (select s.organizations from switchboard.scope() s);
end
$$;


--
-- Name: write_log(uuid, uuid, text, text, text, jsonb); Type: FUNCTION; Schema: switchboard; Owner: -
--

CREATE FUNCTION switchboard.write_log(organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
-- user_id: whom the row itself names, for a change by another program. Adds to details who it was and the evidence.
-- operator_from: login (a mapped login is its person, whatever the client claims: a different claim is kept in claimed),
-- vouched (a login that speaks for others says for whom, and the directory knows them: operator is what it calls them),
-- claim (the client says so), row, nobody; user_from, of a change of a row, whether user_id is the operator's or the row's.
-- operator of a claim and operation_id are what the client claims, the rest is what the server knows. Never fails for want
-- of a value: a row without an organisation gets the nil UUID, without a type 'none'.
-- No row becomes large: details have at most 16 kB as text, evidence included; cut tells how many bytes there were.
declare
  row_id constant uuid := gen_random_uuid();
  claimed_address constant text := nullif(current_setting('switchboard.source_address'::text, true), '');
  client_address constant inet := inet_client_addr();
  told jsonb := details - array['operator', 'operator_from', 'claimed', 'user_from', 'operation_id', 'undo_of',
                                'session_user', 'role', 'client_address', 'xid'];
  claim constant text := nullif(current_setting('switchboard.operator_id'::text, true), '');
  -- Of an id that is none there is no claim: it aborts nobody's write.
  claimed_id constant uuid := case when claim is not null then switchboard.uuid_or_null(claim::text) end;
  operator text := nullif(left(current_setting('switchboard.operator_label'::text, true), 200), '');
  operator_id uuid;
  operator_from text;
  claimed jsonb;
  vouched_for text;
  login record;
begin
  select l.user_id, l.label, l.speaks_for_others into login
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  if login.user_id is not null then
    if claimed_id <> login.user_id or claimed_id is null and lower(operator) <> lower(login.label) then
      claimed := jsonb_strip_nulls(jsonb_build_object('user_id', claimed_id, 'operator', left(operator, 100)));
    end if;
    operator_id := login.user_id;
    operator := login.label;
    operator_from := 'login';
  else
    if login.speaks_for_others then
      vouched_for := switchboard.person_label(claimed_id::uuid);
      operator := coalesce(vouched_for, operator);
    end if;
    operator_id := coalesce(claimed_id, user_id);
    operator_from := case when vouched_for is not null then 'vouched'
                          when claimed_id is not null then 'claim'
                          when user_id is not null then 'row'
                          when operator is not null then 'claim' else 'nobody' end;
  end if;
  -- By the text: as jsonb a number of 100,000 digits takes ten bytes.
  if octet_length(told::text) > 13000 then
    told := switchboard.bounded(told::jsonb, 12950::integer, 4::integer)
      || jsonb_build_object('cut', jsonb_build_object('bytes', octet_length(told::text)));
  end if;
  insert into public.integration_audit_logs
    (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
  values (
    row_id,
    coalesce(organization_id, '00000000-0000-0000-0000-000000000000'),
    operator_id,
    left(coalesce(integration_type, 'none'), 50),
    left(action, 100),
    left(status, 50),
    told || jsonb_strip_nulls(jsonb_build_object(
      'operator', operator,
      'operator_from', operator_from,
      'claimed', claimed,
      'user_from', case when told ->> 'source' = 'trigger'
                        then case when operator_id is null then 'nobody' when operator_from = 'row' then 'row'
                                  else 'operator' end end,
      'operation_id', nullif(left(current_setting('switchboard.operation_id'::text, true), 100), ''),
      'undo_of', nullif(left(current_setting('switchboard.undo_of'::text, true), 100), ''),
      'session_user', session_user,
      'role', coalesce(nullif(current_setting('role'::text, true), 'none'), session_user),
      'client_address', host(client_address),
      'xid', pg_current_xact_id()::text)),
    case when claimed_address is null then client_address
         else coalesce(switchboard.inet_or_null(claimed_address::text), client_address) end,
    coalesce(nullif(left(current_setting('switchboard.user_agent'::text, true), 500), ''),
             nullif(current_setting('application_name'::text, true), ''), ''),
    clock_timestamp());
  return row_id;
end
$$;


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
-- Name: accepted; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.accepted (
    object text NOT NULL,
    definition text NOT NULL,
    log_row uuid NOT NULL,
    accepted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    accepted_by text DEFAULT SESSION_USER NOT NULL,
    operator text
);


--
-- Name: TABLE accepted; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.accepted IS 'Objects of others that are known and harmless: kind and name, the SHA-256 of the definition, and the row of the log that says so, without which an acceptance does not count. Written by switchboard.accept.';


--
-- Name: archives; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.archives (
    id bigint NOT NULL,
    month date NOT NULL,
    row_count bigint NOT NULL,
    sha256 bytea NOT NULL,
    left_out timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    first_seal bigint NOT NULL,
    last_seal bigint NOT NULL,
    log_row uuid NOT NULL,
    archived_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    archived_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT archives_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    CONSTRAINT archives_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT archives_sha256_check CHECK ((octet_length(sha256) = 32))
);


--
-- Name: TABLE archives; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.archives IS 'Months of the log that were written to a file: its SHA-256, how many rows, the first and the last of their seals, the row of the log that says so. left_out: hours that were not as sealed, of which no row is in the file. Append-only; a month may be there more than once, and the newest counts.';


--
-- Name: archives_id_seq; Type: SEQUENCE; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.archives ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME switchboard.archives_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: changes; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.changes (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    place bigint NOT NULL,
    integration_id uuid NOT NULL,
    organization_id uuid,
    integration_type text,
    kind text NOT NULL,
    number text DEFAULT ''::text NOT NULL,
    value text DEFAULT ''::text NOT NULL,
    noticed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    claimed_at timestamp with time zone,
    told_at timestamp with time zone,
    CONSTRAINT changes_kind_check CHECK ((kind = ANY (ARRAY['broke'::text, 'recovered'::text, 'cut_off'::text, 'permission_expiring'::text, 'balance_low'::text, 'balance_recovered'::text, 'number_outage'::text, 'number_recovered'::text])))
);


--
-- Name: TABLE changes; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.changes IS 'What `switchboard check` tells, each once, or again with the same id where the process ended between telling and noting it. claimed_at: since when somebody is telling it, for two minutes. What was told is kept for 90 days.';


--
-- Name: changes_place_seq; Type: SEQUENCE; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.changes ALTER COLUMN place ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME switchboard.changes_place_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: checks; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.checks (
    integration_id uuid NOT NULL,
    begun_at timestamp with time zone,
    ended_at timestamp with time zone,
    outcome text,
    standing text,
    standing_since timestamp with time zone,
    refused_at timestamp with time zone,
    changed_at timestamp with time zone,
    unknowns integer DEFAULT 0 NOT NULL,
    CONSTRAINT checks_outcome_check CHECK ((outcome = ANY (ARRAY['verified'::text, 'refused'::text, 'unknown'::text]))),
    CONSTRAINT checks_standing_check CHECK ((standing = ANY (ARRAY['verified'::text, 'refused'::text, 'cut off'::text])))
);


--
-- Name: TABLE checks; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.checks IS 'What is remembered of each integration that is checked. begun_at without an ended_at after it: a check that goes on, or that was cut off and counts as a refused login. changed_at: when the content of the envelope was last changed, by something other than a rotation. No foreign key: an integration that is restored is known again.';


--
-- Name: credential_versions; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.credential_versions (
    id bigint NOT NULL,
    credential_id uuid NOT NULL,
    organization_id uuid,
    integration_type text,
    envelope text,
    kind text NOT NULL,
    fields text[],
    was_verified boolean,
    verified_at timestamp with time zone,
    user_id uuid,
    operator text,
    operator_from text,
    operation_id text,
    replaced_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    replaced_by text DEFAULT SESSION_USER NOT NULL,
    dependents jsonb,
    CONSTRAINT credential_versions_kind_check CHECK ((kind = ANY (ARRAY['updated'::text, 'deleted'::text])))
);


--
-- Name: TABLE credential_versions; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.credential_versions IS 'Envelopes that an update or a delete replaced, each still bound to its row. was_verified, verified_at: what the row said then. user_id, operator, operation_id, fields: what the client claims of the change, the first two of a mapped login never (operator_from is then login; vouched of one that speaks for others); replaced_by: its login. dependents: of a deleted row, all its columns, its permissions and its phone numbers. No foreign key: a delete leaves them.';


--
-- Name: credential_versions_id_seq; Type: SEQUENCE; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.credential_versions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME switchboard.credential_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: deleted_integrations; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.deleted_integrations (
    xid xid8 NOT NULL,
    id text NOT NULL,
    organization_id text,
    integration_type text
);


--
-- Name: TABLE deleted_integrations; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.deleted_integrations IS 'What the log needs of an integration to name its children, which a cascade deletes after it. Rows are of use only within their transaction; the next deletion clears those of transactions that have ended.';


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
    CONSTRAINT keys_state_check CHECK ((state = ANY (ARRAY['active'::text, 'decrypt-only'::text, 'retired'::text])))
);


--
-- Name: TABLE keys; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.keys IS 'Records of the keys in use: never a key itself, only its id, its salt, or the public half of a sealing key. Of the master keys one is active; those before it are decrypt-only, until nothing needs them and they are retired.';


--
-- Name: locks; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.locks (
    what text NOT NULL,
    key text NOT NULL,
    taken_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    uses integer DEFAULT 1 NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


--
-- Name: TABLE locks; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.locks IS 'What one transaction at a time may do, a row for each. Nobody but our own functions can lock one: the key of an advisory lock can be computed and held by everybody. uses, since: how often it was taken in these five minutes.';


--
-- Name: login_organizations; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.login_organizations (
    login name NOT NULL,
    organization_id uuid NOT NULL
);


--
-- Name: logins; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.logins (
    login name NOT NULL,
    login_oid oid NOT NULL,
    user_id uuid,
    label text,
    role text NOT NULL,
    sees_all boolean DEFAULT false NOT NULL,
    speaks_for_others boolean DEFAULT false NOT NULL,
    note text,
    added_by text DEFAULT SESSION_USER NOT NULL,
    added_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT logins_check CHECK (((user_id IS NULL) = speaks_for_others)),
    CONSTRAINT logins_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'support'::text, 'auditor'::text])))
);


--
-- Name: TABLE logins; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.logins IS 'Logins of this server that are people here, written by switchboard.map_login, edit_login and remove_login. One counts where name and oid are those of the session: a role that was renamed, or dropped and made anew, is another login. label: what the person was called when mapped, for the log. Once there is a row, even a removed one, members of the groups who are not mapped see nothing.';


--
-- Name: observations; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.observations (
    integration_id uuid NOT NULL,
    number text DEFAULT ''::text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


--
-- Name: TABLE observations; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.observations IS 'The newest value of each thing that a provider said of an account (number '''') or of one of its phone numbers, and when.';


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
-- Name: openings; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.openings (
    organization_id uuid NOT NULL,
    integration_type text NOT NULL,
    kind text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    user_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    since timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL,
    times bigint DEFAULT 1 NOT NULL,
    proven boolean DEFAULT false NOT NULL,
    details jsonb,
    CONSTRAINT openings_kind_check CHECK ((kind = ANY (ARRAY['revealed'::text, 'copied'::text, 'lent'::text, 'typed'::text, 'changed'::text, 'tested'::text, 'unreached'::text, 'opened'::text, 'used'::text])))
);


--
-- Name: TABLE openings; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.openings IS 'What reports need of rows that were removed from the log. revealed, copied, lent, typed: the newest by each person (the nil UUID: nobody was named) of each field (subject; '''' where none was named), of each content that the field has had: since is when it was put there. changed: each change of a credential (subject: its row), without who it was. tested: the newest test of each integration (subject: its row, '''' where none was named) that came to a judgement; unreached: the first after it that reached no provider. opened, used: the newest opening of each integration, and the newest row of each action and program of others.';


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
-- Name: removals; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.removals (
    month date NOT NULL,
    row_count bigint DEFAULT 0 NOT NULL,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    removed_by text DEFAULT SESSION_USER NOT NULL,
    xid xid8,
    hour timestamp with time zone
);


--
-- Name: TABLE removals; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.removals IS 'Months whose rows are being removed from the log, or have been, and how many so far. xid, hour: the transaction that removes rows at this moment, and the hour that they are of, which is all that switchboard.refuse_change lets go.';


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
    root bytea,
    block_roots bytea,
    checkpoint text,
    subtrees bytea,
    CONSTRAINT seals_check CHECK ((octet_length(row_list) = (row_count * 24))),
    CONSTRAINT seals_check1 CHECK ((octet_length(block_roots) = (((row_count + 4095) / 4096) * 32))),
    CONSTRAINT seals_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT seals_hour_check CHECK (((hour IS NULL) OR ((EXTRACT(epoch FROM hour) % (3600)::numeric) = (0)::numeric))),
    CONSTRAINT seals_previous_check CHECK ((octet_length(previous) = 32)),
    CONSTRAINT seals_root_check CHECK ((octet_length(root) = 32)),
    CONSTRAINT seals_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT seals_signature_check CHECK ((octet_length(signature) = 64))
);


--
-- Name: TABLE seals; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.seals IS 'Signed digests of the log, one per hour in UTC; hour is null for the rows whose created_at is null or infinite. previous is the SHA-256 of the seal before, null in the first. row_list: id and the first 8 bytes of the leaf of each row, in their order. root: of the RFC 6962 tree over the rows, null in seals of version 1. block_roots: of an hour without a row_list the root of every 4096 rows. checkpoint: a signed note over all seals up to this one. subtrees: the roots of the whole subtrees that its root is made of, the largest first.';


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
-- Name: settings; Type: TABLE; Schema: switchboard; Owner: -
--

CREATE TABLE switchboard.settings (
    name text NOT NULL,
    value integer,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_by text DEFAULT SESSION_USER NOT NULL,
    text_value text,
    CONSTRAINT settings_number_or_text CHECK (((value IS NULL) <> (text_value IS NULL)))
);


--
-- Name: TABLE settings; Type: COMMENT; Schema: switchboard; Owner: -
--

COMMENT ON TABLE switchboard.settings IS 'What differs from the defaults that switchboard.setting() knows; written by switchboard.change_setting, which logs it. origin: what checkpoints call this log, made once.';


--
-- Name: visible_organizations; Type: VIEW; Schema: switchboard; Owner: -
--

CREATE VIEW switchboard.visible_organizations WITH (security_barrier='true') AS
 SELECT o.id,
    o.name
   FROM (switchboard.organizations o
     CROSS JOIN switchboard.scope() s(everything, organizations, person))
  WHERE (s.everything OR (o.id = ANY (s.organizations)));


--
-- Name: visible_people; Type: VIEW; Schema: switchboard; Owner: -
--

CREATE VIEW switchboard.visible_people WITH (security_barrier='true') AS
 SELECT p.id,
    p.email,
    p.name,
    p.organization_id,
    p.is_active
   FROM (switchboard.people p
     CROSS JOIN switchboard.scope() s(everything, organizations, person))
  WHERE (s.everything OR (p.organization_id = ANY (s.organizations)) OR (p.id = s.person) OR ((p.organization_id IS NULL) AND ((EXISTS ( SELECT
           FROM public.organization_phone_numbers n
          WHERE ((n.assigned_to_user_id = p.id) AND (n.organization_id = ANY (s.organizations))))) OR (EXISTS ( SELECT
           FROM (public.user_integration_permissions g
             JOIN public.integration_credentials c ON ((c.id = g.integration_id)))
          WHERE ((g.user_id = p.id) AND (c.organization_id = ANY (s.organizations))))))));


--
-- Data for Name: integration_audit_logs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.integration_audit_logs VALUES ('09e92787-a726-4481-b0cc-53436bf1e8c1', '00000000-0000-0000-0000-000000000000', NULL, 'none', 'schema_changed', 'success', '{"xid": "753", "made": 638, "role": "postgres", "source": "switchboard", "changed": 0, "operator": "a release", "operation_id": "04b1add7-65f3-4cb8-a2a2-0a1373750845", "session_user": "postgres", "operator_from": "claim", "roles_created": ["switchboard_admin", "switchboard_support", "switchboard_auditor"], "schema_number": 20, "starting_shape": "nothing"}', NULL, '', '2026-11-30 09:16:52.419582+00');
INSERT INTO public.integration_audit_logs VALUES ('4b1a2eb4-34c1-4b4f-921c-3ae81c123741', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'credential_created', 'success', '{"row": {"id": "7c974ce7-6677-4541-8cae-e09ed1d03141", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "xid": "778", "role": "postgres", "after": {"id": "7c974ce7-6677-4541-8cae-e09ed1d03141", "is_active": true, "created_at": "2026-11-30T09:16:53.946972+00:00", "created_by": "00000000-0000-4000-8000-0000000a54a0", "updated_at": "2026-11-30T09:16:53.946972+00:00", "updated_by": "00000000-0000-4000-8000-0000000a54a0", "is_verified": false, "organization_id": "00000000-0000-4000-8000-00000000acce", "integration_type": "exotel_phone"}, "table": "integration_credentials", "change": "insert", "source": "trigger", "envelope": {"after": "sb2"}, "operator": "asha@acme.example", "user_from": "operator", "operation_id": "d1765b0c-a9fd-4cf0-880a-41c12434d6e6", "session_user": "postgres", "operator_from": "claim"}', '192.0.2.7', 'switchboard/test (asha@jump)', '2026-11-30 09:16:53.964242+00');
INSERT INTO public.integration_audit_logs VALUES ('5867fcc7-5528-4fc9-b0f6-e44a319e34e0', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'zoho_mail', 'credential_created', 'success', '{"row": {"id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322", "integration_id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322"}, "xid": "780", "role": "postgres", "after": {"id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322", "is_active": true, "created_at": "2026-11-30T09:16:53.99016+00:00", "created_by": "00000000-0000-4000-8000-0000000a54a0", "updated_at": "2026-11-30T09:16:53.99016+00:00", "updated_by": "00000000-0000-4000-8000-0000000a54a0", "is_verified": false, "organization_id": "00000000-0000-4000-8000-00000000acce", "integration_type": "zoho_mail"}, "table": "integration_credentials", "change": "insert", "source": "trigger", "envelope": {"after": "legacy"}, "operator": "asha@acme.example", "user_from": "operator", "operation_id": "63fd1e7b-4a2d-4e30-863d-70caee76f630", "session_user": "postgres", "operator_from": "claim"}', '192.0.2.7', 'switchboard/test (asha@jump)', '2026-11-30 09:16:54.004823+00');
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
INSERT INTO public.integration_audit_logs VALUES ('8a9eb815-9aab-4dc0-8b67-22c21b501100', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'permission_granted', 'success', '{"row": {"id": "1ed10ddb-4a1b-4d10-bdf4-e749ed754fc1", "user_id": "00000000-0000-4000-8000-0000000a54a0", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "xid": "782", "role": "postgres", "after": {"id": "1ed10ddb-4a1b-4d10-bdf4-e749ed754fc1", "user_id": "00000000-0000-4000-8000-0000000a54a0", "can_send": false, "can_view": true, "expires_at": "2031-01-01T00:00:00+00:00", "granted_at": "2026-11-30T09:16:54.026507+00:00", "daily_limit": 100, "can_configure": false, "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "table": "user_integration_permissions", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.043461+00');
INSERT INTO public.integration_audit_logs VALUES ('9d70e705-f4f6-4836-b23b-c91f18120b08', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'zoho_mail', 'permission_granted', 'success', '{"row": {"id": "eb08074b-7eca-4562-9c9d-dfd54b96eed5", "user_id": "00000000-0000-4000-8000-0000000a54a0", "integration_id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322"}, "xid": "782", "role": "postgres", "after": {"id": "eb08074b-7eca-4562-9c9d-dfd54b96eed5", "user_id": "00000000-0000-4000-8000-0000000a54a0", "can_send": true, "can_view": true, "expires_at": "2031-01-01T00:00:00+00:00", "granted_at": "2026-11-30T09:16:54.026507+00:00", "daily_limit": 100, "can_configure": false, "integration_id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322"}, "table": "user_integration_permissions", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.044749+00');
INSERT INTO public.integration_audit_logs VALUES ('4815f4f5-ad06-4ef7-86e4-aede61af58a2', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'number_added', 'success', '{"row": {"id": "b109494d-9718-4baf-844f-37a232f05796", "phone_number": "+911141169368", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "xid": "782", "role": "postgres", "after": {"id": "b109494d-9718-4baf-844f-37a232f05796", "can_sms": true, "can_call": true, "is_active": true, "created_at": "2026-11-30T09:16:54.026507+00:00", "is_primary": true, "updated_at": "2026-11-30T09:16:54.026507+00:00", "number_type": "virtual", "display_name": "Front desk", "phone_number": "+911141169368", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141", "organization_id": "00000000-0000-4000-8000-00000000acce", "assigned_to_user_id": "00000000-0000-4000-8000-0000000a54a0"}, "table": "organization_phone_numbers", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.049191+00');
INSERT INTO public.integration_audit_logs VALUES ('378b4d7c-8c32-4160-8350-26e07ff7ef3d', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'number_added', 'success', '{"row": {"id": "a71a8beb-dade-4051-97d0-d649a767a440", "phone_number": "080 4000 0000", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "xid": "782", "role": "postgres", "after": {"id": "a71a8beb-dade-4051-97d0-d649a767a440", "can_sms": true, "can_call": true, "is_active": true, "created_at": "2026-11-30T09:16:54.026507+00:00", "is_primary": false, "updated_at": "2026-11-30T09:16:54.026507+00:00", "number_type": "virtual", "display_name": "Support", "phone_number": "080 4000 0000", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141", "organization_id": "00000000-0000-4000-8000-00000000acce"}, "table": "organization_phone_numbers", "change": "insert", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.049885+00');
INSERT INTO public.integration_audit_logs VALUES ('466480e5-3aea-4faa-8690-e21efeda9e66', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'permission_revoked', 'success', '{"row": {"id": "1ed10ddb-4a1b-4d10-bdf4-e749ed754fc1", "user_id": "00000000-0000-4000-8000-0000000a54a0", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "xid": "782", "role": "postgres", "table": "user_integration_permissions", "before": {"id": "1ed10ddb-4a1b-4d10-bdf4-e749ed754fc1", "user_id": "00000000-0000-4000-8000-0000000a54a0", "can_send": false, "can_view": true, "expires_at": "2031-01-01T00:00:00+00:00", "granted_at": "2026-11-30T09:16:54.026507+00:00", "daily_limit": 100, "can_configure": false, "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "change": "delete", "source": "trigger", "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.05103+00');
INSERT INTO public.integration_audit_logs VALUES ('64dfac9d-ded5-4057-9505-6ad699feabba', '00000000-0000-4000-8000-0000000910be', '00000000-0000-4000-8000-0000000a54a0', 'exotel_sms', 'credential_created', 'success', '{"row": {"id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5", "integration_id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5"}, "xid": "782", "role": "postgres", "after": {"id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5", "is_active": true, "created_at": "2026-11-30T09:16:54.026507+00:00", "updated_at": "2026-11-30T09:16:54.026507+00:00", "is_verified": false, "organization_id": "00000000-0000-4000-8000-0000000910be", "integration_type": "exotel_sms"}, "table": "integration_credentials", "change": "insert", "source": "trigger", "envelope": {"after": "neither"}, "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.054827+00');
INSERT INTO public.integration_audit_logs VALUES ('1e46d601-7e0f-4cdc-9c09-6f0b71b735b5', '00000000-0000-4000-8000-0000000910be', '00000000-0000-4000-8000-0000000a54a0', 'exotel_sms', 'credential_deleted', 'success', '{"row": {"id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5", "integration_id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5"}, "xid": "782", "role": "postgres", "table": "integration_credentials", "before": {"id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5", "is_active": true, "created_at": "2026-11-30T09:16:54.026507+00:00", "updated_at": "2026-11-30T09:16:54.026507+00:00", "is_verified": false, "organization_id": "00000000-0000-4000-8000-0000000910be", "integration_type": "exotel_sms"}, "change": "delete", "source": "trigger", "envelope": {"before": "neither"}, "operator": "asha@acme.example", "user_from": "operator", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.062645+00');
INSERT INTO public.integration_audit_logs VALUES ('52de47d2-a9ba-4cba-83a8-3659b6d72bdb', '00000000-0000-4000-8000-00000000acce', '00000000-0000-4000-8000-0000000a54a0', 'exotel_phone', 'credential_revealed', 'success', '{"xid": "782", "role": "postgres", "source": "switchboard", "purpose": "reveal", "operator": "asha@acme.example", "session_user": "postgres", "operator_from": "claim", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}', NULL, '', '2026-11-30 09:16:54.065495+00');
INSERT INTO public.integration_audit_logs VALUES ('09426e38-9adb-4938-a4c6-d22b1b339011', '00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-0000000a54a0', 'none', 'schema_changed', 'success', '{"xid": "782", "role": "postgres", "source": "switchboard", "accepted": "trigger public.organization_phone_numbers.of_another_program", "operator": "asha@acme.example", "definition": "a0c6f23eb1d6a3a372cfc4515132381ef354eaed41d499266ea09914bc133f16", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.194422+00');
INSERT INTO public.integration_audit_logs VALUES ('51e16003-46e0-4442-90ac-e922e069ec7c', '00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-0000000a54a0', 'none', 'settings_changed', 'success', '{"xid": "782", "role": "postgres", "after": 12, "before": 10, "source": "switchboard", "setting": "versions_kept", "operator": "asha@acme.example", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.204076+00');
INSERT INTO public.integration_audit_logs VALUES ('74b859d1-c4c8-4918-a731-48120b88b0af', '00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-0000000a54a0', 'none', 'log_archived', 'success', '{"xid": "782", "role": "postgres", "month": "2020-01", "sha256": "7365d029861e32c521f8089b00a6fb32daf0615025b69b599d1ce53501b845c2", "source": "switchboard", "operator": "asha@acme.example", "session_user": "postgres", "operator_from": "claim"}', NULL, '', '2026-11-30 09:16:54.213392+00');
INSERT INTO public.integration_audit_logs VALUES ('ccc85ef2-e4f7-4e7e-9d0b-c3fecb98fa26', '00000000-0000-4000-8000-00000000acce', NULL, 'zoho_mail', 'email_sent', 'success', NULL, NULL, NULL, NULL);
INSERT INTO public.integration_audit_logs VALUES ('875a22bb-d0cb-444e-bfda-1b264e442d08', '00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-0000000a54a0', 'none', 'log_sealed', 'success', '{"xid": "816", "role": "postgres", "rows": 13, "seals": 5, "key_id": "seal-56475aa75463474c", "source": "switchboard", "operator": "asha@acme.example", "newest_seal": "69e57176808bcd608c9410710457b3ad52216d68dd3d1e612342307b3fd61ae8", "operation_id": "34119f61-345b-44f5-85ac-bca0e9762218", "sealed_until": "2026-11-30T09:00:00+00:00", "session_user": "postgres", "operator_from": "claim"}', '192.0.2.7', 'switchboard/test (asha@jump)', '2026-11-30 09:16:54.259862+00');
INSERT INTO public.integration_audit_logs VALUES ('241482a7-9ceb-42f1-91ab-ccd21dc8a40c', '00000000-0000-4000-8000-00000000acce', NULL, 'exotel_phone', 'credential_disabled', 'success', '{"row": {"id": "7c974ce7-6677-4541-8cae-e09ed1d03141", "integration_id": "7c974ce7-6677-4541-8cae-e09ed1d03141"}, "xid": "825", "role": "postgres", "after": {"is_active": false, "updated_at": "2026-11-30T09:16:54.268569+00:00"}, "table": "integration_credentials", "before": {"is_active": true, "updated_at": "2026-11-30T09:16:53.946972+00:00"}, "change": "update", "source": "trigger", "changed": ["is_active", "updated_at"], "user_from": "nobody", "session_user": "postgres", "operator_from": "nobody"}', NULL, '', '2026-11-30 09:16:54.273452+00');
INSERT INTO public.integration_audit_logs VALUES ('62de36dd-3b88-4064-8ae8-11dee9ff3009', '00000000-0000-4000-8000-00000000acce', NULL, 'zoho_mail', 'credential_disabled', 'success', '{"row": {"id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322", "integration_id": "0669ca8a-3256-4eb8-ab0c-cc1261dd2322"}, "xid": "825", "role": "postgres", "after": {"is_active": false, "updated_at": "2026-11-30T09:16:54.268679+00:00"}, "table": "integration_credentials", "before": {"is_active": true, "updated_at": "2026-11-30T09:16:53.99016+00:00"}, "change": "update", "source": "trigger", "changed": ["is_active", "updated_at"], "user_from": "nobody", "session_user": "postgres", "operator_from": "nobody"}', NULL, '', '2026-11-30 09:16:54.274729+00');


--
-- Data for Name: integration_credentials; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.integration_credentials VALUES ('7c974ce7-6677-4541-8cae-e09ed1d03141', '00000000-0000-4000-8000-00000000acce', 'exotel_phone', 'sb2.n4_7Z3vvwprHRI3FT-Gc3g.rdHA81yMVKf_mXsSckfajQ.itd2iEVP_z3sIy6W.ctq9BVcPSl6fElbaLzUi79AB8EWhZS8oQv1Huz2XOmTd3X16hsee2ppdVTnP96qlLZlR1zSE4nLJc6OsM40AKqFvr3mxWwJul1uiXBgNLiakzcetvCjBLENk6vRdIpjvzjxfPgzlO4GDamtjKB73v7PlsKNKpn2e5xNr2wA0YuJlLaEarqhpNzwvsJrNZ8EiFBt-ohFxn6ab-EQDlmNRFaaQ', NULL, false, false, NULL, '00000000-0000-4000-8000-0000000a54a0', '00000000-0000-4000-8000-0000000a54a0', '2026-11-30 09:16:53.946972+00', '2026-11-30 09:16:54.268569+00');
INSERT INTO public.integration_credentials VALUES ('0669ca8a-3256-4eb8-ab0c-cc1261dd2322', '00000000-0000-4000-8000-00000000acce', 'zoho_mail', 'be191692d549e80752065025f4a6a202:c4c827f5154875185ef54d0f23cc9710:2825e2ade7218d34ee139b1ccef239ff549437787c9fa2b96a07049efba29c14d15c924cf0ab728e86b248d0630b04dcf1bea8f3e34c35618df368f7eb527e', NULL, false, false, NULL, '00000000-0000-4000-8000-0000000a54a0', '00000000-0000-4000-8000-0000000a54a0', '2026-11-30 09:16:53.99016+00', '2026-11-30 09:16:54.268679+00');


--
-- Data for Name: organization_phone_numbers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.organization_phone_numbers VALUES ('b109494d-9718-4baf-844f-37a232f05796', '00000000-0000-4000-8000-00000000acce', '7c974ce7-6677-4541-8cae-e09ed1d03141', '+911141169368', 'Front desk', 'virtual', '00000000-0000-4000-8000-0000000a54a0', true, true, true, true, '2026-11-30 09:16:54.026507+00', '2026-11-30 09:16:54.026507+00');
INSERT INTO public.organization_phone_numbers VALUES ('a71a8beb-dade-4051-97d0-d649a767a440', '00000000-0000-4000-8000-00000000acce', '7c974ce7-6677-4541-8cae-e09ed1d03141', '080 4000 0000', 'Support', 'virtual', NULL, false, true, true, true, '2026-11-30 09:16:54.026507+00', '2026-11-30 09:16:54.026507+00');


--
-- Data for Name: user_integration_permissions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.user_integration_permissions VALUES ('eb08074b-7eca-4562-9c9d-dfd54b96eed5', '00000000-0000-4000-8000-0000000a54a0', '0669ca8a-3256-4eb8-ab0c-cc1261dd2322', true, true, false, 100, NULL, NULL, '2026-11-30 09:16:54.026507+00', '2031-01-01 00:00:00+00');


--
-- Data for Name: accepted; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.accepted VALUES ('trigger public.organization_phone_numbers.of_another_program', 'a0c6f23eb1d6a3a372cfc4515132381ef354eaed41d499266ea09914bc133f16', '09426e38-9adb-4938-a4c6-d22b1b339011', '2026-11-30 09:16:54.194812+00', 'postgres', 'asha@acme.example');


--
-- Data for Name: archives; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.archives OVERRIDING SYSTEM VALUE VALUES (1, '2020-01-01', 3, '\x7365d029861e32c521f8089b00a6fb32daf0615025b69b599d1ce53501b845c2', '{}', 1, 1, '74b859d1-c4c8-4918-a731-48120b88b0af', '2026-11-30 09:16:54.213583+00', 'postgres');


--
-- Data for Name: changes; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.changes OVERRIDING SYSTEM VALUE VALUES ('2746b479-a9e2-422a-b281-abacaf300be2', 1, '7c974ce7-6677-4541-8cae-e09ed1d03141', '00000000-0000-4000-8000-00000000acce', 'exotel_phone', 'recovered', '', '', '2026-11-30 09:16:54.211997+00', NULL, '2026-11-30 09:16:54.026507+00');
INSERT INTO switchboard.changes OVERRIDING SYSTEM VALUE VALUES ('2a877cad-5915-4ae9-94e3-efc7575202f2', 2, '0669ca8a-3256-4eb8-ab0c-cc1261dd2322', '00000000-0000-4000-8000-00000000acce', 'zoho_mail', 'recovered', '', '', '2026-11-30 09:16:54.212247+00', NULL, '2026-11-30 09:16:54.026507+00');


--
-- Data for Name: checks; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.checks VALUES ('7c974ce7-6677-4541-8cae-e09ed1d03141', '2026-11-30 09:16:54.026507+00', '2026-11-30 09:16:54.026507+00', 'verified', 'verified', '2026-11-30 09:16:54.026507+00', NULL, NULL, 0);
INSERT INTO switchboard.checks VALUES ('0669ca8a-3256-4eb8-ab0c-cc1261dd2322', '2026-11-30 09:16:54.026507+00', '2026-11-30 09:16:54.026507+00', 'verified', 'verified', '2026-11-30 09:16:54.026507+00', NULL, NULL, 0);


--
-- Data for Name: credential_versions; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.credential_versions OVERRIDING SYSTEM VALUE VALUES (1, '855156f8-fbfa-4478-8ea4-4d839ee1b8d5', '00000000-0000-4000-8000-0000000910be', 'exotel_sms', 'no envelope', 'deleted', NULL, false, NULL, '00000000-0000-4000-8000-0000000a54a0', 'asha@acme.example', NULL, NULL, '2026-11-30 09:16:54.060394+00', 'postgres', '{"row": {"id": "855156f8-fbfa-4478-8ea4-4d839ee1b8d5", "is_active": true, "created_at": "2026-11-30T09:16:54.026507+00:00", "created_by": null, "updated_at": "2026-11-30T09:16:54.026507+00:00", "updated_by": null, "is_verified": false, "display_name": null, "organization_id": "00000000-0000-4000-8000-0000000910be", "integration_type": "exotel_sms", "last_verified_at": null}, "numbers": [], "permissions": []}');


--
-- Data for Name: deleted_integrations; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.deleted_integrations VALUES ('782', '855156f8-fbfa-4478-8ea4-4d839ee1b8d5', '00000000-0000-4000-8000-0000000910be', 'exotel_sms');


--
-- Data for Name: keys; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.keys VALUES ('n4_7Z3vvwprHRI3FT-Gc3g', 'master', '\xadd1c0f35c8c54a7ff997b127247da8d', NULL, 'active', '2026-11-30 09:16:53.946972+00', 'postgres');
INSERT INTO switchboard.keys VALUES ('seal-56475aa75463474c', 'seal', NULL, '\x03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8', 'active', '2026-11-30 09:16:54.243544+00', 'postgres');


--
-- Data for Name: locks; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.locks VALUES ('logins', '', '2026-11-30 09:16:51.870341+00', 1, '2026-11-30 09:16:51.870341+00');
INSERT INTO switchboard.locks VALUES ('primary', '-520', '2026-11-30 09:16:54.045762+00', 1, '2026-11-30 09:16:54.045763+00');
INSERT INTO switchboard.locks VALUES ('open to reveal', 'postgres', '2026-11-30 09:16:54.064008+00', 1, '2026-11-30 09:16:54.064008+00');
INSERT INTO switchboard.locks VALUES ('seals', '', '2026-11-30 09:16:54.248093+00', 1, '2026-11-30 09:16:54.248093+00');


--
-- Data for Name: login_organizations; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.login_organizations VALUES ('former_login', '00000000-0000-4000-8000-00000000acce');


--
-- Data for Name: logins; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.logins VALUES ('former_login', 1, '92d28ece-55ba-4a67-bd90-ed3c18fe4ee8', 'left@acme.example', 'support', false, false, NULL, 'postgres', '2026-11-30 09:16:54.204364+00', '2026-11-30 09:16:54.026507+00');


--
-- Data for Name: observations; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.observations VALUES ('7c974ce7-6677-4541-8cae-e09ed1d03141', '+911141169368', 'number_incoming', 'active', '2026-11-30 09:16:54.211553+00');
INSERT INTO switchboard.observations VALUES ('0669ca8a-3256-4eb8-ab0c-cc1261dd2322', '+911141169368', 'number_incoming', 'active', '2026-11-30 09:16:54.211705+00');


--
-- Data for Name: open_tickets; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.open_tickets VALUES ('306bc32d-638a-427b-ac79-e0be0451fed6', '7c974ce7-6677-4541-8cae-e09ed1d03141', 'reveal', 'postgres', '782', '2026-11-30 09:16:54.064984+00', NULL);


--
-- Data for Name: openings; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.openings VALUES ('00000000-0000-4000-8000-00000000acce', 'zoho_mail', 'revealed', 'app_password', '00000000-0000-4000-8000-0000000a54a0', '-infinity', '2020-01-02 00:00:00+00', 1, false, NULL);


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
-- Data for Name: removals; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.removals VALUES ('2020-01-01', 3, '2026-11-30 09:16:54.213973+00', '2026-11-30 09:16:54.213973+00', 'postgres', NULL, NULL);


--
-- Data for Name: rotations; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.rotations VALUES ('7', 'a', '\x61', 'b', '\x62', '2026-11-30 09:16:54.195244+00', false, '2026-11-30 09:16:54.026507+00');


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (1, '001_private_schema.sql', '63a08fe1202a165b435eb2e331a5fb627a307cec2e8fbc218c2f1baf7c170a88', '2026-11-30 09:16:52.374479+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (2, '002_helpers.sql', 'f78bc7883c744e251ce3d593ab1e5e771603e219c1f4e32a240f83140e1417b8', '2026-11-30 09:16:52.379244+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (3, '003_tables.sql', 'caf0a319fbc89561c68fd8a5827e3a08f2a9a8342d1490ae779ba5baf4382f56', '2026-11-30 09:16:52.38042+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (4, '004_upkeep.sql', '62ee60b300f255eac4ecb4fe98f368243a11c1cdaf58a01b74cfb1e6db4c65a2', '2026-11-30 09:16:52.383488+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (5, '005_audit.sql', '63c8c666fe475951a6322f75a69a2e7f35ddc5075fbf977b873223fcaa5300d8', '2026-11-30 09:16:52.384981+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (6, '006_acts.sql', '0c3050d20837f5381dd740259cd823228a6c3c4d6b9925aa16d858060663ef84', '2026-11-30 09:16:52.386766+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (7, '007_directory.sql', '54d4b16a790e460cde606d30547dc5e43c75a9a67bfdaa1ccaf1e06d28a0cdad', '2026-11-30 09:16:52.387562+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (8, '008_enforcement.sql', '85b1638a9909ea6e2d6d0102e92e903291fb3522fb2e95f3a3bae5781036f011', '2026-11-30 09:16:52.390926+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (9, '009_access.sql', '62e43d66b5e144870521a70b4b17d6016718d5391636610f7cd227c108023992', '2026-11-30 09:16:52.391882+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (10, '010_log_indexes.sql', 'b0482df3aed15dc1376567689b10c998a500de8aaadfdf1ef0200cd2829ea842', '2026-11-30 09:16:52.395481+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (11, '011_seal_lists.sql', '0cd72b8fedc8182a7815d4158ecf814927a1fa3e7a9a9eba61e9a8ff22932763', '2026-11-30 09:16:52.396373+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (12, '012_actions.sql', '1517c53f5012341ffce354b7e017e4e74f0a3874c81e8af05fd10d25cd529768', '2026-11-30 09:16:52.398976+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (13, '013_accepted.sql', '866213224a496cde4b8465dc2e38784cdc7dbd89c7aa7555db59bf516106a486', '2026-11-30 09:16:52.399852+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (14, '014_versions.sql', '72cc273a86a4dedc17b4973a549e0207cc227011f38a6c6dd93df7760d48ccc6', '2026-11-30 09:16:52.40062+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (15, '015_rotation.sql', 'e12557e0a6bd2ad1c49c23deb01107bd724e3d4f237656934353b0f8819b2338', '2026-11-30 09:16:52.402789+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (16, '016_logins.sql', '6a19286187bef28ac2b082733abbca49159fc6857bd95197c6adcd927b4e73e1', '2026-11-30 09:16:52.403506+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (17, '017_scope.sql', 'a9bfab12eafc8bd6a4608980b3ad2d1b375bce91e310f4c69aff6476ccc945f1', '2026-11-30 09:16:52.404109+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (18, '018_observations.sql', '4695ef952fb6b5f56ad5bf6d34849d8b1ba3d13b75bed68ca31b042a3898e968', '2026-11-30 09:16:52.407149+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (19, '019_proofs.sql', 'c2eb7c00d6275447766c983ab6890e9de8e7d1e913a3b1c5d77230aeb296ada5', '2026-11-30 09:16:52.40969+00', 'postgres', 'a release');
INSERT INTO switchboard.schema_version OVERRIDING SYSTEM VALUE VALUES (20, '020_archive.sql', '380c6478450975536ad14e586f5bd34a91b6362e0825fe0a9c4a32e1dd7437ef', '2026-11-30 09:16:52.41138+00', 'postgres', 'a release');


--
-- Data for Name: seals; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (1, NULL, 1, '\x9888f2c06a107f6e4e1cc03dbb86e0a0eadba7f7eb0ddb0f31fa593185041d8c', NULL, 'seal-56475aa75463474c', '\xc82fb4623a0696ad51672b5a4f4398f3d571de4e3c06d8234d7e5bd917e457b55c2a1cd88b7e8516958515367dbdaa31d79f2edc095a9f682f55ed46f5aa9608', '2026-11-30 09:16:54.243544+00', 'postgres', 'asha@acme.example', '\xccc85ef2e4f74e7e9d0bc3fecb98fa262f1ce0dc77381814', '816', '\x2f1ce0dc77381814769e9a1131ed49293644d5dea4fa3ade00dc8685e6b9e96f', NULL, NULL, NULL);
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (2, '2026-01-01 08:00:00+00', 5, '\xe1908e63ca4b14acf32b07d732ed949f7ba6868d99a2af42f6ee35a6113864f2', '\xb9583977e7748bc624c9e53abe44018eff6dbd1051945666594ea7f7a3ebc877', 'seal-56475aa75463474c', '\x6a90234b453e3b05c47501c1de251ac85d619f97f21ce8bf7ab13f7516d1a13b8c422f07e99872d8847e8291103fe626950224f6745239c3bec4c621ad9ba701', '2026-11-30 09:16:54.243544+00', 'postgres', 'asha@acme.example', '\x000000000000400080000000000080018884f89ddc5b80e000000000000040008000000000008002d607fa70c202ce2c00000000000040008000000000008003ce71b835deb3eb5000000000000040008000000000008004edb05860191b961300000000000040008000000000008005c8966ea67cb330ee', '816', '\xa9a75a07c7c6cddeea3ea144eb764ee9bb3e02e3e8c9911d5e22aa9ab24fe018', NULL, NULL, NULL);
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (3, '2026-01-01 09:00:00+00', 4, '\xff0605bea18ff4bd68edf738bce204642133552f5336fd61124b25b41943b5a2', '\x89dd5177d7d83a666760e63ac91edf2358af499e3f24c7aee42bbfe844a6aa21', 'seal-56475aa75463474c', '\xc4ae6f0205e802f8675ceb88c31cf6dcde94898cb3f96e975999fe7036470b90650da4cef75ad80068755f06b1fcfefc352c761365dbff6380af05526cb73902', '2026-11-30 09:16:54.243544+00', 'postgres', 'asha@acme.example', '\x000000000000400080000000000090018624486f2d082de300000000000040008000000000009002cb41407c8b0e2f17000000000000400080000000000090038682052ff544db6400000000000040008000000000009004c5fdaa7d3d9889fc', '816', '\x2a59f0d494fa83a92e7965d0d884bb154c73088f655776d81e99417286e48718', NULL, NULL, NULL);
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (4, '2026-01-01 11:00:00+00', 3, '\x50eefea237fb5282184ce9e961badbbe41d13c9d9ed0a89bfb83372e041cb8f8', '\x8dfd0caf78de7970f3ec8b9dbb80c92624838944a30f553c9d0c9f180e5b8cb7', 'seal-56475aa75463474c', '\xb3655873889c265ec6a86312f4baa4f75c603b9ab146193ac785709cc112929138fb1db6ecae48b2fe6e65c1e10ee65ad3b51346e5b8738bef0a441bccd3f20c', '2026-11-30 09:16:54.243544+00', 'postgres', 'asha@acme.example', '\x00000000000040008000000000011001224a78c8bd43299d00000000000040008000000000011002e24ce3c9c11ba159000000000000400080000000000110038ea0e2f4b2314075', '816', '\x96724da7525b8b8c150be2fdf01679f3c94f212ce259404dafedc3aa2f104d3c', NULL, NULL, NULL);
INSERT INTO switchboard.seals OVERRIDING SYSTEM VALUE VALUES (5, '2026-11-30 08:00:00+00', 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '\xdbe079f6c76fb68a3cf34ce0dd5ee4e34f0016822c90df9c5541a5408ca6590f', 'seal-56475aa75463474c', '\xebdfcfb8bdf5ae33d1bfc358f0b18a4bb15788ae99e3c7c08a1207187ba33e68c9cd185a74113611100f0146dd57aa38958b01f240617096974b43d4373b0e00', '2026-11-30 09:16:54.243544+00', 'postgres', 'asha@acme.example', '\x', '816', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', NULL, 'switchboard/d749389ca9f3
5
Xpv+kYEnsX1Aw+DFakQL0kYMTrFIBi68+YOysyYeySE=

— switchboard/d749389ca9f3 9+skZho98Z9O3Z3IxJaSWZmzq0ohpg2ASXJUTJdxIK58i9w2RDNnEKqvkQtCAA7vwJuevb5+V2++jZwwNWEdbWKM9Q8=
', '\xbb5da19fdb2d475f682783eb852d36c8dfa776ffebd6273c6cab387fd82fee4440ecc34c1395c33fbacdb47704d3a18a73f9f53c9f56ca75fd490a9b5577b9fa');


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
-- Data for Name: settings; Type: TABLE DATA; Schema: switchboard; Owner: -
--

INSERT INTO switchboard.settings VALUES ('origin', NULL, '2026-11-30 09:16:52.081937+00', 'postgres', 'switchboard/d749389ca9f3');
INSERT INTO switchboard.settings VALUES ('versions_kept', 12, '2026-11-30 09:16:54.202776+00', 'postgres', NULL);


--
-- Name: archives_id_seq; Type: SEQUENCE SET; Schema: switchboard; Owner: -
--

SELECT pg_catalog.setval('switchboard.archives_id_seq', 1, true);


--
-- Name: changes_place_seq; Type: SEQUENCE SET; Schema: switchboard; Owner: -
--

SELECT pg_catalog.setval('switchboard.changes_place_seq', 2, true);


--
-- Name: credential_versions_id_seq; Type: SEQUENCE SET; Schema: switchboard; Owner: -
--

SELECT pg_catalog.setval('switchboard.credential_versions_id_seq', 1, true);


--
-- Name: schema_version_id_seq; Type: SEQUENCE SET; Schema: switchboard; Owner: -
--

SELECT pg_catalog.setval('switchboard.schema_version_id_seq', 20, true);


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
-- Name: accepted accepted_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.accepted
    ADD CONSTRAINT accepted_pkey PRIMARY KEY (object);


--
-- Name: archives archives_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.archives
    ADD CONSTRAINT archives_pkey PRIMARY KEY (id);


--
-- Name: changes changes_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id);


--
-- Name: checks checks_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.checks
    ADD CONSTRAINT checks_pkey PRIMARY KEY (integration_id);


--
-- Name: credential_versions credential_versions_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.credential_versions
    ADD CONSTRAINT credential_versions_pkey PRIMARY KEY (id);


--
-- Name: deleted_integrations deleted_integrations_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.deleted_integrations
    ADD CONSTRAINT deleted_integrations_pkey PRIMARY KEY (xid, id);


--
-- Name: keys keys_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (key_id);


--
-- Name: locks locks_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.locks
    ADD CONSTRAINT locks_pkey PRIMARY KEY (what, key);


--
-- Name: login_organizations login_organizations_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.login_organizations
    ADD CONSTRAINT login_organizations_pkey PRIMARY KEY (login, organization_id);


--
-- Name: logins logins_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.logins
    ADD CONSTRAINT logins_pkey PRIMARY KEY (login);


--
-- Name: observations observations_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.observations
    ADD CONSTRAINT observations_pkey PRIMARY KEY (integration_id, number, name);


--
-- Name: open_tickets open_tickets_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.open_tickets
    ADD CONSTRAINT open_tickets_pkey PRIMARY KEY (ticket);


--
-- Name: openings openings_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.openings
    ADD CONSTRAINT openings_pkey PRIMARY KEY (organization_id, integration_type, kind, subject, user_id, since);


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
-- Name: removals removals_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.removals
    ADD CONSTRAINT removals_pkey PRIMARY KEY (month);


--
-- Name: rotations rotations_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.rotations
    ADD CONSTRAINT rotations_pkey PRIMARY KEY (xid);


--
-- Name: schema_version schema_version_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (id);


--
-- Name: seals seals_of_version_2; Type: CHECK CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.seals
    ADD CONSTRAINT seals_of_version_2 CHECK ((root IS NOT NULL)) NOT VALID;


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
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);


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
-- Name: idx_integration_audit_logs_uses; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idx_integration_audit_logs_uses ON public.integration_audit_logs USING btree (organization_id, integration_type, action, "left"(split_part(COALESCE(user_agent, ''::text), '/'::text, 1), 40), date_trunc('day'::text, timezone('UTC'::text, created_at)) DESC NULLS LAST);


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
-- Name: archives_month; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX archives_month ON switchboard.archives USING btree (month);


--
-- Name: changes_integration; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX changes_integration ON switchboard.changes USING btree (integration_id, noticed_at);


--
-- Name: changes_untold; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX changes_untold ON switchboard.changes USING btree (place) WHERE (told_at IS NULL);


--
-- Name: credential_versions_age; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX credential_versions_age ON switchboard.credential_versions USING btree (replaced_at);


--
-- Name: credential_versions_credential; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX credential_versions_credential ON switchboard.credential_versions USING btree (credential_id, id);


--
-- Name: credential_versions_organization; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX credential_versions_organization ON switchboard.credential_versions USING btree (organization_id, integration_type);


--
-- Name: keys_one_active_master; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE UNIQUE INDEX keys_one_active_master ON switchboard.keys USING btree (purpose) WHERE ((purpose = 'master'::text) AND (state = 'active'::text));


--
-- Name: logins_person; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX logins_person ON switchboard.logins USING btree (user_id);


--
-- Name: open_tickets_recent; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX open_tickets_recent ON switchboard.open_tickets USING btree (opened_by, purpose, created_at);


--
-- Name: openings_user; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX openings_user ON switchboard.openings USING btree (user_id);


--
-- Name: seals_key; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE INDEX seals_key ON switchboard.seals USING btree (key_id);


--
-- Name: seals_one_per_hour; Type: INDEX; Schema: switchboard; Owner: -
--

CREATE UNIQUE INDEX seals_one_per_hour ON switchboard.seals USING btree (COALESCE(hour, '-infinity'::timestamp with time zone));


--
-- Name: organization_phone_numbers of_another_program; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER of_another_program BEFORE UPDATE ON public.organization_phone_numbers FOR EACH ROW EXECUTE FUNCTION public.of_another_program();


--
-- Name: integration_audit_logs switchboard_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON public.integration_audit_logs FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE public.integration_audit_logs ENABLE ALWAYS TRIGGER switchboard_append_only;


--
-- Name: integration_audit_logs switchboard_check_proof; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_check_proof BEFORE INSERT ON public.integration_audit_logs FOR EACH ROW WHEN (((new.details ->> 'operator_from'::text) = ANY (ARRAY['login'::text, 'vouched'::text]))) EXECUTE FUNCTION switchboard.check_proof();

ALTER TABLE public.integration_audit_logs ENABLE ALWAYS TRIGGER switchboard_check_proof;


--
-- Name: integration_credentials switchboard_forget; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_forget BEFORE DELETE ON public.integration_credentials FOR EACH STATEMENT EXECUTE FUNCTION switchboard.remember_integration();

ALTER TABLE public.integration_credentials ENABLE ALWAYS TRIGGER switchboard_forget;


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
-- Name: integration_credentials switchboard_log_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_log_truncate BEFORE TRUNCATE ON public.integration_credentials FOR EACH STATEMENT EXECUTE FUNCTION switchboard.log_truncate();

ALTER TABLE public.integration_credentials ENABLE ALWAYS TRIGGER switchboard_log_truncate;


--
-- Name: organization_phone_numbers switchboard_log_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_log_truncate BEFORE TRUNCATE ON public.organization_phone_numbers FOR EACH STATEMENT EXECUTE FUNCTION switchboard.log_truncate();

ALTER TABLE public.organization_phone_numbers ENABLE ALWAYS TRIGGER switchboard_log_truncate;


--
-- Name: user_integration_permissions switchboard_log_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_log_truncate BEFORE TRUNCATE ON public.user_integration_permissions FOR EACH STATEMENT EXECUTE FUNCTION switchboard.log_truncate();

ALTER TABLE public.user_integration_permissions ENABLE ALWAYS TRIGGER switchboard_log_truncate;


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
-- Name: integration_credentials switchboard_versions; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_versions AFTER UPDATE ON public.integration_credentials FOR EACH ROW EXECUTE FUNCTION switchboard.keep_version();

ALTER TABLE public.integration_credentials ENABLE ALWAYS TRIGGER switchboard_versions;


--
-- Name: integration_credentials switchboard_versions_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER switchboard_versions_deleted BEFORE DELETE ON public.integration_credentials FOR EACH ROW EXECUTE FUNCTION switchboard.keep_version();

ALTER TABLE public.integration_credentials ENABLE ALWAYS TRIGGER switchboard_versions_deleted;


--
-- Name: rotations rotation_is_finished; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE CONSTRAINT TRIGGER rotation_is_finished AFTER INSERT ON switchboard.rotations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION switchboard.require_finished_rotation();

ALTER TABLE switchboard.rotations ENABLE ALWAYS TRIGGER rotation_is_finished;


--
-- Name: archives switchboard_append_only; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON switchboard.archives FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE switchboard.archives ENABLE ALWAYS TRIGGER switchboard_append_only;


--
-- Name: seals switchboard_append_only; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON switchboard.seals FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE switchboard.seals ENABLE ALWAYS TRIGGER switchboard_append_only;


--
-- Name: login_organizations switchboard_forget_plans; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_forget_plans AFTER INSERT OR DELETE OR UPDATE ON switchboard.login_organizations FOR EACH STATEMENT EXECUTE FUNCTION switchboard.forget_plans();

ALTER TABLE switchboard.login_organizations ENABLE ALWAYS TRIGGER switchboard_forget_plans;


--
-- Name: logins switchboard_forget_plans; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_forget_plans AFTER INSERT OR DELETE OR UPDATE ON switchboard.logins FOR EACH STATEMENT EXECUTE FUNCTION switchboard.forget_plans();

ALTER TABLE switchboard.logins ENABLE ALWAYS TRIGGER switchboard_forget_plans;


--
-- Name: archives switchboard_no_truncate; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON switchboard.archives FOR EACH STATEMENT EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE switchboard.archives ENABLE ALWAYS TRIGGER switchboard_no_truncate;


--
-- Name: seals switchboard_no_truncate; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON switchboard.seals FOR EACH STATEMENT EXECUTE FUNCTION switchboard.refuse_change();

ALTER TABLE switchboard.seals ENABLE ALWAYS TRIGGER switchboard_no_truncate;


--
-- Name: keys switchboard_only_with_everything; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_only_with_everything BEFORE INSERT OR UPDATE ON switchboard.keys FOR EACH STATEMENT EXECUTE FUNCTION switchboard.only_with_everything();

ALTER TABLE switchboard.keys ENABLE ALWAYS TRIGGER switchboard_only_with_everything;


--
-- Name: schema_version switchboard_only_with_everything; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_only_with_everything BEFORE INSERT ON switchboard.schema_version FOR EACH STATEMENT EXECUTE FUNCTION switchboard.only_with_everything();

ALTER TABLE switchboard.schema_version ENABLE ALWAYS TRIGGER switchboard_only_with_everything;


--
-- Name: seals switchboard_only_with_everything; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_only_with_everything BEFORE INSERT ON switchboard.seals FOR EACH STATEMENT EXECUTE FUNCTION switchboard.only_with_everything();

ALTER TABLE switchboard.seals ENABLE ALWAYS TRIGGER switchboard_only_with_everything;


--
-- Name: send_actions switchboard_only_with_everything; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_only_with_everything BEFORE INSERT OR DELETE OR UPDATE ON switchboard.send_actions FOR EACH STATEMENT EXECUTE FUNCTION switchboard.only_with_everything();

ALTER TABLE switchboard.send_actions ENABLE ALWAYS TRIGGER switchboard_only_with_everything;


--
-- Name: people_labels switchboard_refuse_foreign_person; Type: TRIGGER; Schema: switchboard; Owner: -
--

CREATE TRIGGER switchboard_refuse_foreign_person BEFORE INSERT OR UPDATE OF id ON switchboard.people_labels FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_foreign_person();

ALTER TABLE switchboard.people_labels ENABLE ALWAYS TRIGGER switchboard_refuse_foreign_person;


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
-- Name: login_organizations login_organizations_login_fkey; Type: FK CONSTRAINT; Schema: switchboard; Owner: -
--

ALTER TABLE ONLY switchboard.login_organizations
    ADD CONSTRAINT login_organizations_login_fkey FOREIGN KEY (login) REFERENCES switchboard.logins(login) ON DELETE CASCADE;


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
-- Name: integration_credentials switchboard_admin_delete; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_delete ON public.integration_credentials FOR DELETE TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_admin_delete; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_delete ON public.organization_phone_numbers FOR DELETE TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: user_integration_permissions switchboard_admin_delete; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_delete ON public.user_integration_permissions FOR DELETE TO switchboard_admin USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_credentials switchboard_admin_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_insert ON public.integration_credentials FOR INSERT TO switchboard_admin WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_admin_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_insert ON public.organization_phone_numbers FOR INSERT TO switchboard_admin WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN) AND (switchboard.planned_everything() OR (integration_id IS NULL) OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s))))));


--
-- Name: user_integration_permissions switchboard_admin_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_insert ON public.user_integration_permissions FOR INSERT TO switchboard_admin WITH CHECK (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_audit_logs switchboard_admin_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_select ON public.integration_audit_logs FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_credentials switchboard_admin_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_select ON public.integration_credentials FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_admin_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_select ON public.organization_phone_numbers FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: user_integration_permissions switchboard_admin_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_select ON public.user_integration_permissions FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_credentials switchboard_admin_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_update ON public.integration_credentials FOR UPDATE TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_admin_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_update ON public.organization_phone_numbers FOR UPDATE TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN) AND (switchboard.planned_everything() OR (integration_id IS NULL) OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s))))));


--
-- Name: user_integration_permissions switchboard_admin_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_admin_update ON public.user_integration_permissions FOR UPDATE TO switchboard_admin USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_audit_logs switchboard_auditor_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_auditor_select ON public.integration_audit_logs FOR SELECT TO switchboard_auditor USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_support_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_insert ON public.organization_phone_numbers FOR INSERT TO switchboard_support WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN) AND (switchboard.planned_everything() OR (integration_id IS NULL) OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s))))));


--
-- Name: integration_audit_logs switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.integration_audit_logs FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_credentials switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.integration_credentials FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.organization_phone_numbers FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: user_integration_permissions switchboard_support_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_select ON public.user_integration_permissions FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: integration_credentials switchboard_support_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_update ON public.integration_credentials FOR UPDATE TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: organization_phone_numbers switchboard_support_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY switchboard_support_update ON public.organization_phone_numbers FOR UPDATE TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN) AND (switchboard.planned_everything() OR (integration_id IS NULL) OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s))))));


--
-- Name: user_integration_permissions; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.user_integration_permissions ENABLE ROW LEVEL SECURITY;

--
-- Name: archives; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.archives ENABLE ROW LEVEL SECURITY;

--
-- Name: changes; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.changes ENABLE ROW LEVEL SECURITY;

--
-- Name: checks; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.checks ENABLE ROW LEVEL SECURITY;

--
-- Name: credential_versions; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.credential_versions ENABLE ROW LEVEL SECURITY;

--
-- Name: login_organizations; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.login_organizations ENABLE ROW LEVEL SECURITY;

--
-- Name: logins; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.logins ENABLE ROW LEVEL SECURITY;

--
-- Name: observations; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.observations ENABLE ROW LEVEL SECURITY;

--
-- Name: openings; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.openings ENABLE ROW LEVEL SECURITY;

--
-- Name: organization_labels; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.organization_labels ENABLE ROW LEVEL SECURITY;

--
-- Name: people_labels; Type: ROW SECURITY; Schema: switchboard; Owner: -
--

ALTER TABLE switchboard.people_labels ENABLE ROW LEVEL SECURITY;

--
-- Name: organization_labels switchboard_admin_all; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_all ON switchboard.organization_labels TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (id = (switchboard.planned_organizations())[1])
    ELSE (id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (id = (switchboard.planned_organizations())[1])
    ELSE (id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: people_labels switchboard_admin_all; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_all ON switchboard.people_labels TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))) WITH CHECK (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: archives switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.archives FOR SELECT TO switchboard_admin USING ((switchboard.planned_everything() AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: changes switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.changes FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: checks switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.checks FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: credential_versions switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.credential_versions FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: login_organizations switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.login_organizations FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: logins switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.logins FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR (EXISTS ( SELECT
   FROM switchboard.login_organizations o
  WHERE (o.login = logins.login)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: observations switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.observations FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: openings switchboard_admin_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_admin_select ON switchboard.openings FOR SELECT TO switchboard_admin USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: archives switchboard_auditor_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_auditor_select ON switchboard.archives FOR SELECT TO switchboard_auditor USING ((switchboard.planned_everything() AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: openings switchboard_auditor_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_auditor_select ON switchboard.openings FOR SELECT TO switchboard_auditor USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: archives switchboard_support_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_support_select ON switchboard.archives FOR SELECT TO switchboard_support USING ((switchboard.planned_everything() AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: changes switchboard_support_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_support_select ON switchboard.changes FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: checks switchboard_support_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_support_select ON switchboard.checks FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: credential_versions switchboard_support_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_support_select ON switchboard.credential_versions FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: observations switchboard_support_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_support_select ON switchboard.observations FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: openings switchboard_support_select; Type: POLICY; Schema: switchboard; Owner: -
--

CREATE POLICY switchboard_support_select ON switchboard.openings FOR SELECT TO switchboard_support USING (((switchboard.planned_everything() OR
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (organization_id = (switchboard.planned_organizations())[1])
    ELSE (organization_id = ANY (switchboard.planned_organizations()))
END) AND ((NOT switchboard.planned_vouching()) OR ( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN)));


--
-- Name: SCHEMA switchboard; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA switchboard TO switchboard_admin;
GRANT USAGE ON SCHEMA switchboard TO switchboard_support;
GRANT USAGE ON SCHEMA switchboard TO switchboard_auditor;


--
-- Name: FUNCTION accept(what text, seen text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.accept(what text, seen text) FROM PUBLIC;


--
-- Name: FUNCTION acting_person(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.acting_person() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.acting_person() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.acting_person() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.acting_person() TO switchboard_auditor;


--
-- Name: FUNCTION action_of(kind text, after jsonb, changed text[], hint text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.action_of(kind text, after jsonb, changed text[], hint text) FROM PUBLIC;


--
-- Name: FUNCTION actions(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.actions() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.actions() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.actions() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.actions() TO switchboard_auditor;


--
-- Name: FUNCTION archived_before(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.archived_before() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.archived_before() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.archived_before() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.archived_before() TO switchboard_auditor;


--
-- Name: FUNCTION begin_check(of_integration uuid, seen timestamp with time zone); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.begin_check(of_integration uuid, seen timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.begin_check(of_integration uuid, seen timestamp with time zone) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.begin_check(of_integration uuid, seen timestamp with time zone) TO switchboard_support;


--
-- Name: FUNCTION begin_open(integration_id uuid, purpose text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.begin_open(integration_id uuid, purpose text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.begin_open(integration_id uuid, purpose text) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.begin_open(integration_id uuid, purpose text) TO switchboard_support;


--
-- Name: FUNCTION begin_rotation(from_key text, from_salt bytea, to_key text, to_salt bytea); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.begin_rotation(from_key text, from_salt bytea, to_key text, to_salt bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.begin_rotation(from_key text, from_salt bytea, to_key text, to_salt bytea) TO switchboard_admin;


--
-- Name: FUNCTION begin_writing(sealed text[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.begin_writing(sealed text[]) FROM PUBLIC;


--
-- Name: FUNCTION bounded(value jsonb, room integer, depth integer); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.bounded(value jsonb, room integer, depth integer) FROM PUBLIC;


--
-- Name: FUNCTION bypasses_scope(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.bypasses_scope() FROM PUBLIC;


--
-- Name: FUNCTION catalogue(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.catalogue() FROM PUBLIC;


--
-- Name: FUNCTION change_setting(setting_name text, setting_value integer); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.change_setting(setting_name text, setting_value integer) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.change_setting(setting_name text, setting_value integer) TO switchboard_admin;


--
-- Name: FUNCTION check_proof(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.check_proof() FROM PUBLIC;


--
-- Name: FUNCTION checked_integration(of_integration uuid, OUT organization_id uuid, OUT integration_type text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.checked_integration(of_integration uuid, OUT organization_id uuid, OUT integration_type text) FROM PUBLIC;


--
-- Name: FUNCTION claim_change(organizations uuid[], OUT id uuid, OUT integration_id uuid, OUT organization_id uuid, OUT integration_type text, OUT kind text, OUT number text, OUT value text, OUT noticed_at timestamp with time zone); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.claim_change(organizations uuid[], OUT id uuid, OUT integration_id uuid, OUT organization_id uuid, OUT integration_type text, OUT kind text, OUT number text, OUT value text, OUT noticed_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.claim_change(organizations uuid[], OUT id uuid, OUT integration_id uuid, OUT organization_id uuid, OUT integration_type text, OUT kind text, OUT number text, OUT value text, OUT noticed_at timestamp with time zone) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.claim_change(organizations uuid[], OUT id uuid, OUT integration_id uuid, OUT organization_id uuid, OUT integration_type text, OUT kind text, OUT number text, OUT value text, OUT noticed_at timestamp with time zone) TO switchboard_support;


--
-- Name: FUNCTION clear_other_primary(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.clear_other_primary() FROM PUBLIC;


--
-- Name: FUNCTION column_or_null(relation text, type text, VARIADIC names text[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.column_or_null(relation text, type text, VARIADIC names text[]) FROM PUBLIC;


--
-- Name: FUNCTION dependents(of_row uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.dependents(of_row uuid) FROM PUBLIC;


--
-- Name: FUNCTION edit_login(login text, role text, organizations uuid[], sees_all boolean, note text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.edit_login(login text, role text, organizations uuid[], sees_all boolean, note text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.edit_login(login text, role text, organizations uuid[], sees_all boolean, note text) TO switchboard_admin;


--
-- Name: FUNCTION envelope_format(envelope text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.envelope_format(envelope text) FROM PUBLIC;


--
-- Name: FUNCTION finish_rotation(details jsonb, left_out uuid[], versions_left_out bigint[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.finish_rotation(details jsonb, left_out uuid[], versions_left_out bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.finish_rotation(details jsonb, left_out uuid[], versions_left_out bigint[]) TO switchboard_admin;


--
-- Name: FUNCTION forget_plans(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.forget_plans() FROM PUBLIC;


--
-- Name: FUNCTION forget_versions(of_organization uuid, of_type text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.forget_versions(of_organization uuid, of_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.forget_versions(of_organization uuid, of_type text) TO switchboard_admin;


--
-- Name: FUNCTION hold(thing text, whose text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.hold(thing text, whose text) FROM PUBLIC;


--
-- Name: FUNCTION hold_check(of_integration uuid, OUT state jsonb, OUT observed jsonb, OUT at timestamp with time zone); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.hold_check(of_integration uuid, OUT state jsonb, OUT observed jsonb, OUT at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.hold_check(of_integration uuid, OUT state jsonb, OUT observed jsonb, OUT at timestamp with time zone) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.hold_check(of_integration uuid, OUT state jsonb, OUT observed jsonb, OUT at timestamp with time zone) TO switchboard_support;


--
-- Name: FUNCTION hold_envelopes(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.hold_envelopes() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.hold_envelopes() TO switchboard_admin;


--
-- Name: FUNCTION hold_login(candidate text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.hold_login(candidate text) FROM PUBLIC;


--
-- Name: FUNCTION hold_logins(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.hold_logins() FROM PUBLIC;


--
-- Name: FUNCTION in_scope(organization uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.in_scope(organization uuid) FROM PUBLIC;


--
-- Name: FUNCTION inet_or_null(value text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.inet_or_null(value text) FROM PUBLIC;


--
-- Name: FUNCTION is_of_another_program(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.is_of_another_program() FROM PUBLIC;


--
-- Name: FUNCTION keep_acts(of_hour timestamp with time zone); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.keep_acts(of_hour timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION keep_openings(of_hour timestamp with time zone); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.keep_openings(of_hour timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION keep_version(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.keep_version() FROM PUBLIC;


--
-- Name: FUNCTION lock_key(whose text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.lock_key(whose text) FROM PUBLIC;


--
-- Name: FUNCTION log_access(of_login text, change text, before jsonb, after jsonb); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.log_access(of_login text, change text, before jsonb, after jsonb) FROM PUBLIC;


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
-- Name: FUNCTION log_truncate(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.log_truncate() FROM PUBLIC;


--
-- Name: FUNCTION login_entry(of_login text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.login_entry(of_login text) FROM PUBLIC;


--
-- Name: FUNCTION login_refusal(candidate text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.login_refusal(candidate text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.login_refusal(candidate text) TO switchboard_admin;


--
-- Name: FUNCTION login_scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid, OUT vouches boolean); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.login_scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid, OUT vouches boolean) FROM PUBLIC;


--
-- Name: FUNCTION map_login(login text, person uuid, role text, organizations uuid[], sees_all boolean, speaks_for_others boolean, note text, connected_as text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.map_login(login text, person uuid, role text, organizations uuid[], sees_all boolean, speaks_for_others boolean, note text, connected_as text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.map_login(login text, person uuid, role text, organizations uuid[], sees_all boolean, speaks_for_others boolean, note text, connected_as text) TO switchboard_admin;


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
-- Name: FUNCTION my_login(OUT login name, OUT is_mapped boolean, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT sees_all boolean, OUT speaks_for_others boolean, OUT organizations uuid[], OUT sees_everything boolean, OUT database_has_logins boolean, OUT is_active boolean); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.my_login(OUT login name, OUT is_mapped boolean, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT sees_all boolean, OUT speaks_for_others boolean, OUT organizations uuid[], OUT sees_everything boolean, OUT database_has_logins boolean, OUT is_active boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.my_login(OUT login name, OUT is_mapped boolean, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT sees_all boolean, OUT speaks_for_others boolean, OUT organizations uuid[], OUT sees_everything boolean, OUT database_has_logins boolean, OUT is_active boolean) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.my_login(OUT login name, OUT is_mapped boolean, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT sees_all boolean, OUT speaks_for_others boolean, OUT organizations uuid[], OUT sees_everything boolean, OUT database_has_logins boolean, OUT is_active boolean) TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.my_login(OUT login name, OUT is_mapped boolean, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT sees_all boolean, OUT speaks_for_others boolean, OUT organizations uuid[], OUT sees_everything boolean, OUT database_has_logins boolean, OUT is_active boolean) TO switchboard_auditor;


--
-- Name: FUNCTION names_somebody(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.names_somebody() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.names_somebody() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.names_somebody() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.names_somebody() TO switchboard_auditor;


--
-- Name: FUNCTION note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb) TO switchboard_support;


--
-- Name: FUNCTION note_told(change_id uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.note_told(change_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.note_told(change_id uuid) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.note_told(change_id uuid) TO switchboard_support;


--
-- Name: FUNCTION only_with_everything(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.only_with_everything() FROM PUBLIC;


--
-- Name: FUNCTION open_envelope(ticket uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.open_envelope(ticket uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.open_envelope(ticket uuid) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.open_envelope(ticket uuid) TO switchboard_support;


--
-- Name: FUNCTION person_label(person uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.person_label(person uuid) FROM PUBLIC;


--
-- Name: FUNCTION planned_everything(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.planned_everything() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.planned_everything() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.planned_everything() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.planned_everything() TO switchboard_auditor;


--
-- Name: FUNCTION planned_organizations(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.planned_organizations() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.planned_organizations() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.planned_organizations() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.planned_organizations() TO switchboard_auditor;


--
-- Name: FUNCTION planned_scope(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.planned_scope() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.planned_scope() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.planned_scope() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.planned_scope() TO switchboard_auditor;


--
-- Name: FUNCTION planned_vouching(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.planned_vouching() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.planned_vouching() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.planned_vouching() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.planned_vouching() TO switchboard_auditor;


--
-- Name: FUNCTION present_rotation(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.present_rotation() FROM PUBLIC;


--
-- Name: FUNCTION put_organizations(of_login text, organizations uuid[], sees_all boolean); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.put_organizations(of_login text, organizations uuid[], sees_all boolean) FROM PUBLIC;


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
-- Name: FUNCTION record_archive(of_month date, rows_written bigint, file_sha256 bytea, hours_left_out timestamp with time zone[], OUT log_row uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.record_archive(of_month date, rows_written bigint, file_sha256 bytea, hours_left_out timestamp with time zone[], OUT log_row uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.record_archive(of_month date, rows_written bigint, file_sha256 bytea, hours_left_out timestamp with time zone[], OUT log_row uuid) TO switchboard_admin;


--
-- Name: FUNCTION refuse_change(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.refuse_change() FROM PUBLIC;


--
-- Name: FUNCTION refuse_foreign_person(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.refuse_foreign_person() FROM PUBLIC;


--
-- Name: FUNCTION refuse_login(code text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.refuse_login(code text) FROM PUBLIC;


--
-- Name: FUNCTION remember_integration(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.remember_integration() FROM PUBLIC;


--
-- Name: FUNCTION remove_archived(of_month date, from_hour timestamp with time zone, most_rows bigint, OUT rows_removed bigint, OUT next_hour timestamp with time zone, OUT hours_left timestamp with time zone[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.remove_archived(of_month date, from_hour timestamp with time zone, most_rows bigint, OUT rows_removed bigint, OUT next_hour timestamp with time zone, OUT hours_left timestamp with time zone[]) FROM PUBLIC;


--
-- Name: FUNCTION remove_login(login text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.remove_login(login text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.remove_login(login text) TO switchboard_admin;


--
-- Name: FUNCTION require_everything(act text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.require_everything(act text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.require_everything(act text) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.require_everything(act text) TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.require_everything(act text) TO switchboard_auditor;


--
-- Name: FUNCTION require_everything_now(act text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.require_everything_now(act text) FROM PUBLIC;


--
-- Name: FUNCTION require_finished_rotation(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.require_finished_rotation() FROM PUBLIC;


--
-- Name: FUNCTION require_organization(organization uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.require_organization(organization uuid) FROM PUBLIC;


--
-- Name: FUNCTION require_past_month(of_month date); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.require_past_month(of_month date) FROM PUBLIC;


--
-- Name: FUNCTION retire_key(retiring text, legacy_read bigint); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.retire_key(retiring text, legacy_read bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.retire_key(retiring text, legacy_read bigint) TO switchboard_admin;


--
-- Name: FUNCTION rotate_credentials(ids uuid[], seen text[], sealed text[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.rotate_credentials(ids uuid[], seen text[], sealed text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.rotate_credentials(ids uuid[], seen text[], sealed text[]) TO switchboard_admin;


--
-- Name: FUNCTION rotate_versions(ids bigint[], seen text[], sealed text[]); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.rotate_versions(ids bigint[], seen text[], sealed text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.rotate_versions(ids bigint[], seen text[], sealed text[]) TO switchboard_admin;


--
-- Name: FUNCTION same_scope(planned text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.same_scope(planned text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.same_scope(planned text) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.same_scope(planned text) TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.same_scope(planned text) TO switchboard_auditor;


--
-- Name: FUNCTION scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid) TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.scope(OUT everything boolean, OUT organizations uuid[], OUT person uuid) TO switchboard_auditor;


--
-- Name: FUNCTION scope_as_text(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.scope_as_text() FROM PUBLIC;


--
-- Name: FUNCTION scoped_integrations(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.scoped_integrations() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.scoped_integrations() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.scoped_integrations() TO switchboard_support;


--
-- Name: FUNCTION sees_everything(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.sees_everything() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.sees_everything() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.sees_everything() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.sees_everything() TO switchboard_auditor;


--
-- Name: FUNCTION setting(wanted text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.setting(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.setting(wanted text) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.setting(wanted text) TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.setting(wanted text) TO switchboard_auditor;


--
-- Name: FUNCTION take_lock(what text, organization_id uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.take_lock(what text, organization_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.take_lock(what text, organization_id uuid) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.take_lock(what text, organization_id uuid) TO switchboard_support;


--
-- Name: FUNCTION touch_updated_at(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.touch_updated_at() FROM PUBLIC;


--
-- Name: FUNCTION uses_of(of_integration uuid); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.uses_of(of_integration uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.uses_of(of_integration uuid) TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.uses_of(of_integration uuid) TO switchboard_support;


--
-- Name: FUNCTION uuid_or_null(value text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.uuid_or_null(value text) FROM PUBLIC;


--
-- Name: FUNCTION version_of(of_row text, content text); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.version_of(of_row text, content text) FROM PUBLIC;


--
-- Name: FUNCTION visible_organizations(); Type: ACL; Schema: switchboard; Owner: -
--

REVOKE ALL ON FUNCTION switchboard.visible_organizations() FROM PUBLIC;
GRANT ALL ON FUNCTION switchboard.visible_organizations() TO switchboard_admin;
GRANT ALL ON FUNCTION switchboard.visible_organizations() TO switchboard_support;
GRANT ALL ON FUNCTION switchboard.visible_organizations() TO switchboard_auditor;


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
-- Name: TABLE accepted; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.accepted TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.accepted TO switchboard_support;
GRANT SELECT ON TABLE switchboard.accepted TO switchboard_auditor;


--
-- Name: TABLE archives; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.archives TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.archives TO switchboard_support;
GRANT SELECT ON TABLE switchboard.archives TO switchboard_auditor;


--
-- Name: TABLE changes; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.changes TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.changes TO switchboard_support;


--
-- Name: TABLE checks; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.checks TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.checks TO switchboard_support;


--
-- Name: TABLE credential_versions; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.credential_versions TO switchboard_admin;


--
-- Name: COLUMN credential_versions.id; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(id) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.credential_id; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(credential_id) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.organization_id; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(organization_id) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.integration_type; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(integration_type) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.kind; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(kind) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.fields; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(fields) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.was_verified; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(was_verified) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.verified_at; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(verified_at) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.user_id; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(user_id) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.operator; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(operator) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.operator_from; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(operator_from) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.operation_id; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(operation_id) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.replaced_at; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(replaced_at) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: COLUMN credential_versions.replaced_by; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT(replaced_by) ON TABLE switchboard.credential_versions TO switchboard_support;


--
-- Name: TABLE keys; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.keys TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.keys TO switchboard_support;
GRANT SELECT ON TABLE switchboard.keys TO switchboard_auditor;


--
-- Name: COLUMN keys.key_id; Type: ACL; Schema: switchboard; Owner: -
--

GRANT INSERT(key_id) ON TABLE switchboard.keys TO switchboard_admin;


--
-- Name: COLUMN keys.purpose; Type: ACL; Schema: switchboard; Owner: -
--

GRANT INSERT(purpose) ON TABLE switchboard.keys TO switchboard_admin;


--
-- Name: COLUMN keys.salt; Type: ACL; Schema: switchboard; Owner: -
--

GRANT INSERT(salt) ON TABLE switchboard.keys TO switchboard_admin;


--
-- Name: COLUMN keys.public_key; Type: ACL; Schema: switchboard; Owner: -
--

GRANT INSERT(public_key) ON TABLE switchboard.keys TO switchboard_admin;


--
-- Name: COLUMN keys.created_by; Type: ACL; Schema: switchboard; Owner: -
--

GRANT INSERT(created_by),UPDATE(created_by) ON TABLE switchboard.keys TO switchboard_admin;


--
-- Name: TABLE login_organizations; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.login_organizations TO switchboard_admin;


--
-- Name: TABLE logins; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.logins TO switchboard_admin;


--
-- Name: TABLE observations; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.observations TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.observations TO switchboard_support;


--
-- Name: TABLE openings; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.openings TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.openings TO switchboard_support;
GRANT SELECT ON TABLE switchboard.openings TO switchboard_auditor;


--
-- Name: TABLE organization_labels; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE switchboard.organization_labels TO switchboard_admin;


--
-- Name: TABLE people_labels; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE switchboard.people_labels TO switchboard_admin;


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
-- Name: TABLE settings; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.settings TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.settings TO switchboard_support;
GRANT SELECT ON TABLE switchboard.settings TO switchboard_auditor;


--
-- Name: TABLE visible_organizations; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.visible_organizations TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.visible_organizations TO switchboard_support;
GRANT SELECT ON TABLE switchboard.visible_organizations TO switchboard_auditor;


--
-- Name: TABLE visible_people; Type: ACL; Schema: switchboard; Owner: -
--

GRANT SELECT ON TABLE switchboard.visible_people TO switchboard_admin;
GRANT SELECT ON TABLE switchboard.visible_people TO switchboard_support;
GRANT SELECT ON TABLE switchboard.visible_people TO switchboard_auditor;


--
-- PostgreSQL database dump complete
--


