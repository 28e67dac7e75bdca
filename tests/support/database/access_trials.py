"""What a login can do with each object of an installation, tried on rows that are there and rolled back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    Connection = psycopg.Connection[Any]

ADMIN, SUPPORT, AUDITOR = "switchboard_admin", "switchboard_support", "switchboard_auditor"
INTEGRATION = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
HOME = "00000000-0000-4000-8000-00000000000a"
AWAY = "00000000-0000-4000-8000-00000000000b"

ROW = "decode(repeat('00', 32), 'hex')"
# A column that whoever may select some may select, the columns of a new row and their values, and the column that an
# update sets to itself.
ROWS = {
    "public.integration_credentials": (
        *("id", "organization_id, integration_type, credentials_encrypted"),
        *(f"'{HOME}', 'zoho_mail', 'x'", "is_active"),
    ),
    "public.user_integration_permissions": (
        *("id", "user_id, integration_id", f"'{OTHER}', '{INTEGRATION}'", "can_configure"),
    ),
    "public.organization_phone_numbers": ("id", "organization_id, phone_number", f"'{HOME}', '2'", "display_name"),
    "public.integration_audit_logs": (
        *("id", "organization_id, integration_type, action, status"),
        *(f"'{HOME}', 'zoho_mail', 'call_made', 'success'", "status"),
    ),
    "switchboard.schema_version": ("id", "file, sha256", "'f', 's'", "file"),
    "switchboard.keys": ("key_id", "key_id, purpose, public_key", "'t', 'seal', 'x'", "created_by"),
    "switchboard.seals": (
        *("id", "hour, row_count, digest, root, key_id, signature"),
        *(f"'2026-01-02', 1, {ROW}, {ROW}, 's', decode(repeat('00', 64), 'hex')", "operator"),
    ),
    "switchboard.people_labels": ("id", "id, label", f"'{OTHER}', 'x'", "label"),
    "switchboard.organization_labels": ("id", "id, name", f"'{OTHER}', 'x'", "name"),
    "switchboard.open_tickets": ("ticket", "integration_id, purpose", f"'{INTEGRATION}', 'test'", "purpose"),
    "switchboard.locks": ("key", "what, key", "'numbers', 'there'", "key"),
    "switchboard.deleted_integrations": ("id", "xid, id", "'7', 'there'", "id"),
    "switchboard.send_actions": ("action", "action", "'fax_sent'", "action"),
    "switchboard.accepted": ("object", "object, definition, log_row", f"'table x', 'y', '{OTHER}'", "definition"),
    "switchboard.settings": ("name", "name, value", "'versions_kept', 1", "value"),
    "switchboard.credential_versions": ("id", "credential_id, kind", f"'{OTHER}', 'updated'", "kind"),
    "switchboard.rotations": (
        *("from_key", "xid, from_key, from_salt, to_key, to_salt, finished_at"),
        *("'8', 'a', 'a', 'b', 'b', now()", "to_key"),
    ),
    "switchboard.checks": ("integration_id", "integration_id", f"'{OTHER}'", "unknowns"),
    "switchboard.observations": ("name", "integration_id, name, value", f"'{OTHER}', 'balance', '1'", "value"),
    "switchboard.changes": ("id", "integration_id, kind", f"'{OTHER}', 'broke'", "value"),
    "switchboard.archives": (
        *("id", "month, row_count, sha256, first_seal, last_seal, log_row"),
        *(f"'2026-02-01', 1, {ROW}, 1, 1, '{OTHER}'", "row_count"),
    ),
    "switchboard.removals": ("month", "month", "'2026-02-01'", "row_count"),
    "switchboard.openings": (
        *("kind", "organization_id, integration_type, kind, at", f"'{HOME}', 'zoho_mail', 'copied', now()", "times"),
    ),
    "switchboard.recorded_types": ("name", "name, sha256", f"'acme_mail', {ROW}", "recorded_by"),
    "switchboard.logins": ("login", "login, login_oid, user_id, role", f"'eve', 1, '{OTHER}', 'admin'", "note"),
    "switchboard.login_organizations": ("login", "login, organization_id", f"'ann', '{OTHER}'", "organization_id"),
    "switchboard.people": ("id", "id", f"'{OTHER}'", "id"),
    "switchboard.organizations": ("id", "id", f"'{OTHER}'", "id"),
    "switchboard.visible_people": ("id", "id", f"'{OTHER}'", "id"),
    "switchboard.visible_organizations": ("id", "id", f"'{OTHER}'", "id"),
}
EVERYBODY = f"public, anon, authenticated, service_role, {ADMIN}, {SUPPORT}, {AUDITOR}"
# What another program may have left: whatever is made belongs to everybody.
BEFORE = f"""
create table public.users (id uuid primary key, organization_id uuid);
alter table public.users owner to postgres;
grant select on public.users to authenticated;
alter default privileges for role postgres grant all on tables to {EVERYBODY};
alter default privileges for role postgres grant all on sequences to {EVERYBODY};
"""
# The rows of Ann, who belongs to HOME, of a stranger to it, and of nobody in particular. A permission is known by its
# daily limit: 1 is what Ann sees an integration through.
MEMBER, OUTSIDER = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2"
SEED = f"""
insert into public.users values ('{MEMBER}', '{HOME}'), ('{OTHER}', '{HOME}');
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted, display_name)
values ('{INTEGRATION}', '{HOME}', 'exotel_phone', 'the envelope', 'viewed');
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted, display_name)
select case kind when 'away' then '{AWAY}'::uuid else '{HOME}' end, kind, 'x', kind
from unnest(array['for a while', 'expired', 'not viewed', 'view is null', 'of others', 'nobody''s', 'away']) kind;
insert into public.user_integration_permissions (user_id, integration_id, can_view, can_send, expires_at, daily_limit)
select case display_name when 'of others' then '{OTHER}'::uuid else '{MEMBER}' end, id,
  case display_name when 'not viewed' then false when 'view is null' then null else true end, true,
  now() + case display_name when 'for a while' then interval '1 day' when 'expired' then interval '-1 second' end,
  case when display_name in ('viewed', 'for a while') then 1 when display_name = 'of others' then 3 else 2 end
