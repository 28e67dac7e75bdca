-- The log of changes: each changed row of the other three tables has exactly one row, written in the same
-- transaction by a trigger; and the log itself is append-only.

create or replace function switchboard.write_log(
  organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb
) returns uuid language plpgsql set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.action_of(
  kind text, change text, before jsonb, after jsonb, changed text[], hint text
) returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
-- The name of a change. hint picks among the names that fit, where a change has more than one.
declare
  fitting text[];
begin
  if kind = 'credential' then
    if change <> 'UPDATE' then
      return case change when 'INSERT' then 'credential_created' else 'credential_deleted' end;
    end if;
    fitting := array['credential_updated'];
    if 'is_active' = any (changed) then
      fitting := fitting || case when after -> 'is_active' = 'true' then 'credential_enabled' else 'credential_disabled' end;
    end if;
    if hint = any (fitting) then
      return hint;
    end if;
    return case when changed <@ array['is_active', 'updated_at', 'updated_by'] then fitting[cardinality(fitting)]
                else 'credential_updated' end;
  elsif kind = 'permission' then
    return case change when 'INSERT' then 'permission_granted' when 'DELETE' then 'permission_revoked'
                       else 'permission_changed' end;
  end if;
  if change <> 'UPDATE' then
    return case change when 'INSERT' then 'number_added' else 'number_deactivated' end;
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
$function$;

create or replace function switchboard.remember_integration() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
begin
  -- On a cascade the parent is gone before its children are logged: what they need of it is kept here.
  -- Each in a setting of its own: one that grew with every row would be copied for every row.
  if old.id is not null then
    perform set_config('switchboard.deleted_' || replace(old.id::text, '-', ''), jsonb_build_object(
      'organization_id', old.organization_id, 'integration_type', old.integration_type)::text, true);
  end if;
  return old;
end
$function$;

create or replace function switchboard.log_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Argument: credential, permission or number. Only the contract's columns are read, since an adopted table may
-- have others: nobody's business, or large, or of a content that jsonb refuses. A change of those alone is not
-- logged, or as one of updated_at where that moves with it. The envelope is compared, and never written.
declare
  kind constant text := tg_argv[0];
  before jsonb;
  after jsonb;
  present jsonb;
  fields text;
  shown constant text[] := case kind
    when 'credential' then array['id', 'organization_id', 'integration_type', 'display_name', 'is_active',
      'is_verified', 'last_verified_at', 'created_by', 'updated_by', 'created_at', 'updated_at']
    when 'permission' then array['id', 'user_id', 'integration_id', 'can_view', 'can_send', 'can_configure',
      'daily_limit', 'monthly_limit', 'granted_by', 'granted_at', 'expires_at']
    else array['id', 'organization_id', 'integration_id', 'phone_number', 'display_name', 'number_type',
      'assigned_to_user_id', 'is_primary', 'can_call', 'can_sms', 'is_active', 'created_at', 'updated_at'] end;
  changed text[];
  details jsonb;
  organization uuid;
  type text;
  integration text;
  parent jsonb;
  claimed_operator constant text := nullif(current_setting('switchboard.operator_id', true), '');
  operator uuid := case when claimed_operator is not null then switchboard.uuid_or_null(claimed_operator) end;
  operator_from text := 'operator';
  author_column text;
begin
  -- Dynamic, so that neither a column that was dropped nor one that changed its type aborts anybody's write.
  select coalesce(string_agg(format('%L, $1.%I', a.attname, a.attname), ', '), '') into fields
  from pg_attribute a
  where a.attrelid = tg_relid and a.attname = any (shown || array['credentials_encrypted']) and not a.attisdropped;
  if tg_op <> 'INSERT' then
    execute format('select jsonb_build_object(%s)', fields) into before using old;
  end if;
  if tg_op <> 'DELETE' then
    execute format('select jsonb_build_object(%s)', fields) into after using new;
  end if;
  present := coalesce(after, before);
  organization := present ->> 'organization_id';
  type := present ->> 'integration_type';
  integration := present ->> 'integration_id';

  if tg_op = 'UPDATE' then
    select array_agg(n.key order by n.key),
           jsonb_build_object(
             'changed', jsonb_agg(n.key order by n.key),
             'before', coalesce(jsonb_object_agg(n.key, before -> n.key) filter (where n.key = any (shown)), '{}'),
             'after', coalesce(jsonb_object_agg(n.key, n.value) filter (where n.key = any (shown)), '{}'))
    into changed, details
    from jsonb_each(after) n
    where n.value is distinct from before -> n.key;
    if changed is null then
      return null;
    end if;
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
      (select jsonb_strip_nulls(jsonb_object_agg(c, present -> c)) from unnest(shown) c));
    if kind = 'credential' then
      details := details || jsonb_build_object('envelope', jsonb_build_object(
        case tg_op when 'INSERT' then 'after' else 'before' end,
        switchboard.envelope_format(present ->> 'credentials_encrypted')));
    end if;
  end if;

  if kind <> 'credential' and integration is not null then
    select jsonb_build_object('organization_id', c.organization_id, 'integration_type', c.integration_type) into parent
    from public.integration_credentials c
    where c.id = integration::uuid;
    if parent is null then
      parent := nullif(switchboard.object_or_empty(
        current_setting('switchboard.deleted_' || replace(integration, '-', ''), true)), '{}');
      if tg_op = 'DELETE' and parent is not null then
        details := details || '{"cascade": true}';
      end if;
    end if;
    organization := coalesce(organization, switchboard.uuid_or_null(parent ->> 'organization_id'));
    type := parent ->> 'integration_type';
  end if;

  -- Another program names no operator, but says in the row itself who created, updated or granted.
  if operator is null then
    author_column := case when kind = 'permission' then 'granted_by' when kind = 'number' then null
                          when tg_op = 'INSERT' then 'created_by' else 'updated_by' end;
    if tg_op = 'INSERT' or author_column = any (changed) then
      operator := present ->> author_column;
    end if;
    operator_from := case when operator is null then 'nobody' else 'row' end;
  end if;

  perform switchboard.write_log(
    organization, operator, type,
    switchboard.action_of(kind, tg_op, before, after, changed,
                          nullif(current_setting('switchboard.action', true), '')),
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
$function$;

create or replace function switchboard.envelope_format(envelope text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return case when envelope like 'sb2.%' then 'sb2'
              when envelope ~ '^[0-9A-Fa-f]{32}:[0-9A-Fa-f]{32}:([0-9A-Fa-f]{2})*$' then 'legacy'
              else 'neither' end;
end
$function$;

create or replace function switchboard.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$function$;

do $do$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('public.integration_credentials', 'credential'),
      ('public.user_integration_permissions', 'permission'),
      ('public.organization_phone_numbers', 'number')
    ) as w (relation, kind)
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_log_change',
      format('CREATE TRIGGER switchboard_log_change AFTER INSERT OR DELETE OR UPDATE ON %s FOR EACH ROW '
             'EXECUTE FUNCTION switchboard.log_change(%L)', wanted.relation, wanted.kind), true);
  end loop;
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_remember',
    'CREATE TRIGGER switchboard_remember BEFORE DELETE ON public.integration_credentials FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.remember_integration()', true);
  for wanted in
    select unnest(array['public.integration_audit_logs', 'switchboard.seals']) as relation
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_append_only',
      format('CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON %s FOR EACH ROW '
             'EXECUTE FUNCTION switchboard.refuse_change()', wanted.relation), true);
    perform switchboard.put_trigger(wanted.relation, 'switchboard_no_truncate',
      format('CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.refuse_change()', wanted.relation), true);
  end loop;
end
$do$;
