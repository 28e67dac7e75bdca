"""Who sees and touches which organisation: groups by scopes by objects by verbs, tried for real in two databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.access_trials import RUNNER
from tests.support.database.scope_trials import (
    ABILITIES,
    EVERYTHING,
    GROUPS,
    PERSON,
    PLACES,
    SCOPES,
    SEED,
    SEED_OF_A_PLACE,
    STRANGERS,
    Reach,
    every_reach,
    filled,
    map_logins,
)
from tests.support.servers.postgres import run_schema_files
from tui.data.schema.catalogue_queries import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.support.servers.supabase import SupabaseServer

    Connection = psycopg.Connection

POLICIES = """
select n.nspname || '.' || c.relname, p.polname::text, pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
 where p.polname ~ '^switchboard_(admin|support|auditor)_' order by 1, 2
"""
UNMOVED = "switchboard_support_updatepublic.integration_credentials"
DEFINITION = """
select pg_get_functiondef(oid) from pg_proc where pronamespace = 'switchboard'::regnamespace and proname = %(name)s
union all
select 'create or replace view switchboard.' || relname || ' with (security_barrier) as ' || pg_get_viewdef(oid)
  from pg_class where relnamespace = 'switchboard'::regnamespace and relkind = 'v' and relname = %(name)s
 order by 1 desc limit 1
