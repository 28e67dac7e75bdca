-- The log of changes: each changed row of the other three tables has exactly one row, written in the same
-- transaction by a trigger; and the log itself is append-only.

create or replace function switchboard.bounded(value jsonb, room integer, depth integer) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
-- The value where its text has at most `room` bytes; else one that has, in which what is too long is cut and says how
-- long it was. Of an object the evidence is kept first, then the shortest members. What is nested deeper than `depth`
-- is cut as text, so that the work is a few passes over the value, however it is made.
declare
  size constant integer := octet_length(value::text);
  free integer := room - 60;
  part record;
  result jsonb;
  content text;
  shown integer := greatest(free, 0);
begin
  if size <= room then
    return value;
  end if;
  if jsonb_typeof(value) = 'object' and depth > 0 and free > 100 then
    result := '{}';
    for part in
      select e.key, e.value, octet_length(e.value::text) + octet_length(to_jsonb(e.key)::text) + 4 as size,
             octet_length(to_jsonb(e.key)::text) + 4 as name_size, count(*) over () - row_number() over w + 1 as left_over
      from jsonb_each(value) e
      window w as (order by e.key = any (array['source', 'table', 'change', 'row', 'cascade', 'purpose',
                                               'integration_id', 'envelope']) desc,
                            octet_length(e.value::text) + octet_length(to_jsonb(e.key)::text), e.key)
      order by row_number() over w
    loop
      if part.size > free then
        -- The others are no shorter: they share what room there is.
        exit when free / part.left_over - part.name_size < 100;
        part.value := switchboard.bounded(part.value::jsonb, (free / part.left_over - part.name_size)::integer,
                                          (depth - 1)::integer);
        part.size := octet_length(part.value::text) + part.name_size;
      end if;
      result := result || jsonb_build_object(part.key, part.value);
      free := free - part.size;
      part.left_over := part.left_over - 1;
    end loop;
    return case when part.left_over > 0 then result || jsonb_build_object('cut', part.left_over) else result end;
  end if;
  if jsonb_typeof(value) = 'array' and depth > 0 and free > 100 then
    result := '[]';
    for part in select e.value, octet_length(e.value::text) + 2 as size from jsonb_array_elements(value) e
    loop
      exit when part.size > free;
      result := result || jsonb_build_array(part.value);
      free := free - part.size;
    end loop;
    return result || to_jsonb(format(' [cut, %s elements]', jsonb_array_length(value)));
  end if;
  content := case when jsonb_typeof(value) = 'string' then value #>> '{}' else value::text end;
  loop
    result := to_jsonb(left(content, shown) || format(' [cut, %s bytes]', size));
    exit when shown = 0 or octet_length(result::text) <= room;
    -- A character may take six bytes of JSON.
    shown := least(shown - 1, (shown::bigint * greatest(free, 0) / octet_length(result::text))::integer);
  end loop;
  return result;
end
$function$;

