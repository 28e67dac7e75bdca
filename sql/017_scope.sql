-- What a mapped login sees and touches: its organisations, and nothing else. Held by policies that ask who is logged in, not
-- which role is set, and by functions of the same question where the owner's rights are used.

-- For policies alone. The answer is the same for a whole statement, and the planner knows it while it plans: where
-- everything is seen, nothing of a policy is left, and where a part is, its organisations stand in the plan as a list that
-- an index serves. Asked while the statement runs, "everything, or one of these" is a condition without an index: of
-- 1,000,000 rows a page of five took 249 ms, a count of all 125 in place of 86. IMMUTABLE is what makes the planner ask,
-- and more than the truth: a plan that is kept, of a prepared statement, would keep the answer. So every change of a
-- mapping makes the server drop the plans on these tables (forget_plans), and a plan that was made all the same of what is
-- no longer so ends the statement (same_scope): that of a transaction that reads as of before, say.
-- PARALLEL SAFE, or no query of a group's member would be one that several processes share.

create or replace function switchboard.planned_everything() returns boolean
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select s.everything from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_organizations() returns uuid[]
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select s.organizations from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_vouching() returns boolean
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether this login sees something only while it names somebody: that, the policies ask while they run.
begin
  return (select s.vouches from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.scope_as_text() returns text
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select concat_ws(' ', to_regrole(quote_ident(session_user))::oid, s.everything, s.vouches, s.organizations,
                           case when s.vouches then current_setting('switchboard.request_organization'::text, true) end)
          from switchboard.login_scope() s);
end
$function$;

create or replace function switchboard.planned_scope() returns text
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return switchboard.scope_as_text();
end
$function$;

create or replace function switchboard.same_scope(planned text) returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Asked once for each statement. The policies take any answer (IS NOT UNKNOWN): as a condition of its own it would halve
-- what the planner expects of the rest.
begin
  if planned is distinct from switchboard.scope_as_text() then
    raise exception 'what this login sees has changed since the statement was planned'
      using errcode = 'serialization_failure';
  end if;
  return true;
end
$function$;

create or replace function switchboard.scoped_integrations() returns setof uuid
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- The integrations of the organisations in the session's scope, for policies of what hangs on them. A policy that read the
-- table itself would go round in a circle for a member of `authenticated`, whose policy there reads permissions.
begin
  return query select c.id from public.integration_credentials c
               where c.organization_id = any (switchboard.visible_organizations());
end
$function$;

create or replace function switchboard.forget_plans() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '250ms' set exit_on_error = off
as $function$
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
$function$;

create or replace function switchboard.only_with_everything() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Before a write of what is about the whole database: its keys, its seals, what counts against limits, what setup ran.
begin
  perform switchboard.require_everything_now(
    (case tg_table_name when 'keys' then 'records a key' when 'seals' then 'seals the log'
                        when 'schema_version' then 'says what setup has run'
                        else 'changes what counts against limits' end)::text);
  return null;
end
$function$;

create or replace function switchboard.refuse_foreign_person() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

do $do$
declare
  wanted record;
  test text;
  -- As pg_get_expr prints it.
  in_scope constant text := '((switchboard.planned_everything() OR%s) AND ((NOT switchboard.planned_vouching()) OR '
    '( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT '
    'switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))';
  -- "= any" of one keeps no order of time, as "=" does: the page of an organisation with few rows took 2.3 ms, not 0.5.
  of_organization constant text := '
CASE
    WHEN (array_length(switchboard.planned_organizations(), 1) = 1) THEN (%1$s = (switchboard.planned_organizations())[1])
    ELSE (%1$s = ANY (switchboard.planned_organizations()))
END';
  of_integration constant text := ' (integration_id IN ( SELECT s.s
   FROM switchboard.scoped_integrations() s(s)))';
