-- What the other files use: the actions of the log, and ways to change only what differs, so that a second run takes
-- no lock on a busy table.

create or replace function switchboard.actions() returns table (name text, kind text, roles text[])
language sql immutable set search_path = pg_catalog, pg_temp as $function$
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
    ('log_archived', 'change', null), ('type_recorded', 'change', null), ('type_withdrawn', 'change', null)
$function$;

create or replace function switchboard.put_trigger(relation text, name text, definition text, always boolean)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.put_policy(
  relation text, name text, command text, role text, using_text text, check_text text
) returns void language plpgsql set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.uuid_or_null(value text) returns uuid
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return value::uuid;
exception when data_exception then
  return null;
end
$function$;

create or replace function switchboard.inet_or_null(value text) returns inet
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return value::inet;
exception when data_exception then
  return null;
end
$function$;