"""
# Of a function a part that asks, and what it is replaced by.
QUESTIONS = (
    ("login_scope", " and l.login_oid = to_regrole(quote_ident(session_user))::oid", ""),
    ("login_scope", " and l.removed_at is null", ""),
    ("login_scope", "not exists (select from switchboard.logins)", "true"),
    ("login_scope", "where o.login = session_user", ""),
    ("scope", "if vouches and", "if false and"),
    ("bypasses_scope", "and (r.rolsuper", "or (r.rolsuper"),
    ("is_of_another_program", "return not exists", "return true or not exists"),
    ("names_somebody", "return switchboard", "return true or switchboard"),
    ("planned_everything", "s.everything", "true"),
    ("planned_organizations", "s.organizations", "array(select id from switchboard.organizations)"),
    ("planned_vouching", "s.vouches", "false"),
    ("scoped_integrations", "c.organization_id = any (switchboard.visible_organizations())", "true"),
    ("require_everything", "not switchboard.sees_everything()", "false"),
    ("require_organization", "not switchboard.in_scope(organization::uuid)", "false"),
    ("may", "switchboard.in_scope(integration.organization_id::uuid) or", "true or"),
    ("begin_open", "or not switchboard.in_scope(integration.organization_id::uuid)", ""),
    ("uses_of", "or not switchboard.in_scope(known.organization_id::uuid)", ""),
    ("take_lock", "perform switchboard.require_everything_now('seals the log'::text)", "null"),
    ("take_lock", "perform switchboard.require_organization(organization_id::uuid)", "null"),
    ("log_act", "perform switchboard.require_organization(organization_id::uuid)", "null"),
    ("log_act", "perform switchboard.require_everything_now('logs what is of the whole database'::text)", "null"),
    ("administrators", "perform switchboard.require_organization(of_organization::uuid)", "null"),
    (
        "change_administrator",
        "perform switchboard.require_everything_now('appoints administrators of organisations'::text)",
        "null",
    ),
    ("forget_versions", "perform switchboard.require_organization(of_organization::uuid)", "null"),
    ("change_setting", "perform switchboard.require_everything_now('changes settings'::text)", "null"),
    ("record_type", "perform switchboard.require_everything_now('records integration types'::text)", "null"),
    ("withdraw_type", "perform switchboard.require_everything_now('records integration types'::text)", "null"),
    ("hold_envelopes", "perform switchboard.require_everything_now('changes the master key'::text)", "null"),
    ("require_everything_now", "perform switchboard.require_everything(act::text)", "null"),
    ("hold_logins", "perform switchboard.require_everything('maps logins'::text)", "null"),
    ("hold_login", "perform switchboard.hold_logins()", "null"),
    ("map_login", "perform switchboard.hold_logins()", "null"),
    ("only_with_everything", "switchboard.require_everything_now(", "upper("),
    ("refuse_foreign_person", "not switchboard.in_scope(c.organization_id::uuid)", "false"),
    ("refuse_foreign_person", "not switchboard.in_scope(n.organization_id::uuid)", "false"),
    ("visible_people", "s.everything OR", "true or"),
    ("visible_people", "(p.organization_id IS NULL) AND", ""),
    ("visible_people", "(n.organization_id = ANY (s.organizations))", "true"),
    ("visible_people", "(c.organization_id = ANY (s.organizations))", "true"),
    ("visible_organizations", "s.everything OR", "true or"),
)
SCOPES_OF_EVERY_GROUP = ("one", "all", "vouching for all")
FOUR = tuple(f"public.{table}" for table in TABLES)


@pytest.fixture(scope="module")
def databases(supabase_server: SupabaseServer) -> Iterator[dict[str, str]]:
    """Two databases of one server with the same rows, by the place that "one" is mapped to: nobody is yet."""
    for role in GROUPS.values():
        supabase_server.create_role(role, "nologin")
    supabase_server.create_role("nobody", "login")
    supabase_server.create_role("program", "login")
    for place in PLACES.values():
        supabase_server.create_role(f"somebody {place}", "login")
    for role, group in GROUPS.items():
        for scope in SCOPES:
            supabase_server.create_role(f"{role} {scope}", f"login in role {group}")
    made = {place: supabase_server.create_project() for place in PLACES}
    for name in made.values():
        owner = supabase_server.conninfo(name, user="postgres")
        with psycopg.connect(owner) as connection:
            connection.execute("create table public.users (id uuid primary key, organization_id uuid)")
        run_schema_files(owner)
        with psycopg.connect(owner) as connection:
            connection.execute(SEED)
            for place in PLACES:
                connection.execute(filled(SEED_OF_A_PLACE, place))
            for table in FOUR:
                connection.execute(f"grant select, insert, update, delete on {table} to program")
                connection.execute(f"create policy of_the_program on {table} to program using (true) with check (true)")
    yield {place: supabase_server.conninfo(name) for place, name in made.items()}
    for name in made.values():
        supabase_server.drop_database(name)
    supabase_server.drop_new_roles()


@pytest.fixture
def connections(databases: dict[str, str]) -> Iterator[dict[str, Connection]]:
    """A superuser's connection to each, in a transaction that is rolled back."""
    opened = {place: psycopg.connect(conninfo) for place, conninfo in databases.items()}
    for connection in opened.values():
        connection.execute("grant usage on schema switchboard to public")
        connection.execute(RUNNER)
    yield opened
    for connection in opened.values():
        connection.rollback()
        connection.close()


def outcomes(connection: Connection, login: str, role: str, reaches: Sequence[Reach]) -> list[str]:
    row = connection.execute("select pg_temp.try_all(%s, %s, %s)", [login, role, [r.text for r in reaches]]).fetchone()
    assert row is not None
    said: list[str] = row[0]
    return said


def differences(
    connection: Connection,
    seen: Mapping[str, frozenset[str]],
    reaches: Sequence[Reach],
    *,
    set_role: bool = False,
    whole: bool = False,
) -> list[str]:
    """What a login of each group and scope reaches otherwise than it should; after SET ROLE to its group, if asked.

    Scopes are worked out alike for every group: unless it is to be the whole, those of an administrator are tried, and
    of the others as many as it takes to miss none of what is left out below.
    """
    wrong = []
    for role, group in GROUPS.items():
        for scope, places in seen.items():
            if not whole and role != "admin" and scope not in SCOPES_OF_EVERY_GROUP:
                continue
            said = outcomes(connection, f"{role} {scope}", group if set_role else "", reaches)
            for reach, outcome in zip(reaches, said, strict=True):
                may = bool(places) and reach.places <= places and reach.verb in ABILITIES[reach.name].get(role, "")
                if (outcome == "done") is not may:
                    wrong.append(f"{role} {scope}: {reach.text}: {outcome}")
    return wrong