create or replace function switchboard.person_label(person uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- What the log calls a person of the directory; null where that has none of this id, or cannot be read.
begin
  if person is null then
    return null;
  end if;
  return (select left(coalesce(min(p.email), min(p.name), person::text), 200)
          from switchboard.people p where p.id = person having count(*) > 0);
exception when others then
  return null;
end
$function$;

create or replace function switchboard.write_log(
  organization_id uuid, user_id uuid, integration_type text, action text, status text, details jsonb
) returns uuid language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- user_id: whom the row itself names, for a change by another program. Adds to details who it was and the evidence.
-- operator_from: login (a mapped login is its person, whatever the client claims: a different claim is kept in claimed),
-- vouched (a login that speaks for others says for whom, and the directory knows them: operator is what it calls them),
-- claim (the client says so), row, nobody; user_from, of a change of a row, whether user_id is the operator's or the row's.
-- operator of a claim and operation_id are what the client claims, the rest is what the server knows. Never fails for want
-- of a value: a row without an organisation gets the nil UUID, without a type 'none'.
-- No row becomes large: details have at most 16 kB as text, evidence included; cut tells how many bytes there were.
declare
  row_id constant uuid := gen_random_uuid();
  claimed_address constant text := nullif(current_setting('switchboard.source_address'::text, true), '');
  client_address constant inet := inet_client_addr();
  told jsonb := details - array['operator', 'operator_from', 'claimed', 'user_from', 'operation_id', 'undo_of',
                                'session_user', 'role', 'client_address', 'xid'];
  claim constant text := nullif(current_setting('switchboard.operator_id'::text, true), '');
  -- Of an id that is none there is no claim: it aborts nobody's write.
  claimed_id constant uuid := case when claim is not null then switchboard.uuid_or_null(claim::text) end;
  operator text := nullif(left(current_setting('switchboard.operator_label'::text, true), 200), '');
  operator_id uuid;
  operator_from text;
  claimed jsonb;
  vouched_for text;
  login record;
begin
  select l.user_id, l.label, l.speaks_for_others into login
  from switchboard.logins l
  where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null;
  if login.user_id is not null then
    if claimed_id <> login.user_id or claimed_id is null and lower(operator) <> lower(login.label) then
      claimed := jsonb_strip_nulls(jsonb_build_object('user_id', claimed_id, 'operator', left(operator, 100)));
    end if;
    operator_id := login.user_id;
    operator := login.label;
    operator_from := 'login';
  else
    if login.speaks_for_others then
      vouched_for := switchboard.person_label(claimed_id::uuid);
      operator := coalesce(vouched_for, operator);
    end if;
    operator_id := coalesce(claimed_id, user_id);
    operator_from := case when vouched_for is not null then 'vouched'
                          when claimed_id is not null then 'claim'
                          when user_id is not null then 'row'
                          when operator is not null then 'claim' else 'nobody' end;
  end if;
  -- By the text: as jsonb a number of 100,000 digits takes ten bytes.
  if octet_length(told::text) > 13000 then
    told := switchboard.bounded(told::jsonb, 12950::integer, 4::integer)
      || jsonb_build_object('cut', jsonb_build_object('bytes', octet_length(told::text)));
  end if;
  insert into public.integration_audit_logs
    (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
  values (
    row_id,
    coalesce(organization_id, '00000000-0000-0000-0000-000000000000'),
    operator_id,
    left(coalesce(integration_type, 'none'), 50),
    left(action, 100),
    left(status, 50),
    told || jsonb_strip_nulls(jsonb_build_object(
      'operator', operator,
      'operator_from', operator_from,
      'claimed', claimed,
      'user_from', case when told ->> 'source' = 'trigger'
                        then case when operator_id is null then 'nobody' when operator_from = 'row' then 'row'
                                  else 'operator' end end,
      'operation_id', nullif(left(current_setting('switchboard.operation_id'::text, true), 100), ''),
      'undo_of', nullif(left(current_setting('switchboard.undo_of'::text, true), 100), ''),
      'session_user', session_user,
      'role', coalesce(nullif(current_setting('role'::text, true), 'none'), session_user),
      'client_address', host(client_address),
      'xid', pg_current_xact_id()::text)),
    case when claimed_address is null then client_address
         else coalesce(switchboard.inet_or_null(claimed_address::text), client_address) end,
    coalesce(nullif(left(current_setting('switchboard.user_agent'::text, true), 500), ''),
             nullif(current_setting('application_name'::text, true), ''), ''),
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
-- On a cascade the parent is gone before its children are logged: what they need of it is kept here.
begin
  if tg_op <> 'DELETE' then
    -- Used as a trigger of another event, it would swallow what is written.
    raise exception 'this remembers what is deleted, and nothing else' using errcode = 'feature_not_supported';
  end if;
  if tg_level = 'STATEMENT' then
    -- What ended transactions left; without waiting for whoever does the same, and only where a row that is gone by now
    -- is no failure.
    if current_setting('transaction_isolation'::text) in ('read committed', 'read uncommitted') then
      delete from switchboard.deleted_integrations
      where (xid, id) in (
        select d.xid, d.id from switchboard.deleted_integrations d
        where d.xid < pg_snapshot_xmin(pg_current_snapshot()) for update skip locked);
    end if;
    return null;
  end if;
  if old.id is not null then
    insert into switchboard.deleted_integrations (xid, id, organization_id, integration_type)
    values (pg_current_xact_id(), old.id::text, old.organization_id::text, old.integration_type::text)
    on conflict (xid, id) do update
      set organization_id = excluded.organization_id, integration_type = excluded.integration_type;
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
  author_column constant text := case when kind = 'permission' then 'granted_by' when kind = 'number' then null
                                      when tg_op = 'INSERT' then 'created_by' else 'updated_by' end;
  author uuid;
  action text;
  version bigint;
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
    organization := switchboard.uuid_or_null((present ->> 'organization_id')::text);
    integration := switchboard.uuid_or_null((present ->> 'integration_id')::text);
    author := switchboard.uuid_or_null((present ->> author_column)::text);
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
        'before', switchboard.envelope_format((before ->> 'credentials_encrypted')::text),
        'after', switchboard.envelope_format((after ->> 'credentials_encrypted')::text)));
      -- The names (never values) of the fields inside the envelope, from whoever could open it.
      if nullif(current_setting('switchboard.fields'::text, true), '') is not null then
        details := details || jsonb_build_object('fields',
          string_to_array(current_setting('switchboard.fields'::text, true), ','));
      end if;
      -- Said by what only our own functions write, never by what a client claims.
      if exists (select from switchboard.rotations r where r.xid = pg_current_xact_id() and r.writing) then
        details := details || '{"rotation": true}';
      else
        version := switchboard.version_of((after ->> 'id')::text, (after ->> 'credentials_encrypted')::text);
      end if;
    end if;
  else
    details := jsonb_build_object(case tg_op when 'INSERT' then 'after' else 'before' end,
      jsonb_strip_nulls(present - 'credentials_encrypted'));
    if kind = 'credential' then
      details := details || jsonb_build_object('envelope', jsonb_build_object(
        case tg_op when 'INSERT' then 'after' else 'before' end,
        switchboard.envelope_format((present ->> 'credentials_encrypted')::text)));
      if tg_op = 'INSERT' then
        version := switchboard.version_of((after ->> 'id')::text, (after ->> 'credentials_encrypted')::text);
      end if;
    end if;
  end if;
  if version is not null then
    -- When it was kept as well: the version itself may be cleared by this very change.
    details := details || (select jsonb_build_object('version', v.id, 'version_kind', v.kind, 'kept_at', v.replaced_at)
                           from switchboard.credential_versions v where v.id = version);
  end if;

  if kind <> 'credential' and integration is not null then
    select jsonb_build_object('organization_id', c.organization_id, 'integration_type', c.integration_type) into parent
    from public.integration_credentials c
    where c.id = integration;
    if parent is null then
      select jsonb_build_object('organization_id', d.organization_id, 'integration_type', d.integration_type) into parent
      from switchboard.deleted_integrations d
      where d.xid = pg_current_xact_id() and d.id = integration::text;
      if tg_op = 'DELETE' and parent is not null then
        details := details || '{"cascade": true}';
      end if;
    end if;
    organization := coalesce(organization, switchboard.uuid_or_null((parent ->> 'organization_id')::text));
    type := parent ->> 'integration_type';
  end if;

  action := case
    when version is not null then case tg_op when 'INSERT' then 'credential_restored' else 'credential_rolled_back' end
    when tg_op = 'INSERT' then case kind when 'credential' then 'credential_created'
                                         when 'permission' then 'permission_granted' else 'number_added' end
    when tg_op = 'DELETE' then case kind when 'credential' then 'credential_deleted'
                                         when 'permission' then 'permission_revoked' else 'number_deactivated' end
    when kind = 'permission' then 'permission_changed'
    when changed && array['is_active', 'assigned_to_user_id'] then
      switchboard.action_of(kind::text, after::jsonb, changed::text[],
                            nullif(current_setting('switchboard.action'::text, true), '')::text)
    else kind || '_updated' end;
  perform switchboard.write_log(
    organization::uuid,
    -- Another program names no operator, but says in the row itself who created, updated or granted.
    (case when tg_op = 'INSERT' or author_column = any (changed) then author end)::uuid,
    type::text, action::text, 'success'::text,
    (details || jsonb_build_object(
      'source', 'trigger',
      'table', tg_table_name,
      'change', lower(tg_op),
      'row', jsonb_strip_nulls(jsonb_build_object(
        'id', present -> 'id',
        'integration_id', case when kind = 'credential' then present -> 'id' else present -> 'integration_id' end,
        'user_id', present -> 'user_id',
        'phone_number', present -> 'phone_number'))))::jsonb);
  return null;
end
$function$;

create or replace function switchboard.envelope_format(envelope text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $function$
begin
  return case when envelope like 'sb2.%' then 'sb2'
              when envelope ~ '^[0-9a-f]{32}:[0-9a-f]{32}:([0-9a-f]{2})*$' then 'legacy'
              else 'neither' end;
end
$function$;

create or replace function switchboard.version_of(of_row text, content text) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
-- The version that this envelope was kept as: no two encryptions give the same text.
begin
  return (select max(v.id) from switchboard.credential_versions v
          where v.credential_id = switchboard.uuid_or_null(of_row::text) and v.envelope = content);
end
$function$;

create or replace function switchboard.log_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- TRUNCATE fires no trigger for a row: the rows are deleted before it, so that each has its row in the log.
begin
  execute format('delete from only %s', tg_relid::regclass);
  return null;
end
$function$;

create or replace function switchboard.refuse_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- But for rows of an archived hour, while switchboard.remove_archived deletes them (020_archive.sql).
begin
  if tg_op = 'DELETE' and tg_table_schema <> 'switchboard' then
    if exists (select from switchboard.removals r
               where r.xid = pg_current_xact_id_if_assigned()
                 and old.created_at >= r.hour and old.created_at < r.hour + interval '1 hour') then
      return old;
    end if;
  end if;
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$function$;

create or replace function switchboard.check_proof() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Other programs insert rows of their own into the log, and could say in them that somebody was proven to have done it:
-- that is true only of rows of a session whose login is this person, or may vouch for one, called what the login or the
-- directory calls them. Of any other row it becomes a claim, and claimed keeps what it said; nobody's write is refused.
begin
  if not exists (
    select from switchboard.logins l
    where l.login = session_user and l.login_oid = to_regrole(quote_ident(session_user))::oid and l.removed_at is null
      and new.details ->> 'session_user' = session_user
      and case new.details ->> 'operator_from'
            when 'login' then l.user_id = new.user_id and l.label is not distinct from new.details ->> 'operator'
            when 'vouched' then l.speaks_for_others
              and switchboard.person_label(new.user_id::uuid) = new.details ->> 'operator' end) then
    new.details := new.details || jsonb_build_object(
      'operator_from', 'claim', 'claimed', jsonb_build_object('operator_from', new.details -> 'operator_from'));
  end if;
  return new;
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
    perform switchboard.put_trigger(wanted.relation, 'switchboard_log_truncate',
      format('CREATE TRIGGER switchboard_log_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
             'EXECUTE FUNCTION switchboard.log_truncate()', wanted.relation), true);
  end loop;
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_remember',
    'CREATE TRIGGER switchboard_remember BEFORE DELETE ON public.integration_credentials FOR EACH ROW '
    'EXECUTE FUNCTION switchboard.remember_integration()', true);
  perform switchboard.put_trigger('public.integration_credentials', 'switchboard_forget',
    'CREATE TRIGGER switchboard_forget BEFORE DELETE ON public.integration_credentials FOR EACH STATEMENT '
    'EXECUTE FUNCTION switchboard.remember_integration()', true);
  perform switchboard.put_trigger('public.integration_audit_logs', 'switchboard_check_proof',
    'CREATE TRIGGER switchboard_check_proof BEFORE INSERT ON public.integration_audit_logs FOR EACH ROW '
    'WHEN (((new.details ->> ''operator_from''::text) = ANY (ARRAY[''login''::text, ''vouched''::text]))) '
    'EXECUTE FUNCTION switchboard.check_proof()', true);
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
