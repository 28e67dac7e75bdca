-- Whose login it is, and which organisations it may see. Whoever is logged in as a mapped login is that person, whatever
-- the client claims; sql/017_scope.sql has the policies that ask these functions.

create table if not exists switchboard.logins (
  login             name primary key,
  login_oid         oid not null,
  user_id           uuid,
  label             text,
  role              text not null check (role in ('admin', 'support', 'auditor')),
  sees_all          boolean not null default false,
  speaks_for_others boolean not null default false,
  note              text,
  added_by          text not null default session_user,
  added_at          timestamptz not null default clock_timestamp(),
  removed_at        timestamptz,
  check ((user_id is null) = speaks_for_others)
);
comment on table switchboard.logins is
  'Logins of this server that are people here, written by switchboard.map_login, edit_login and remove_login. One counts '
  'where name and oid are those of the session: a role that was renamed, or dropped and made anew, is another login. '
  'label: what the person was called when mapped, for the log. Once there is a row, even a removed one, members of the '
  'groups who are not mapped see nothing.';
create table if not exists switchboard.login_organizations (
  login           name not null references switchboard.logins (login) on delete cascade,
  organization_id uuid not null,
  primary key (login, organization_id)
);
create index if not exists logins_person on switchboard.logins (user_id);
-- There before the first mapping, which an older snapshot has to meet as well.
insert into switchboard.locks (what, key) values ('logins', '') on conflict (what, key) do nothing;

create or replace function switchboard.acting_person() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Who the session's login is; null where it is nobody's. By the oid as well, from the cache of names: a join with
-- pg_roles takes ten times as long.
begin
  return (select l.user_id from switchboard.logins l
          where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid
            and l.removed_at is null);
end
$function$;

create or replace function switchboard.bypasses_scope() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.is_of_another_program() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.names_somebody() returns boolean
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether a login that speaks for others says for whom. Who that is has to be looked up first, so any id will do; the log
-- says "vouched" of a person of the directory alone.
begin
  return switchboard.uuid_or_null(nullif(current_setting('switchboard.operator_id'::text, true), '')::text) is not null;
end
$function$;

