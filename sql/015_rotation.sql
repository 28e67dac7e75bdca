-- Changing the master key: every envelope is written anew in one transaction, which the database itself knows for what
-- it is, and which cannot end without its row in the log.

do $do$
begin
  if not exists (select from pg_constraint c where c.conrelid = 'switchboard.keys'::regclass and c.conname = 'keys_state_check'
                   and pg_get_constraintdef(c.oid) like '%decrypt-only%') then
    alter table switchboard.keys drop constraint if exists keys_state_check;
    alter table switchboard.keys add constraint keys_state_check check (state in ('active', 'decrypt-only', 'retired'));
  end if;
end
$do$;
comment on table switchboard.keys is
  'Records of the keys in use: never a key itself, only its id, its salt, or the public half of a sealing key. Of the '
  'master keys one is active; those before it are decrypt-only, until nothing needs them and they are retired.';

create table if not exists switchboard.rotations (
  xid         xid8 primary key default pg_current_xact_id(),
  from_key    text not null,
  from_salt   bytea not null,
  to_key      text not null,
  to_salt     bytea not null,
  begun_at    timestamptz not null default clock_timestamp(),
  writing     boolean not null default false,
  finished_at timestamptz
);
comment on table switchboard.rotations is
  'The rotation that the present transaction is, written by its own functions alone; the next one clears it. writing: '
  'while they write envelopes, which then leave no version and are marked in the log.';

create or replace function switchboard.hold_envelopes() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Keeps everybody from writing envelopes to the end of the transaction, and returns the id of the active master key,
-- null where none is recorded. The record first, and then the tables: every write of an envelope by Switchboard takes
-- them in this order. Row locks alone would let another program's INSERT through.
declare
  active text;
begin
  perform switchboard.require_everything_now('changes the master key'::text);
  select k.key_id into active from switchboard.keys k where k.purpose = 'master' and k.state = 'active' for update;
  if active is null then
    lock table switchboard.keys in share row exclusive mode;
  end if;
  lock table public.integration_credentials, switchboard.credential_versions in share row exclusive mode;
  if active is null then
    -- Whoever held it has changed it meanwhile, or there is none.
    select k.key_id into active from switchboard.keys k where k.purpose = 'master' and k.state = 'active' for update;
  end if;
  return active;
end
$function$;

create or replace function switchboard.begin_rotation(from_key text, from_salt bytea, to_key text, to_salt bytea)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Returns how many envelopes there are, also those that row security of others hides from the caller.
-- Fails with SB004 where from_key is not the active key (or, without a record, any is recorded), and with SB005 where
-- to_key cannot be one: the same, retired, or recorded with another salt.
declare
  active text;
  target record;
begin
  active := switchboard.hold_envelopes();
  if active is distinct from begin_rotation.from_key
     and (active is not null or exists (select from switchboard.keys k where k.purpose = 'master')) then
    raise exception 'the active master key is %', coalesce(active, 'not recorded') using errcode = 'SB004';
  end if;
  if begin_rotation.from_key = begin_rotation.to_key then
    raise exception 'the new key is the present one' using errcode = 'SB005';
  end if;
  select k.purpose, k.state, k.salt into target from switchboard.keys k where k.key_id = begin_rotation.to_key for update;
  if target.state = 'retired' then
    raise exception 'the key % was retired', begin_rotation.to_key using errcode = 'SB005';
  elsif target.purpose is distinct from 'master' and target.purpose is not null
     or target.salt is not null and target.salt <> begin_rotation.to_salt then
    raise exception 'the key % is recorded with another salt', begin_rotation.to_key using errcode = 'SB005';
  end if;
  delete from switchboard.rotations r where r.xid < pg_snapshot_xmin(pg_current_snapshot());
  insert into switchboard.rotations (from_key, from_salt, to_key, to_salt)
  values (begin_rotation.from_key, begin_rotation.from_salt, begin_rotation.to_key, begin_rotation.to_salt);
  return (select count(*) from public.integration_credentials) + (select count(*) from switchboard.credential_versions);
end
$function$;