def of_the_four_tables(reaches: Sequence[Reach]) -> list[Reach]:
    return [reach for reach in reaches if reach.name in FOUR]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
def test_each_login_reaches_the_rows_of_its_organisations_and_no_other(
    connections: dict[str, Connection], whole: bool
) -> None:
    """Before the first mapping everybody sees everything; in another database a login may be mapped elsewhere."""
    reaches = every_reach()
    here, elsewhere = connections.values()
    assert (
        differences(here, {"one": EVERYTHING, "unmapped": EVERYTHING}, of_the_four_tables(reaches), whole=whole) == []
    )
    seen = map_logins(here, "home")
    assert map_logins(elsewhere, "away") != seen
    here.execute("select set_config('switchboard.operator_id', %s, true)", [PERSON])
    assert differences(here, seen, reaches, whole=whole) == []
    assert (
        differences(here, {name: seen[name] for name in ("one", "unmapped")}, reaches, set_role=True, whole=whole) == []
    )
    assert differences(elsewhere, {"one": frozenset({"away"})}, reaches, whole=whole) == []
    # Whoever speaks for others sees nothing while they name nobody.
    here.execute("select set_config('switchboard.operator_id', '', true)")
    assert differences(here, dict.fromkeys(("vouching", "vouching for all"), frozenset()), reaches, whole=whole) == []
    assert differences(here, {"one": seen["one"]}, reaches, whole=whole) == []
    for who, (login, role) in STRANGERS.items():
        assert {*outcomes(here, login, role, of_the_four_tables(reaches))} == {"done"}, who


@pytest.mark.long
def test_no_policy_and_no_question_of_the_scope_can_be_left_out(connections: dict[str, Connection]) -> None:
    """Each policy is dropped, opened to every row and to whoever names nobody; each question is left out."""
    connection = connections["home"]
    reaches = every_reach()
    seen = map_logins(connection, "home") | dict.fromkeys(("vouching", "vouching for all"), frozenset())
    breakings = dict(_broken_policies(connection)) | dict(_broken_functions(connection))
    assert len(breakings) > 110
    survivors = []
    for statement, name in breakings.items():
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
            if not differences(connection, seen, [reach for reach in reaches if not name or reach.name == name]):
                survivors.append(statement)
    assert survivors == []


def _broken_policies(connection: Connection) -> Iterator[tuple[str, str]]:
    """Statements that break one policy each, and the relation that it is of."""
    policies = connection.execute(POLICIES).fetchall()
    assert len(policies) == 39
    for table in {table for table, *_ in policies}:
        yield f"alter table {table} disable row level security", table
    for table, policy, using, check in policies:
        yield f"drop policy {policy} on {table}", table
        clauses = {"using": using, "with check": check}
        clauses = {clause: expression for clause, expression in clauses.items() if expression}
        for clause in clauses:
            # What an update may reach is asked of the new row as well; support moves no integration.
            if not (policy.endswith("_update") and (clause == "using" or policy + table == UNMOVED)):
                yield f"alter policy {policy} on {table} {clause} (true)", table
        yield f"alter policy {policy} on {table} {' '.join(f'{clause} (true)' for clause in clauses)}", table
        without = " ".join(f"{clause} {text.partition(' AND ((NOT')[0]})" for clause, text in clauses.items())
        yield f"alter policy {policy} on {table} {without}", table


def _broken_functions(connection: Connection) -> Iterator[tuple[str, str]]:
    """Statements that leave one question each out of a function or a view."""
    for name, question, answer in QUESTIONS:
        (definition,) = connection.execute(DEFINITION, {"name": name}).fetchone() or ("",)
        assert definition.count(question) == 1, (name, question)
        yield definition.replace(question, answer), ""
