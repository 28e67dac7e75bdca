-- What a check remembers: when a provider was asked and what it came to, the newest of what it said besides, and the changes
-- that are to be told. Written by functions alone; tui/data/checks/ decides what is due and what is news. And what the log
-- says of the programs that use an integration.

create table if not exists switchboard.checks (
  integration_id uuid primary key,
  begun_at       timestamptz,
  ended_at       timestamptz,
  outcome        text check (outcome in ('verified', 'refused', 'unknown')),
  standing       text check (standing in ('verified', 'refused', 'cut off')),
  standing_since timestamptz,
  refused_at     timestamptz,
  changed_at     timestamptz,
  unknowns       integer not null default 0
);
comment on table switchboard.checks is
  'What is remembered of each integration that is checked. begun_at without an ended_at after it: a check that goes on, or '
  'that was cut off and counts as a refused login. changed_at: when the content of the envelope was last changed, by '
  'something other than a rotation. No foreign key: an integration that is restored is known again.';

create table if not exists switchboard.observations (
  integration_id uuid not null,
  number         text not null default '',
  name           text not null,
  value          text not null,
  at             timestamptz not null default clock_timestamp(),
  primary key (integration_id, number, name)
);
comment on table switchboard.observations is
  'The newest value of each thing that a provider said of an account (number '''') or of one of its phone numbers, and when.';

create table if not exists switchboard.changes (
  id               uuid primary key default gen_random_uuid(),
  place            bigint generated always as identity,
  integration_id   uuid not null,
  organization_id  uuid,
  integration_type text,
  kind             text not null check (kind in ('broke', 'recovered', 'cut_off', 'permission_expiring', 'balance_low',
                                                 'balance_recovered', 'number_outage', 'number_recovered')),
  number           text not null default '',
  value            text not null default '',
  noticed_at       timestamptz not null default clock_timestamp(),
  claimed_at       timestamptz,
  told_at          timestamptz
);
create index if not exists changes_integration on switchboard.changes (integration_id, noticed_at);
create index if not exists changes_untold on switchboard.changes (place) where told_at is null;
comment on table switchboard.changes is
  'What `switchboard check` tells, each once, or again with the same id where the process ended between telling and noting '
  'it. claimed_at: since when somebody is telling it, for two minutes. What was told is kept for 90 days.';

create or replace function switchboard.begin_check(of_integration uuid, seen timestamptz) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.checked_integration(
  of_integration uuid, out organization_id uuid, out integration_type text
) language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- The organisation and the type of an integration in the scope of the login. Fails with P0002 where there is none.
begin
  select c.organization_id, c.integration_type into checked_integration.organization_id, checked_integration.integration_type
  from public.integration_credentials c where c.id = of_integration;
  if not found or not switchboard.in_scope(checked_integration.organization_id::uuid) then
    raise exception 'there is no such integration' using errcode = 'no_data_found';
  end if;
end
$function$;

create or replace function switchboard.hold_check(
  of_integration uuid, out state jsonb, out observed jsonb, out at timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
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
$function$;

create or replace function switchboard.note_check(of_integration uuid, state jsonb, observed jsonb, changes jsonb)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.claim_change(
  organizations uuid[], out id uuid, out integration_id uuid, out organization_id uuid, out integration_type text,
  out kind text, out number text, out value text, out noticed_at timestamptz
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.note_told(change_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.uses_of(of_integration uuid)
returns table (action text, program text, at timestamptz, user_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
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
$function$;

do $do$
declare
  wanted record;
  holder text;
begin
  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.checks, switchboard.observations, switchboard.changes from %s', holder);
    execute format('revoke all on sequence switchboard.changes_place_seq from %s', holder);
    execute format('revoke all on function switchboard.begin_check(uuid, timestamptz), switchboard.checked_integration(uuid), '
      'switchboard.hold_check(uuid), switchboard.note_check(uuid, jsonb, jsonb, jsonb), '
      'switchboard.claim_change(uuid[]), switchboard.note_told(uuid), switchboard.uses_of(uuid) from %s', holder);
  end loop;
  for wanted in
    select w.relation, w.as_of, r.role
    from (values
      -- Each is seen by whoever sees what it hangs on.
      ('switchboard.checks', 'public.user_integration_permissions'),
      ('switchboard.observations', 'public.user_integration_permissions'),
      ('switchboard.changes', 'switchboard.credential_versions')
    ) as w (relation, as_of) cross join (values ('switchboard_admin'), ('switchboard_support')) as r (role)
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s enable row level security', wanted.relation);
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s no force row level security', wanted.relation);
    end if;
    continue when to_regrole(wanted.role) is null;
    execute format('grant select on %s to %s', wanted.relation, wanted.role);
    perform switchboard.put_policy(wanted.relation, wanted.role || '_select', 'select', wanted.role,
      (select pg_get_expr(p.polqual, p.polrelid) from pg_policy p
       where p.polrelid = wanted.as_of::regclass and p.polname = wanted.role || '_select'), null);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.begin_check(uuid, timestamptz), switchboard.hold_check(uuid), '
      'switchboard.note_check(uuid, jsonb, jsonb, jsonb), switchboard.claim_change(uuid[]), switchboard.note_told(uuid), '
      'switchboard.uses_of(uuid) to %s', holder);
  end loop;
end
$do$;