begin
  for wanted in
    select w.relation, w.role, c.command, w.test,
           w.relation = 'public.organization_phone_numbers' and c.command in ('insert', 'update') as hangs
    from (values
      ('public.integration_credentials', 'admin', array['select', 'insert', 'update', 'delete'], 'organization_id'),
      ('public.user_integration_permissions', 'admin', array['select', 'insert', 'update', 'delete'], ''),
      ('public.integration_audit_logs', 'admin', array['select'], 'organization_id'),
      ('public.organization_phone_numbers', 'admin', array['select', 'insert', 'update', 'delete'], 'organization_id'),
      ('public.integration_credentials', 'support', array['select', 'update'], 'organization_id'),
      ('public.user_integration_permissions', 'support', array['select'], ''),
      ('public.integration_audit_logs', 'support', array['select'], 'organization_id'),
      ('public.organization_phone_numbers', 'support', array['select', 'insert', 'update'], 'organization_id'),
      ('public.integration_audit_logs', 'auditor', array['select'], 'organization_id'),
      ('switchboard.credential_versions', 'admin', array['select'], 'organization_id'),
      ('switchboard.credential_versions', 'support', array['select'], 'organization_id'),
      ('switchboard.people_labels', 'admin', array['all'], 'organization_id'),
      ('switchboard.organization_labels', 'admin', array['all'], 'id'),
      ('switchboard.login_organizations', 'admin', array['select'], 'organization_id')
    ) as w (relation, role, commands, test) cross join unnest(w.commands) as c (command)
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s enable row level security', wanted.relation);
    end if;
    -- Not on the owner, whose functions ask these tables.
    if wanted.relation like 'switchboard.%'
       and (select c.relforcerowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s no force row level security', wanted.relation);
    end if;
    continue when to_regrole('switchboard_' || wanted.role) is null;
    test := format(in_scope, case when wanted.test = '' then of_integration else format(of_organization, wanted.test) end);
    perform switchboard.put_policy(
      wanted.relation, format('switchboard_%s_%s', wanted.role, wanted.command), wanted.command,
      'switchboard_' || wanted.role, case when wanted.command <> 'insert' then test end,
      case when wanted.hangs
           then format('%s AND (switchboard.planned_everything() OR (integration_id IS NULL) OR%s))',
                       left(test, -1), of_integration)
           when wanted.command in ('insert', 'update', 'all') then test end);
  end loop;

  if (select not c.relrowsecurity from pg_class c where c.oid = 'switchboard.logins'::regclass) then
    alter table switchboard.logins enable row level security;
  end if;
  if (select c.relforcerowsecurity from pg_class c where c.oid = 'switchboard.logins'::regclass) then
    alter table switchboard.logins no force row level security;
  end if;
  if to_regrole('switchboard_admin') is not null then
    -- Those with an organisation in common, which the policy of the other table tells.
    perform switchboard.put_policy('switchboard.logins', 'switchboard_admin_select', 'select', 'switchboard_admin',
      format(in_scope, ' (EXISTS ( SELECT
   FROM switchboard.login_organizations o
  WHERE (o.login = logins.login)))'), null);
  end if;

  for wanted in select unnest(array['switchboard.logins', 'switchboard.login_organizations']) as relation
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_forget_plans',
      format('CREATE TRIGGER switchboard_forget_plans AFTER INSERT OR DELETE OR UPDATE ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.forget_plans()', wanted.relation), true);
  end loop;
  for wanted in
    select * from (values
      ('switchboard.keys', 'INSERT OR UPDATE'), ('switchboard.seals', 'INSERT'), ('switchboard.schema_version', 'INSERT'),
      ('switchboard.send_actions', 'INSERT OR DELETE OR UPDATE')
    ) as w (relation, events)
  loop
    perform switchboard.put_trigger(wanted.relation, 'switchboard_only_with_everything',
      format('CREATE TRIGGER switchboard_only_with_everything BEFORE %s ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.only_with_everything()', wanted.events, wanted.relation), true);
  end loop;
  perform switchboard.put_trigger('switchboard.people_labels', 'switchboard_refuse_foreign_person',
    'CREATE TRIGGER switchboard_refuse_foreign_person BEFORE INSERT OR UPDATE OF id ON switchboard.people_labels '
    'FOR EACH ROW EXECUTE FUNCTION switchboard.refuse_foreign_person()', true);
