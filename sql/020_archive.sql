-- A log that may end: months of which there is a proven file leave it, and of what they said a little stays, so that no report
-- says "never" of what was only archived.

create table if not exists switchboard.archives (
  id          bigint generated always as identity primary key,
  month       date not null check (extract(day from month) = 1),
  row_count   bigint not null check (row_count >= 0),
  sha256      bytea not null check (octet_length(sha256) = 32),
  left_out    timestamptz[] not null default '{}',
  first_seal  bigint not null,
  last_seal   bigint not null,
  log_row     uuid not null,
  archived_at timestamptz not null default clock_timestamp(),
  archived_by text not null default session_user
);
create index if not exists archives_month on switchboard.archives (month);
comment on table switchboard.archives is
  'Months of the log that were written to a file: its SHA-256, how many rows, the first and the last of their seals, the row '
  'of the log that says so. left_out: hours that were not as sealed, of which no row is in the file. Append-only; a month may '
  'be there more than once, and the newest counts.';

create table if not exists switchboard.removals (
  month      date primary key,
  row_count  bigint not null default 0,
  begun_at   timestamptz not null default clock_timestamp(),
  last_at    timestamptz not null default clock_timestamp(),
  removed_by text not null default session_user,
  xid        xid8,
  hour       timestamptz
);
comment on table switchboard.removals is
  'Months whose rows are being removed from the log, or have been, and how many so far. xid, hour: the transaction that removes '
  'rows at this moment, and the hour that they are of, which is all that switchboard.refuse_change lets go.';

create table if not exists switchboard.openings (
  organization_id  uuid not null,
  integration_type text not null,
  kind             text not null check (kind in ('revealed', 'copied', 'lent', 'typed', 'changed', 'tested', 'unreached',
                                                  'opened', 'used')),
  subject          text not null default '',
  user_id          uuid not null default '00000000-0000-0000-0000-000000000000',
  since            timestamptz not null default '-infinity',
  at               timestamptz not null,
  times            bigint not null default 1,
  proven           boolean not null default false,
  details          jsonb,
  primary key (organization_id, integration_type, kind, subject, user_id, since)
);
create index if not exists openings_user on switchboard.openings (user_id);
comment on table switchboard.openings is
  'What reports need of rows that were removed from the log. revealed, copied, lent, typed: the newest by each person (the '
  'nil UUID: nobody was named) of each field (subject; '''' where none was named), of each content that the field has had: since is when '
  'it was put there. changed: each change of a credential (subject: its row), without who it was. tested: the newest test of '
  'each integration (subject: its row, '''' where none was named) that came to a judgement; unreached: the first after it that '
  'reached no provider. opened, used: the newest opening of each integration, and the newest row of each action and program '
  'of others.';

create or replace function switchboard.keep_openings(of_hour timestamptz) returns void
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
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
$function$;

create or replace function switchboard.keep_acts(of_hour timestamptz) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
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
$function$;

create or replace function switchboard.require_past_month(of_month date) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- Limits are counted by the running month, and reports look back into the one before it.
begin
  if of_month is null or extract(day from of_month) <> 1 or of_month < '0001-01-01' then
    raise exception 'a month is named by its first day' using errcode = 'invalid_parameter_value';
  elsif of_month >= (date_trunc('month', now(), 'UTC') at time zone 'UTC')::date - interval '1 month' then
    raise exception 'the month % stays in the log: it is the running one, or the one before', to_char(of_month, 'YYYY-MM')
      using errcode = 'SB008';
  end if;
end
$function$;

create or replace function switchboard.record_archive(
  of_month date, rows_written bigint, file_sha256 bytea, hours_left_out timestamptz[], out log_row uuid
) language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
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
$function$;

create or replace function switchboard.remove_archived(
  of_month date, from_hour timestamptz, most_rows bigint,
  out rows_removed bigint, out next_hour timestamptz, out hours_left timestamptz[]
) language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
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
$function$;

create or replace function switchboard.archived_before() returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $function$
-- The end of the last month of which rows were removed: what is older is in archives. Null where nothing was removed.
begin
  return (select max(r.month) + interval '1 month' from switchboard.removals r where r.row_count > 0);
end
$function$;

do $do$
declare
  wanted record;
  holder text;
begin
  perform switchboard.put_trigger('switchboard.archives', 'switchboard_append_only',
    'CREATE TRIGGER switchboard_append_only BEFORE DELETE OR UPDATE ON switchboard.archives FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.refuse_change()', true);
  perform switchboard.put_trigger('switchboard.archives', 'switchboard_no_truncate',
    'CREATE TRIGGER switchboard_no_truncate BEFORE TRUNCATE ON switchboard.archives FOR EACH STATEMENT '
    'EXECUTE FUNCTION switchboard.refuse_change()', true);

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.archives, switchboard.removals, switchboard.openings from %s', holder);
    execute format('revoke all on sequence switchboard.archives_id_seq from %s', holder);
    execute format('revoke all on function switchboard.keep_openings(timestamptz), '
      'switchboard.keep_acts(timestamptz), switchboard.require_past_month(date), '
      'switchboard.record_archive(date, bigint, bytea, timestamptz[]), '
      'switchboard.remove_archived(date, timestamptz, bigint), switchboard.archived_before() from %s', holder);
  end loop;
  if (select c.relrowsecurity from pg_class c where c.oid = 'switchboard.removals'::regclass) then
    -- As in 017_scope.sql, which runs before there is the table.
    alter table switchboard.removals disable row level security;
  end if;
  for wanted in
    select w.relation, r.role
    from (values ('switchboard.archives'), ('switchboard.openings')) as w (relation)
    cross join (values ('switchboard_admin'), ('switchboard_support'), ('switchboard_auditor')) as r (role)
  loop
    if (select not c.relrowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s enable row level security', wanted.relation);
    end if;
    if (select c.relforcerowsecurity from pg_class c where c.oid = wanted.relation::regclass) then
      execute format('alter table %s no force row level security', wanted.relation);
    end if;
    continue when to_regrole(wanted.role) is null;
    execute format('grant select on %s to %s', wanted.relation, wanted.role);
    -- What reports need is seen by whoever saw the rows; how many rows there were in all, by whoever sees everything.
    perform switchboard.put_policy(wanted.relation, wanted.role || '_select', 'select', wanted.role,
      case when wanted.relation = 'switchboard.openings'
           then (select pg_get_expr(p.polqual, p.polrelid) from pg_policy p
                 where p.polrelid = 'public.integration_audit_logs'::regclass and p.polname = wanted.role || '_select')
           else '(switchboard.planned_everything() AND ((NOT switchboard.planned_vouching()) OR '
                '( SELECT switchboard.names_somebody() AS names_somebody)) AND (( SELECT '
                'switchboard.same_scope(switchboard.planned_scope()) AS same_scope) IS NOT UNKNOWN))' end, null);
  end loop;
  foreach holder in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when to_regrole(holder) is null;
    execute format('grant execute on function switchboard.archived_before() to %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant execute on function switchboard.record_archive(date, bigint, bytea, timestamptz[]) to switchboard_admin;
  end if;
end
$do$;
