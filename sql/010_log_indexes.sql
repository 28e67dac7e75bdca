-- The indexes that make any slice of the log quick. Built here only while the log is small: on a large one
-- they would block its writers, and setup builds them concurrently instead.

create or replace function switchboard.missing_log_indexes() returns table (name text, definition text)
language sql stable set search_path = pg_catalog, pg_temp as $function$
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
$function$;
revoke all on function switchboard.missing_log_indexes() from public;

do $do$
declare
  wanted record;
  large constant boolean :=
    (select count(*) from (select from public.integration_audit_logs limit 100000) as counted) = 100000;
  left_out text[] := '{}';
  free text;
  place integer;
begin
  for wanted in select m.name, m.definition from switchboard.missing_log_indexes() m
  loop
    if large then
      left_out := left_out || wanted.name;
      continue;
    end if;
    free := wanted.name;
    place := 1;
    while to_regclass('public.' || quote_ident(free)) is not null
    loop
      -- What is left of a concurrent build that failed is never used, and keeps the name. Anything else is
      -- somebody's: it stays, and the index gets the next name.
      if exists (select from pg_index i where i.indexrelid = to_regclass('public.' || quote_ident(free))
                   and i.indrelid = 'public.integration_audit_logs'::regclass and not i.indisvalid) then
        execute format('drop index public.%I', free);
      else
        place := place + 1;
        free := wanted.name || '_' || place;
      end if;
    end loop;
    execute format('create index %I on public.integration_audit_logs %s', free, wanted.definition);
  end loop;
  if left_out <> '{}' then
    raise notice 'the log has 100,000 rows or more: these indexes are left to `switchboard setup`, which builds '
                 'them without blocking: %', array_to_string(left_out, ', ');
  end if;
end
$do$;
