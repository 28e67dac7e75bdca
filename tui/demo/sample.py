"""The demo's organisations, people, integrations, phone numbers and permissions."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid5

from psycopg import sql
from psycopg.types.json import Jsonb

from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.envelopes import KEY_ID_BYTES, base64url
from tui.data.keys.master_key import new_salt
from tui.demo.sample_checks import fill_checks
from tui.demo.sample_log import ROWS, fill_log
from tui.demo.sample_organizations import ORGANIZATIONS, credential

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from psycopg import Connection

    from tui.data.keys.master_key import MasterKey
    from tui.demo.sample_organizations import SampleOrganization

TABLES_OF_THE_OTHER_PROGRAM = """
create table public.organizations (id uuid primary key, name text not null, created_at timestamptz default now());
create table public.users (
  id uuid primary key, email text unique not null, full_name text,
  organization_id uuid references public.organizations (id), is_active boolean default true,
  created_at timestamptz default now()
);
revoke all on public.organizations, public.users from public;
"""


PERMISSIONS = """
insert into public.user_integration_permissions
       (id, user_id, integration_id, can_view, can_send, can_configure, daily_limit, monthly_limit, granted_by,
        granted_at, expires_at)
select md5('permission ' || u.email || c.integration_type)::uuid, u.id, c.id, true, dice.sends < 9, u.place = 1,
       case when dice.sends between 4 and 6 then (array[20, 50, 100])[1 + dice.limits %% 3] end,
       case when dice.sends between 5 and 8 then (array[500, 1000, 2000])[1 + dice.limits %% 3] end,
       c.created_by, c.created_at + dice.limits * interval '7 hours',
       case when dice.ends = 0 then %(now)s::timestamptz + interval '3 days'
            when dice.ends = 1 then %(now)s::timestamptz - interval '12 days'
            when dice.ends = 2 then %(now)s::timestamptz + interval '45 days' end
  from (select *, row_number() over (partition by organization_id order by id) as place from public.users) as u
  join public.integration_credentials as c on c.organization_id = u.organization_id
 cross join lateral (select md5(u.email || c.integration_type) as text) as hash
 cross join lateral (select get_byte(decode(hash.text, 'hex'), 0) %% 12 as sends,
                            get_byte(decode(hash.text, 'hex'), 1) %% 20 as limits,
                            get_byte(decode(hash.text, 'hex'), 2) %% 9 as ends,
                            get_byte(decode(hash.text, 'hex'), 3) %% 10 as given) as dice
 where u.is_active and (dice.given < 6 or u.place = 1)