end
$do$;

do $do$
declare
  view record;
  holder text;
begin
  -- Over whatever an administrator has put in the place of the two views. Both have a second relation beside it, so that
  -- every version of the server prints the columns alike, which is how a change of them is noticed.
  for view in
    select * from (values
      ('visible_people', $query$
        select p.id, p.email, p.name, p.organization_id, p.is_active
        from switchboard.people p cross join switchboard.scope() s
        where s.everything or p.organization_id = any (s.organizations) or p.id = s.person
           or p.organization_id is null
              and (exists (select from public.organization_phone_numbers n
                           where n.assigned_to_user_id = p.id and n.organization_id = any (s.organizations))
                   or exists (select from public.user_integration_permissions g
                              join public.integration_credentials c on c.id = g.integration_id
                              where g.user_id = p.id and c.organization_id = any (s.organizations))) $query$),
      ('visible_organizations', $query$
        select o.id, o.name from switchboard.organizations o cross join switchboard.scope() s
        where s.everything or o.id = any (s.organizations) $query$)
    ) as w (name, query)
  loop
    -- Where a column has another type than it had, the view is made anew: nothing of ours depends on it.
    begin
      execute format('create or replace view switchboard.%I with (security_barrier = true) as %s', view.name, view.query);
    exception when invalid_table_definition then
      execute format('drop view switchboard.%I', view.name);
      execute format('create view switchboard.%I with (security_barrier = true) as %s', view.name, view.query);
    end;
  end loop;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.visible_people, switchboard.visible_organizations from %s', holder);
    execute format('revoke all on function switchboard.planned_everything(), switchboard.planned_organizations(), '
      'switchboard.planned_vouching(), switchboard.scope_as_text(), switchboard.planned_scope(), '
      'switchboard.same_scope(text), switchboard.scoped_integrations(), switchboard.forget_plans(), '
      'switchboard.only_with_everything(), switchboard.refuse_foreign_person() from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant select on switchboard.visible_people, switchboard.visible_organizations to %s', holder);
    if not exists (select from switchboard.logins) then
      -- Consoles of 015 read these. Until a login is mapped there is nothing to keep from them.
      execute format('grant select on switchboard.people, switchboard.organizations to %s', holder);
    end if;
    execute format('grant execute on function switchboard.planned_everything(), switchboard.planned_organizations(), '
                   'switchboard.planned_vouching(), switchboard.planned_scope(), switchboard.same_scope(text), '
                   'switchboard.names_somebody() to %s', holder);
    if holder <> 'switchboard_auditor' then
      execute format('grant execute on function switchboard.scoped_integrations() to %s', holder);
    end if;
  end loop;
end
$do$;

do $do$
declare
  wanted record;
begin
  -- What a superuser, or a member of the owner, has made here in an upgrade belongs to the owner all the same: the owner's
  -- functions could not read a table of somebody else's.
  for wanted in
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
           c.oid::regclass::text as name, pg_get_userbyid(n.nspowner) as owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'switchboard' and c.relkind in ('r', 'p', 'v', 'm') and c.relowner <> n.nspowner
    union all
    select 'routine', p.oid::regprocedure::text, pg_get_userbyid(n.nspowner)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'switchboard' and p.proowner <> n.nspowner
  loop
    execute format('alter %s %s owner to %I', wanted.kind, wanted.name, wanted.owner);
  end loop;
end
$do$;

do $do$
declare
  relation text;
begin
  -- An event trigger of others may switch row security on wherever a table is made. But for those with policies of ours
  -- there are grants alone here, so that with it everybody but the owner would see nothing.
  for relation in
    select c.oid::regclass::text from pg_class c
    where c.relnamespace = 'switchboard'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
      and c.relname not in ('logins', 'login_organizations', 'credential_versions', 'people_labels', 'organization_labels',
                            'checks', 'observations', 'changes', 'archives', 'openings')
  loop
    execute format('alter table %s disable row level security', relation);
  end loop;
end
$do$;