from public.integration_credentials where display_name <> 'nobody''s';
insert into public.user_integration_permissions (user_id, integration_id, can_view, daily_limit)
values ('{OUTSIDER}', '{INTEGRATION}', true, 4);
insert into public.organization_phone_numbers (organization_id, phone_number, display_name, assigned_to_user_id)
values ('{HOME}', '1', 'own', '{MEMBER}'), ('{AWAY}', '2', 'own, away', '{MEMBER}'),
       ('{HOME}', '3', 'of others', '{OTHER}'), ('{HOME}', '4', 'of the pool', null),
       ('{HOME}', '5', 'of an outsider', '{OUTSIDER}');
insert into switchboard.keys (key_id, purpose, public_key) values ('s', 'seal', 'x');
insert into switchboard.seals (hour, row_count, digest, root, key_id, signature)
values ('2026-01-01', 1, {ROW}, {ROW}, 's', decode(repeat('00', 64), 'hex'));
insert into switchboard.schema_version (file, sha256) values ('f', 's');
insert into switchboard.people_labels (id, label) values ('{HOME}', 'Ann');
insert into switchboard.organization_labels (id, name) values ('{HOME}', 'Home');
insert into switchboard.open_tickets (integration_id, purpose) values ('{INTEGRATION}', 'test');
insert into switchboard.accepted (object, definition, log_row) values ('trigger x', 'y', '{HOME}');
insert into switchboard.locks (what, key) values ('numbers', 'here');
insert into switchboard.deleted_integrations (xid, id) values ('7', 'here');
insert into switchboard.settings (name, value) values ('versions_days', 30);
insert into switchboard.credential_versions (credential_id, kind) values ('{OTHER}', 'updated');
insert into switchboard.checks (integration_id) values ('{INTEGRATION}');
insert into switchboard.observations (integration_id, name, value) values ('{INTEGRATION}', 'balance', '1');
insert into switchboard.changes (integration_id, kind) values ('{INTEGRATION}', 'broke');
insert into switchboard.archives (month, row_count, sha256, first_seal, last_seal, log_row)
values ('2026-01-01', 1, {ROW}, 1, 1, '{OTHER}');
insert into switchboard.removals (month) values ('2026-01-01');
insert into switchboard.openings (organization_id, integration_type, kind, at)
values ('{HOME}', 'zoho_mail', 'lent', now());
insert into switchboard.recorded_types (name, sha256) values ('acme_voice', {ROW});
insert into switchboard.rotations (xid, from_key, from_salt, to_key, to_salt, finished_at)
values ('7', 'a', 'a', 'b', 'b', now());
insert into switchboard.logins (login, login_oid, user_id, role, sees_all)
select rolname, oid, '{MEMBER}', 'admin', true from pg_roles where rolname in ('ann', 'saul', 'aude');
insert into switchboard.login_organizations values ('ann', '{HOME}');
grant select, insert, update, delete on public.integration_credentials, public.user_integration_permissions,
  public.organization_phone_numbers, public.integration_audit_logs to granted;
"""
# All in the server: a round trip for each of some four thousand statements would take as long as all of them. A kind
# that has no such statement ("cannot insert into view") counts as refused.
RUNNER = """
create or replace function pg_temp.try_all(login text, role text, statements text[]) returns text[]
language plpgsql as $function$
declare
  statement text;
  called text;
  touched bigint;
  said text;
  outcomes text[] := '{}';
begin
  foreach statement in array statements loop
    begin
      execute format('set local session authorization %I', login);
      if role <> '' then
        execute format('set local role %I', role);
      end if;
      execute statement;
      get diagnostics touched = row_count;
      raise exception using errcode = 'SB0OK';
    exception
      when sqlstate 'SB0OK' then
        said := case when touched = 0 and statement ~ '^(select|insert|update|delete)' then 'nothing' else 'done' end;
      when insufficient_privilege then
        -- A function that runs with its caller's rights may be refused what it does, which is not the call.
        called := substring(statement from '^select switchboard[.]([a-z_]+)[(]');
        said := case when sqlerrm = 'permission denied for function ' || called
                       or called is null and sqlerrm ~ '^(permission denied|must be owner)' then 'refused'
                     else 'nothing' end;
      when wrong_object_type or object_not_in_prerequisite_state then
        said := 'refused';
      when undefined_function or undefined_table or undefined_column or syntax_error then
        raise;
      when others then
        said := 'nothing';
    end;
    outcomes := outcomes || said;
  end loop;
  return outcomes;