"""

# What the triggers would have written, had these rows come one by one over the years.
HISTORY = """
insert into public.integration_audit_logs
       (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
select md5('history ' || h.action || h.row_id)::uuid, h.organization_id, h.author, h.integration_type, h.action,
       'success',
       jsonb_build_object(
         'source', 'trigger', 'table', h.relation, 'change', h.change, 'user_from', 'row', 'operator', u.email,
         'session_user', session_user, 'after', h.after,
         'row', h.of || jsonb_build_object('id', h.row_id, 'integration_id', h.integration_id)),
       '10.20.0.14', 'switchboard/0.1.0 (setup@jump-1)', h.moment
  from (
    select c.id as row_id, c.id as integration_id, c.organization_id, c.created_by as author, c.integration_type,
           'credential_created' as action, 'integration_credentials' as relation, 'insert' as change,
           jsonb_build_object('display_name', c.display_name) as after, '{}'::jsonb as of, c.created_at as moment
      from public.integration_credentials as c
    union all
    select p.id, c.id, c.organization_id, p.granted_by, c.integration_type, 'permission_granted',
           'user_integration_permissions', 'insert', jsonb_strip_nulls(to_jsonb(p)),
           jsonb_build_object('user_id', p.user_id), p.granted_at
      from public.user_integration_permissions as p join public.integration_credentials as c on c.id = p.integration_id
    union all
    select n.id, c.id, n.organization_id, c.created_by, c.integration_type, 'number_added',
           'organization_phone_numbers', 'insert', to_jsonb(n) - array['assigned_to_user_id', 'is_primary'],
           jsonb_build_object('phone_number', n.phone_number), n.created_at
      from public.organization_phone_numbers as n join public.integration_credentials as c on c.id = n.integration_id
    union all
    select n.id, c.id, n.organization_id, c.created_by, c.integration_type, 'number_assigned',
           'organization_phone_numbers', 'update',
           jsonb_build_object('assigned_to_user_id', n.assigned_to_user_id, 'is_primary', n.is_primary),
           jsonb_build_object('phone_number', n.phone_number), n.created_at + interval '5 days'
      from public.organization_phone_numbers as n join public.integration_credentials as c on c.id = n.integration_id
     where n.assigned_to_user_id is not null
  ) as h left join public.users as u on u.id = h.author
"""


INTEGRATION = """
insert into public.integration_credentials
       (id, organization_id, integration_type, credentials_encrypted, display_name, is_active, is_verified,
        last_verified_at, created_by, updated_by, created_at, updated_at)
values (%(id)s, %(organization)s, %(type)s, %(envelope)s, %(label)s, %(active)s, %(verified)s,
        %(verified_at)s, %(author)s, %(author)s, %(created)s, %(updated)s)
"""
NUMBER = """
insert into public.organization_phone_numbers
       (id, organization_id, integration_id, phone_number, display_name, number_type, assigned_to_user_id,
        is_primary, can_call, can_sms, is_active, created_at, updated_at)
values (%(id)s, %(organization)s, %(integration)s, %(number)s, %(label)s, %(type)s, %(assignee)s,
        %(primary)s, true, %(sms)s, %(active)s, %(created)s, %(created)s)
"""
TEST_RESULT = """
insert into public.integration_audit_logs
       (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
values (%(id)s, %(organization)s, %(person)s, %(type)s, 'connection_tested', %(status)s, %(details)s, '10.20.0.14',
        'switchboard/0.1.0 (support@jump-1)', %(moment)s)
"""

TRIGGERS = """
select c.relname, t.tgname, t.tgenabled::text
  from pg_catalog.pg_trigger as t join pg_catalog.pg_class as c on c.oid = t.tgrelid
 where not t.tgisinternal and t.tgenabled <> 'D' and c.relnamespace = 'public'::regnamespace
   and c.relname in ('integration_credentials', 'user_integration_permissions', 'organization_phone_numbers')
"""
ENABLE = {"O": "enable trigger", "A": "enable always trigger", "R": "enable replica trigger"}


def create_people(connection: Connection) -> None:
    """Create the other program's tables of organisations and people, and fill them; before the schema is installed."""
    connection.execute(TABLES_OF_THE_OTHER_PROGRAM)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into public.organizations (id, name) values (%s, %s)",
            [(organization.id, organization.name) for organization in ORGANIZATIONS],
        )
        cursor.executemany(
            "insert into public.users (id, email, full_name, organization_id, is_active) values (%s, %s, %s, %s, %s)",
            [
                (organization.person(given_name), organization.email(given_name), name, organization.id, place != 11)
                for organization in ORGANIZATIONS
                for place, name in enumerate(organization.people)
                for given_name in [name.split()[0]]
            ],
        )


def fill(connection: Connection, key: MasterKey, now: datetime) -> None:
    """Fill the installed tables, in the caller's transaction: ROWS rows of log that end at `now`.

    The log's triggers are off meanwhile, so that the rows can have a past; afterwards they are as they were.
    """
    salt = new_salt()
    connection.execute(
        "insert into switchboard.keys (key_id, purpose, salt) values (%s, 'master', %s)", [key.key_id(salt), salt]
    )
    with _without_triggers(connection):
        for organization in ORGANIZATIONS:
            _insert_integrations(connection, organization, Keyring(key), salt, now)
            _insert_numbers(connection, organization, now)
        connection.execute(PERMISSIONS, {"now": now})
    connection.execute(HISTORY)
    _insert_test_results(connection, now)
    fill_checks(connection, now)
    present = connection.execute("select count(*) from public.integration_audit_logs").fetchall()[0][0]
    # The hour in which the newest connection tests are stays theirs: the newest test decides the state shown.
    fill_log(connection, end=now - timedelta(minutes=40), largest=ORGANIZATIONS[0].id, rows=ROWS - present)
    connection.execute("analyze")


@contextmanager
def _without_triggers(connection: Connection) -> Iterator[None]:
    triggers = connection.execute(TRIGGERS).fetchall()

    def alter(relation: str, change: str, name: str) -> None:
        statement = sql.SQL("alter table {} {} {}").format(
            sql.Identifier("public", relation), sql.SQL(change), sql.Identifier(name)
        )
        connection.execute(statement)

    for relation, name, _ in triggers:
        alter(relation, "disable trigger", name)
    yield
    for relation, name, enabled in triggers:
        alter(relation, ENABLE[enabled], name)


def _insert_integrations(
    connection: Connection, organization: SampleOrganization, keyring: Keyring, salt: bytes, now: datetime
) -> None:
    for place, (type_, (label, state, format_)) in enumerate(organization.integrations.items()):
        row = RowBinding(uuid5(organization.id, type_), organization.id, type_)
        envelope = keyring.seal(credential(organization, type_), row, format=format_, salt=salt)
        if state == "other key":
            # As a key that is lost would have written it. Deriving one would be 0.4 s of the demo's first start.
            version, _, *rest = envelope.split(".")
            envelope = ".".join((version, base64url(secrets.token_bytes(KEY_ID_BYTES)), *rest))
        elif state == "altered":
            envelope = envelope[:-8] + ("A" if envelope[-8] != "A" else "B") + envelope[-7:]
        created = now - timedelta(days=88 - 7 * place)
        verified = state in ("proven", "by another program")
        values = {
            "id": row.row_id,
            "organization": organization.id,
            "type": type_,
            "envelope": envelope,
            "label": label,
            "active": state != "disabled",
            "verified": verified,
            "verified_at": now - timedelta(minutes=30 + place) if verified else None,
            "author": organization.person(organization.administrator),
            "created": created,
            "updated": now - timedelta(days=3) if state == "failing" else created + timedelta(days=20),
        }
        connection.execute(INTEGRATION, values)


def _insert_numbers(connection: Connection, organization: SampleOrganization, now: datetime) -> None:
    for place, (number, type_, label, assignee, primary, active) in enumerate(organization.numbers):
        values = {
            "id": uuid5(organization.id, number),
            "organization": organization.id,
            "integration": uuid5(organization.id, "exotel_phone"),
            "number": number,
            "label": label,
            "type": type_,
            "assignee": organization.person(assignee) if assignee else None,
            "primary": primary,
            "sms": type_ == "virtual",
            "active": active,
            "created": now - timedelta(days=80 - 9 * place),
        }
        connection.execute(NUMBER, values)


def _insert_test_results(connection: Connection, now: datetime) -> None:
    """The newest connection tests, which say what is proven and what is failing."""
    for organization in ORGANIZATIONS:
        for place, (type_, (_, state, _)) in enumerate(organization.integrations.items()):
            if state not in ("proven", "failing"):
                continue
            failure = {"error": "Authentication failed", "error_code": 401} if state == "failing" else {}
            values = {
                "id": uuid5(organization.id, f"tested {type_}"),
                "organization": organization.id,
                "person": organization.person(organization.administrator),
                "type": type_,
                "status": "failed" if failure else "success",
                "details": Jsonb({"source": "switchboard", "milliseconds": 180 + 35 * place, **failure}),
                "moment": now - timedelta(minutes=30 + place),
            }
            connection.execute(TEST_RESULT, values)
