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

create or replace function switchboard.action_of(kind text, after jsonb, changed text[], hint text)
returns text language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
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
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
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