end
$function$
"""
COLUMNS = """
select n.nspname || '.' || c.relname, c.relkind::text, array_agg(a.attname::text order by a.attnum),
  (select array_agg(quote_ident(k.attname) || ' ' || format_type(k.atttypid, k.atttypmod))
   from pg_index i join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
   where i.indrelid = c.oid and i.indisprimary),
  (select string_agg(quote_ident(k.attname), ', ' order by k.attnum)
   from pg_index i join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
   where i.indrelid = c.oid and i.indisprimary)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where (n.nspname = 'switchboard' or n.nspname = 'public' and c.relname <> 'users')
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
group by n.nspname, c.oid, c.relname, c.relkind
"""
SEQUENCES = (
    "select oid::regclass::text from pg_class where relnamespace = 'switchboard'::regnamespace and relkind = 'S'"
)
FUNCTIONS = """
select p.oid::regprocedure::text, format('switchboard.%I(%s)', p.proname,
  (select string_agg(case when place = p.pronargs and p.provariadic <> 0 then 'variadic ' else '' end
                     || 'null::' || format_type(t, null), ', ' order by place)
   from unnest(p.proargtypes::oid[]) with ordinality u (t, place)))
from pg_proc p where p.pronamespace = 'switchboard'::regnamespace
"""
# Whoever may make tables and has a function for triggers, as anybody does somewhere.
PLAYGROUND = """
create schema playground;
grant usage, create on schema playground to public;
create function playground.nothing() returns trigger language plpgsql as 'begin return null; end';
"""
SCHEMA = "switchboard"


@dataclass(frozen=True, slots=True)
class Trials:
    """For each object its statements: by letter what is tried as a whole, by `letter.column` for one column."""

    statements: Mapping[str, Mapping[str, str]]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def abilities(
        self, connection: Connection, logins: Mapping[str, tuple[str, str]], names: Iterable[str], verb: str = ""
    ) -> dict[tuple[str, str], frozenset[str]]:
        """For each login (login, role to set) and object, what it can do: a letter is small where no row is reached.

        The connection is a superuser's, in a transaction. `verb` limits it to one letter and its columns.
        """
        tried = [
            (name, letter, text)
            for name in names
            for letter, text in self.statements[name].items()
            if letter.startswith(verb)
        ]
        statements = [text for _, _, text in tried]
        results: dict[tuple[str, str], set[str]] = {}
        for who, login in logins.items():
            row = connection.execute("select pg_temp.try_all(%s, %s, %s)", [*login, statements]).fetchone()
            assert row is not None
            for (name, letter, _), outcome in zip(tried, row[0], strict=True):
                has = results.setdefault((who, name), set())
                if outcome != "refused":
                    has.add(letter.lower() if outcome == "nothing" and letter in "SIUDT" else letter)
        return {key: frozenset(letters) for key, letters in results.items()}


def read_trials(connection: Connection) -> Trials:
    """The statements for each object there is, and ROWS for those of the relations."""
    connection.execute(RUNNER)
    statements: dict[str, dict[str, str]] = {
        SCHEMA: {"U": "select 'switchboard.keys'::regclass", "C": f"create table {SCHEMA}.made ()"}
    }
    columns: dict[str, list[str]] = {}
    for name, kind, names, key, key_names in connection.execute(COLUMNS).fetchall():
        first, filled, values, changed = ROWS[name]
        tried = {
            "S": f"select {first} from {name}",
            "I": f"insert into {name} ({filled}) values ({values})",
            "U": f"update {name} set {changed} = {changed}",
            "D": f"delete from {name}",
            "G": f"create trigger made before insert on {name} execute function playground.nothing()",
        }
        if kind == "r":
            tried |= {
                "T": f"truncate {name}",
                "R": f"create table playground.made ({', '.join(key)}, foreign key ({key_names}) references {name})",
                "M": f"reindex table {name}",
            }
        for column in names:
            tried |= {
                f"S.{column}": f"select {column} from {name}",
                f"I.{column}": f"insert into {name} ({column}) values (default)",
                f"U.{column}": f"update {name} set {column} = default",
            }
        statements[name], columns[name] = tried, names
    for (name,) in connection.execute(SEQUENCES).fetchall():
        connection.execute(f"select nextval('{name}')")
        statements[name] = {
            "N": f"select nextval('{name}')",
            "C": f"select currval('{name}')",
            "S": f"select last_value from {name}",
            "V": f"select setval('{name}', 1000000)",
        }
    for name, call in connection.execute(FUNCTIONS).fetchall():
        statements[name] = {"X": f"select {call}"}
    return Trials(statements, columns)
