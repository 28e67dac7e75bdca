-- Who may do what: stated in both directions, so that neither a server's default privileges nor an earlier
-- program's grants and policies decide. Roles are granted to only where they exist (setup --roles makes them). The
-- policies of these roles are in 017_scope.sql.

do $do$
declare
  relation text;
  holder text;
begin
  -- Row security is on and not forced: another program connects as the owner.
  foreach relation in array array['public.integration_credentials', 'public.user_integration_permissions',
                                  'public.integration_audit_logs', 'public.organization_phone_numbers']
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = relation::regclass) then
      execute format('alter table %s enable row level security', relation);
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = relation::regclass) then
      execute format('alter table %s no force row level security', relation);
    end if;
  end loop;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on public.integration_credentials, public.user_integration_permissions, '
                   'public.integration_audit_logs, public.organization_phone_numbers from %s', holder);
    execute format('revoke all on schema switchboard from %s', holder);
    execute format('revoke all on all tables in schema switchboard from %s', holder);
    execute format('revoke all on all sequences in schema switchboard from %s', holder);
    execute format('revoke all on all functions in schema switchboard from %s', holder);
  end loop;

  if to_regrole('service_role') is not null then
    grant select, insert, update, delete on public.integration_credentials, public.user_integration_permissions,
      public.organization_phone_numbers to service_role;
    grant select, insert on public.integration_audit_logs to service_role;
    grant usage on schema switchboard to service_role;
    grant execute on function switchboard.may(uuid, uuid, text) to service_role;
  end if;

  if to_regrole('switchboard_admin') is not null then
    grant select, insert, update, delete on public.integration_credentials, public.user_integration_permissions,
      public.organization_phone_numbers to switchboard_admin;
    -- Not its state, which functions change and log: a new record is of the active key, and of that there is one.
    grant insert (key_id, purpose, salt, public_key, created_by) on switchboard.keys to switchboard_admin;
    -- Of one column, so that the record can be locked.
    grant update (created_by) on switchboard.keys to switchboard_admin;
    grant insert on switchboard.seals, switchboard.schema_version to switchboard_admin;
    grant select, insert, update, delete on switchboard.people_labels, switchboard.organization_labels,
      switchboard.send_actions to switchboard_admin;
  end if;

  if to_regrole('switchboard_support') is not null then
    grant select (id, organization_id, integration_type, display_name, is_active, is_verified, last_verified_at,
                  created_by, updated_by, created_at, updated_at),
          update (is_active, is_verified, last_verified_at, updated_by, updated_at)
      on public.integration_credentials to switchboard_support;
    grant select on public.user_integration_permissions to switchboard_support;
    grant select, insert, update on public.organization_phone_numbers to switchboard_support;
    grant select on switchboard.send_actions to switchboard_support;
  end if;

  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant usage on schema switchboard to %s', holder);
    execute format('grant select on public.integration_audit_logs, switchboard.schema_version, switchboard.keys, '
                   'switchboard.seals to %s', holder);
    execute format('grant execute on function switchboard.log_act(text, uuid, text, text, jsonb), '
                   'switchboard.actions() to %s', holder);
    if holder <> 'switchboard_auditor' then
      execute format('grant execute on function switchboard.begin_open(uuid, text), switchboard.open_envelope(uuid), '
                     'switchboard.may(uuid, uuid, text), switchboard.take_lock(text, uuid) to %s', holder);
    end if;
  end loop;
end
$do$;

do $do$
declare
  wanted record;
  membership constant text := 'organization_id = ANY (ARRAY( SELECT u.organization_id
   FROM public.users u
  WHERE (u.id = ( SELECT auth.uid() AS uid))))';
begin
  -- The policies of the other program's migration: each lets through what it means to keep out.
  for wanted in
    select p.polrelid::regclass::text as relation, p.polname as name
    from pg_policy p
    where (p.polrelid, p.polname) in (
      ('public.integration_credentials'::regclass, 'integration_credentials_org_access'),
      ('public.user_integration_permissions'::regclass, 'user_integration_permissions_access'),
      ('public.integration_audit_logs'::regclass, 'integration_audit_logs_org_access'),
      ('public.organization_phone_numbers'::regclass, 'phone_numbers_org_access'))
  loop
    execute format('drop policy %I on %s', wanted.name, wanted.relation);
  end loop;

  -- Up to 011 an administrator's commands had one policy together.
  for wanted in
    select p.polrelid::regclass::text as relation from pg_policy p
    where p.polname = 'switchboard_admin_all' and p.polrelid in (
      'public.integration_credentials'::regclass, 'public.user_integration_permissions'::regclass,
      'public.organization_phone_numbers'::regclass)
  loop
    execute format('drop policy switchboard_admin_all on %s', wanted.relation);
  end loop;

  -- People signed in through Supabase see what they hold, where the database knows who belongs to what.
  if to_regrole('authenticated') is null or to_regprocedure('auth.uid()') is null
     or to_regclass('public.users') is null
     or (select count(*) from pg_attribute a
         where a.attrelid = to_regclass('public.users') and a.attname in ('id', 'organization_id')
           and a.atttypid = 'uuid'::regtype and not a.attisdropped) < 2
     or not has_column_privilege('authenticated', 'public.users', 'id', 'SELECT')
     or not has_column_privilege('authenticated', 'public.users', 'organization_id', 'SELECT') then
    for wanted in select p.polrelid::regclass::text as relation from pg_policy p where p.polname = 'switchboard_own_select'
    loop
      execute format('drop policy switchboard_own_select on %s', wanted.relation);
    end loop;
    return;
  end if;
  grant select (id, organization_id, integration_type, display_name, is_active, is_verified, last_verified_at,
                created_at, updated_at) on public.integration_credentials to authenticated;
  grant select on public.user_integration_permissions, public.organization_phone_numbers to authenticated;
  perform switchboard.put_policy('public.integration_credentials', 'switchboard_own_select', 'select', 'authenticated',
    '((' || membership || ') AND (id = ANY (ARRAY( SELECT p.integration_id
   FROM public.user_integration_permissions p
  WHERE ((p.user_id = ( SELECT auth.uid() AS uid)) AND p.can_view AND ((p.expires_at IS NULL) OR (p.expires_at > now())))))))',
    null);
  perform switchboard.put_policy('public.user_integration_permissions', 'switchboard_own_select', 'select', 'authenticated',
    '(user_id = ( SELECT auth.uid() AS uid))', null);
  perform switchboard.put_policy('public.organization_phone_numbers', 'switchboard_own_select', 'select', 'authenticated',
    '((' || membership || ') AND (assigned_to_user_id = ( SELECT auth.uid() AS uid)))', null);
end
$do$;
