-- updated_at, at most one primary number per organisation, and what one transaction at a time may do.

create or replace function switchboard.touch_updated_at() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  -- Byte by byte, since an adopted table may have columns of a type that has no equality (json, xml, point); here
  -- and not in WHEN, which may not see the whole of a row that has generated columns.
  if new operator(pg_catalog.*=) old then
    return new;
  end if;
  -- Writers compare updated_at to notice each other, so two changes never share one.
  new.updated_at := clock_timestamp();
  return new;
end
$function$;

create or replace function switchboard.hold(thing text, whose text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
-- Waits until no other transaction holds the same, and holds it to the end of this one. A row takes no place among the
-- server's locks, of which there are only so many: an import may touch any number of organisations at once.
begin
  perform from switchboard.locks l where l.what = thing and l.key = whose for update;
  if not found then
    insert into switchboard.locks (what, key) values (thing, whose) on conflict (what, key) do nothing;
    perform from switchboard.locks l where l.what = thing and l.key = whose for update;
  end if;
end
$function$;

create or replace function switchboard.lock_key(whose text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $function$
  -- One of 1,024, so that nobody fills the table of locks with organisations that do not exist.
  select coalesce((hashtext(whose) % 1024)::text, '')
$function$;

create or replace function switchboard.take_lock(what text, organization_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Lets one console at a time change the numbers, the primary number or the permissions of an organisation, or make
-- seals (of no organisation). Only for whoever may add rows to that table anyway: nobody else can keep them waiting.
declare
  caller constant name := coalesce(nullif(current_setting('role'::text, true), 'none'), session_user)::name;
  relation constant text := case what when 'numbers' then 'public.organization_phone_numbers'
                                      when 'primary' then 'public.organization_phone_numbers'
                                      when 'permissions' then 'public.user_integration_permissions'
                                      when 'seals' then 'switchboard.seals' end;
begin
  if relation is null then
    raise exception 'what is locked is numbers, primary, permissions or seals' using errcode = 'invalid_parameter_value';
  end if;
  if not has_table_privilege(caller, relation::text, 'INSERT'::text) then
    raise exception 'the role % adds no rows to %', caller, relation using errcode = 'insufficient_privilege';
  end if;
  if what = 'seals' then
    perform switchboard.require_everything_now('seals the log'::text);
  else
    perform switchboard.require_organization(organization_id::uuid);
  end if;
  perform switchboard.hold(what::text, switchboard.lock_key(organization_id::text)::text);
end
$function$;

create or replace function switchboard.clear_other_primary() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
-- Known limit: one UPDATE that sets is_primary on several rows of an organisation fails with 27000 where the row
-- that was primary comes after the new one; clear the old one in a statement of its own, or let this do it.
begin
  -- Of two that make a primary number at the same time, the second waits, and then sees the first one's.
  perform switchboard.hold('primary'::text, switchboard.lock_key(new.organization_id::text)::text);
  -- An insert that meets a row of the same number will not become a row (on conflict ...), and must not
  -- touch the row that it is about to update.
  if tg_op = 'INSERT' and exists (
    select from public.organization_phone_numbers n
    where n.organization_id = new.organization_id and n.phone_number = new.phone_number
  ) then
    return new;
  end if;
  update public.organization_phone_numbers n
  set is_primary = false
  where n.organization_id = new.organization_id and n.is_primary and n.id is distinct from new.id;
  return new;
end
$function$;

do $do$
declare
  relation text;
begin
  foreach relation in array array['public.integration_credentials', 'public.organization_phone_numbers']
  loop
    -- Another program's own trigger (public.update_updated_at) does the same work: one is enough.
    continue when exists (
      select from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = relation::regclass and not t.tgisinternal and p.proname ~ 'updated_at'
        and p.pronamespace <> 'switchboard'::regnamespace and t.tgenabled in ('O', 'A'));
    perform switchboard.put_trigger(relation, 'switchboard_updated_at',
      format('CREATE TRIGGER switchboard_updated_at BEFORE UPDATE ON %s FOR EACH ROW '
             'EXECUTE FUNCTION switchboard.touch_updated_at()', relation), false);
  end loop;

  perform switchboard.put_trigger('public.organization_phone_numbers', 'switchboard_primary_number',
    'CREATE TRIGGER switchboard_primary_number BEFORE INSERT OR UPDATE OF is_primary, organization_id '
    'ON public.organization_phone_numbers FOR EACH ROW WHEN (new.is_primary) '
    'EXECUTE FUNCTION switchboard.clear_other_primary()', false);

  if not exists (
    select from pg_index i
    where i.indrelid = 'public.organization_phone_numbers'::regclass and i.indisunique and i.indisvalid
      and pg_get_indexdef(i.indexrelid) like '% USING btree (organization_id) WHERE is_primary'
  ) then
    if exists (
      select from public.organization_phone_numbers n
      where n.is_primary group by n.organization_id having count(*) > 1
    ) then
      raise notice 'some organisations have more than one primary number: '
                   'run this again once each has one, and a unique index will keep it so';
    else
      create unique index if not exists organization_phone_numbers_one_primary
        on public.organization_phone_numbers (organization_id) where is_primary;
    end if;
  end if;
end
$do$;