create or replace function switchboard.present_rotation() returns switchboard.rotations
language plpgsql stable set search_path = pg_catalog, pg_temp as $function$
declare
  present switchboard.rotations;
begin
  select r.* into present from switchboard.rotations r where r.xid = pg_current_xact_id() and r.finished_at is null;
  if not found then
    raise exception 'this transaction is not a rotation' using errcode = 'SB004';
  end if;
  return present;
end
$function$;

create or replace function switchboard.begin_writing(sealed text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
declare
  present constant switchboard.rotations := switchboard.present_rotation();
begin
  if exists (select from unnest(sealed) as e (envelope)
             where e.envelope is null or not (e.envelope like 'sb2.' || replace(present.to_key, '_', '\_') || '.%'
                                              or switchboard.envelope_format(e.envelope::text) = 'legacy')) then
    raise exception 'an envelope of another key' using errcode = 'SB004';
  end if;
  update switchboard.rotations r set writing = true where r.xid = present.xid;
end
$function$;

create or replace function switchboard.rotate_credentials(ids uuid[], seen text[], sealed text[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Replaces envelopes that are still what was seen, and nothing else of their rows; returns how many.
declare
  written bigint;
begin
  perform switchboard.begin_writing(sealed::text[]);
  update public.integration_credentials c set credentials_encrypted = n.sealed
  from unnest(ids, seen, sealed) as n (id, seen, sealed)
  where c.id = n.id and c.credentials_encrypted = n.seen;
  get diagnostics written = row_count;
  update switchboard.rotations r set writing = false where r.xid = pg_current_xact_id();
  return written;
end
$function$;

create or replace function switchboard.rotate_versions(ids bigint[], seen text[], sealed text[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  written bigint;
begin
  perform switchboard.begin_writing(sealed::text[]);
  update switchboard.credential_versions v set envelope = n.sealed
  from unnest(ids, seen, sealed) as n (id, seen, sealed)
  where v.id = n.id and v.envelope = n.seen;
  get diagnostics written = row_count;
  update switchboard.rotations r set writing = false where r.xid = pg_current_xact_id();
  return written;
end
$function$;

create or replace function switchboard.finish_rotation(details jsonb, left_out uuid[], versions_left_out bigint[])
returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Makes the target the active key, and the one before it decrypt-only; writes the row of the log, and returns its id.
-- Fails with SB004 where an sb2 envelope of another key is left that is not named: a legacy one does not say its key.
declare
  present constant switchboard.rotations := switchboard.present_rotation();
  left_over bigint;
begin
  if jsonb_typeof(details) is distinct from 'object' then
    raise exception 'details is an object' using errcode = 'invalid_parameter_value';
  end if;
  select count(*) into left_over
  from (select from public.integration_credentials c
        where c.credentials_encrypted like 'sb2.%' and split_part(c.credentials_encrypted, '.', 2) <> present.to_key
          and not coalesce(c.id = any (left_out), false)
        union all
        select from switchboard.credential_versions v
        where v.envelope like 'sb2.%' and split_part(v.envelope, '.', 2) <> present.to_key
          and not coalesce(v.id = any (versions_left_out), false)) as o;
  if left_over > 0 then
    raise exception '% envelopes of another key are left', left_over using errcode = 'SB004';
  end if;
  insert into switchboard.keys as k (key_id, purpose, salt, state)
  values (present.from_key, 'master', present.from_salt, 'decrypt-only')
  on conflict (key_id) do update set state = 'decrypt-only';
  insert into switchboard.keys as k (key_id, purpose, salt, state)
  values (present.to_key, 'master', present.to_salt, 'active')
  on conflict (key_id) do update set state = 'active';
  update switchboard.rotations r set finished_at = clock_timestamp() where r.xid = present.xid;
  return switchboard.write_log(null::uuid, null::uuid, null::text, 'keys_rotated'::text, 'success'::text,
    (details || jsonb_build_object('source', 'switchboard', 'from_key', present.from_key, 'to_key', present.to_key,
      'left_out', (select count(*) from public.integration_credentials c where c.id = any (left_out))
        + (select count(*) from switchboard.credential_versions v where v.id = any (versions_left_out))))::jsonb);
end
$function$;

create or replace function switchboard.require_finished_rotation() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
begin
  if exists (select from switchboard.rotations r where r.xid = new.xid and r.finished_at is null) then
    raise exception 'a rotation ends with finish_rotation, or not at all' using errcode = 'SB004';
  end if;
  return null;
end
$function$;

create or replace function switchboard.retire_key(retiring text, legacy_read bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- legacy_read: how many legacy envelopes the caller has opened with other keys, in this transaction after
-- hold_envelopes. Fails with SB004 where that is not all of them or an envelope names the key, and with SB005 where the
-- key is not decrypt-only.
declare
  needed bigint;
  legacy bigint;
begin
  perform switchboard.hold_envelopes();
  if not exists (select from switchboard.keys k
                 where k.key_id = retiring and k.purpose = 'master' and k.state = 'decrypt-only') then
    raise exception 'the key % is not decrypt-only', retiring using errcode = 'SB005';
  end if;
  select count(*) filter (where e.envelope like 'sb2.%' and split_part(e.envelope, '.', 2) = retiring),
         count(*) filter (where switchboard.envelope_format(e.envelope::text) = 'legacy')
  into needed, legacy
  from (select c.credentials_encrypted as envelope from public.integration_credentials c
        union all select v.envelope from switchboard.credential_versions v) as e;
  if needed > 0 then
    raise exception '% envelopes still need the key %', needed, retiring using errcode = 'SB004';
  elsif legacy is distinct from legacy_read then
    -- Nobody has written since hold_envelopes.
    raise exception 'row security of another program hides legacy envelopes from the login %', session_user
      using errcode = 'SB004';
  end if;
  update switchboard.keys k set state = 'retired' where k.key_id = retiring;
  perform switchboard.write_log(null::uuid, null::uuid, null::text, 'key_retired'::text, 'success'::text,
    jsonb_build_object('source', 'switchboard', 'key_id', retiring)::jsonb);
end
$function$;

do $do$
declare
  holder text;
  definition constant text := 'CREATE CONSTRAINT TRIGGER rotation_is_finished AFTER INSERT ON switchboard.rotations '
    'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION switchboard.require_finished_rotation()';
begin
  if exists (select from pg_trigger t where t.tgrelid = 'switchboard.rotations'::regclass
               and t.tgname = 'rotation_is_finished' and pg_get_triggerdef(t.oid) <> definition) then
    drop trigger rotation_is_finished on switchboard.rotations;
  end if;
  if not exists (select from pg_trigger t where t.tgrelid = 'switchboard.rotations'::regclass
                   and t.tgname = 'rotation_is_finished') then
    execute definition;
  end if;
  if (select t.tgenabled from pg_trigger t where t.tgrelid = 'switchboard.rotations'::regclass
        and t.tgname = 'rotation_is_finished') <> 'A' then
    alter table switchboard.rotations enable always trigger rotation_is_finished;
  end if;

  foreach holder in array array['public', 'anon', 'authenticated', 'service_role',
                                'switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    continue when holder <> 'public' and to_regrole(holder) is null;
    execute format('revoke all on switchboard.rotations from %s', holder);
    execute format('revoke all on function switchboard.hold_envelopes(), '
      'switchboard.begin_rotation(text, bytea, text, bytea), switchboard.present_rotation(), switchboard.begin_writing(text[]), '
      'switchboard.rotate_credentials(uuid[], text[], text[]), switchboard.rotate_versions(bigint[], text[], text[]), '
      'switchboard.finish_rotation(jsonb, uuid[], bigint[]), switchboard.require_finished_rotation(), '
      'switchboard.retire_key(text, bigint) from %s', holder);
  end loop;
  if to_regrole('switchboard_admin') is not null then
    grant execute on function switchboard.hold_envelopes(), switchboard.begin_rotation(text, bytea, text, bytea),
      switchboard.rotate_credentials(uuid[], text[], text[]), switchboard.rotate_versions(bigint[], text[], text[]),
      switchboard.finish_rotation(jsonb, uuid[], bigint[]), switchboard.retire_key(text, bigint) to switchboard_admin;
  end if;
end
$do$;