create or replace function switchboard.login_scope(
  out everything boolean, out organizations uuid[], out person uuid, out vouches boolean
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- What the session's login is mapped to, whether or not it says for whom it speaks.
declare
  known record;
  requested uuid;
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
    if vouches and coalesce(current_setting('switchboard.request_organization'::text, true), '') <> '' then
      -- A request of one person (sql/022_http.sql): of what the login sees, their organisation alone.
      -- The nil UUID stands for no organisation: what is of none is for those who see everything.
      requested := nullif(switchboard.uuid_or_null(current_setting('switchboard.request_organization'::text, true)::text),
                          '00000000-0000-0000-0000-000000000000');
      organizations := array(select requested where everything or requested = any (organizations));
      organizations := array_remove(organizations, null);
      everything := false;
    end if;
  else
    everything := not exists (select from switchboard.logins) or switchboard.bypasses_scope();
  end if;
end
$function$;

create or replace function switchboard.scope(out everything boolean, out organizations uuid[], out person uuid)
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.sees_everything() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
begin
  return (select s.everything from switchboard.scope() s);
end
$function$;

create or replace function switchboard.visible_organizations() returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- The organisations of a login that does not see everything; {} for one that does.
begin
  return (select s.organizations from switchboard.scope() s);
end
$function$;

create or replace function switchboard.in_scope(organization uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Whether the session may see rows of this organisation. What stands for no organisation is for those who see everything.
begin
  return (select s.everything or coalesce(organization = any (s.organizations), false) from switchboard.scope() s);
end
$function$;

create or replace function switchboard.require_everything(act text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- For what is right only over the whole database. Fails with SB006; act says what it is about ("seals the log").
begin
  if not switchboard.sees_everything() then
    raise exception 'the login % sees a part of the organisations, and only one that sees them all %', session_user, act
      using errcode = 'SB006', hint = 'Let somebody do it whose login sees every organisation.';
  end if;
end
$function$;

create or replace function switchboard.require_everything_now(act text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set exit_on_error = off as $function$
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
$function$;

create or replace function switchboard.hold_logins() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- Lets one transaction at a time change mappings, and asks only then whether the caller may: they may have been removed
-- while they waited. It changes the row, so that a transaction whose snapshot is older than another's change fails (40001).
begin
  insert into switchboard.locks (what, key) values ('logins', '')
  on conflict (what, key) do update set taken_at = clock_timestamp();
  perform switchboard.require_everything('maps logins'::text);
end
$function$;

create or replace function switchboard.require_organization(organization uuid) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- Fails with 42501 where the organisation is not in the scope of the login.
begin
  if not switchboard.in_scope(organization::uuid) then
    raise exception 'the organisation % is not one that the login % may see', organization, session_user
      using errcode = 'insufficient_privilege';
  end if;
end
$function$;

create or replace function switchboard.my_login(
  out login name, out is_mapped boolean, out user_id uuid, out email text, out name text, out role text,
  out sees_all boolean, out speaks_for_others boolean, out organizations uuid[], out sees_everything boolean,
  out database_has_logins boolean, out is_active boolean
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.login_refusal(candidate text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.refuse_login(code text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.login_entry(of_login text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.log_access(of_login text, change text, before jsonb, after jsonb) returns uuid
language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  return switchboard.write_log(null::uuid, null::uuid, null::text, 'access_changed'::text, 'success'::text,
    jsonb_strip_nulls(jsonb_build_object('source', 'switchboard', 'login', of_login, 'change', change,
                                         'before', before, 'after', after))::jsonb);
end
$function$;

create or replace function switchboard.put_organizations(of_login text, organizations uuid[], sees_all boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.map_login(
  login text, person uuid, role text, organizations uuid[], sees_all boolean, speaks_for_others boolean, note text,
  connected_as text
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.hold_login(candidate text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- Holds the mapping of a login, which may be one of a role that was dropped or renamed, and returns its name.
begin
  perform switchboard.hold_logins();
  perform switchboard.refuse_login(case
    when candidate = session_user then 'own_row'
    when not exists (select from switchboard.logins l where l.login = candidate and l.removed_at is null) then 'not_mapped'
  end::text);
  return candidate;
end
$function$;

create or replace function switchboard.edit_login(
  login text, role text, organizations uuid[], sees_all boolean, note text
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.remove_login(login text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Makes a login nobody's. Its row stays, with the oid and when. Fails as map_login does.
declare
  held constant text := switchboard.hold_login(remove_login.login::text);
begin
  update switchboard.logins l set removed_at = clock_timestamp() where l.login = held;
  return switchboard.log_access(held::text, 'removed'::text, switchboard.login_entry(held::text)::jsonb, null::jsonb);
end
$function$;

do $do$
declare
  holder text;
begin
  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.logins, switchboard.login_organizations from %s', holder);
    execute format('revoke all on function switchboard.acting_person(), switchboard.bypasses_scope(), '
      'switchboard.is_of_another_program(), switchboard.names_somebody(), switchboard.login_scope(), '
      'switchboard.scope(), switchboard.sees_everything(), switchboard.visible_organizations(), '
      'switchboard.in_scope(uuid), switchboard.require_everything(text), switchboard.require_organization(uuid), '
      'switchboard.require_everything_now(text), switchboard.hold_logins(), '
      'switchboard.my_login(), switchboard.login_refusal(text), switchboard.refuse_login(text), '
      'switchboard.login_entry(text), switchboard.log_access(text, text, jsonb, jsonb), '
      'switchboard.put_organizations(text, uuid[], boolean), switchboard.hold_login(text), '
      'switchboard.map_login(text, uuid, text, uuid[], boolean, boolean, text, text), '
      'switchboard.edit_login(text, text, uuid[], boolean, text), switchboard.remove_login(text) from %s', holder);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.my_login(), switchboard.acting_person(), switchboard.scope(), '
                   'switchboard.sees_everything(), switchboard.visible_organizations(), '
                   'switchboard.require_everything(text) to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant select on switchboard.logins, switchboard.login_organizations to switchboard_admin;
    grant execute on function switchboard.login_refusal(text),
      switchboard.map_login(text, uuid, text, uuid[], boolean, boolean, text, text),
      switchboard.edit_login(text, text, uuid[], boolean, text), switchboard.remove_login(text) to switchboard_admin;
  end if;
end
$do$;
