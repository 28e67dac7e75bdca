-- What the other files use to change only what differs, so that a second run takes no lock on a busy table.

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

create or replace function switchboard.object_or_empty(value text) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return case when jsonb_typeof(value::jsonb) = 'object' then value::jsonb else '{}' end;
exception when data_exception then
  return '{}';
end
$function$;
