"""Who may do what: roles by objects by verbs, tried for real, against the table in this file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.access_trials import (
    ADMIN,
    AUDITOR,
    AWAY,
    BEFORE,
    EVERYBODY,
    INTEGRATION,
    MEMBER,
    OUTSIDER,
    PLAYGROUND,
    ROWS,
    SEED,
    SUPPORT,
    Trials,
    read_trials,
)
from tests.support.servers.postgres import SCHEMA_FILES, run_schema_files
from tests.support.servers.supabase import as_web_user
from tui.data.schema.catalogue_queries import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.support.servers.supabase import SupabaseServer

# Who tries: the login, and the role that it sets. `stranger` was granted nothing, and `granted` by somebody all on the
# four tables, whose policies are for others.
LOGINS = {
    "anon": ("authenticator", "anon"),
    "authenticated": ("authenticator", "authenticated"),
    "service_role": ("authenticator", "service_role"),
    "stranger": ("stranger", ""),
    "granted": ("granted", ""),
    ADMIN: ("ann", ""),
    SUPPORT: ("saul", ""),
    AUDITOR: ("aude", ""),
    "postgres": ("postgres", ""),
}
ROLES = tuple(LOGINS)[:-1]
# Per object what each role can do to a row that is there: Select, Insert, Update, Delete, Truncate, make a foreign key
# to it (R) or a trigger on it (G), Maintain. In small letters: has the privilege, and reaches no row. Roles that are
# not named can do nothing.
MATRIX = {
    "public.integration_credentials": {
        "authenticated": "s",
        "service_role": "SIUD",
        "granted": "siud",
        ADMIN: "SIUD",
        SUPPORT: "SU",
        "postgres": "SIUDtRGM",
    },
    "public.user_integration_permissions": {
        "authenticated": "s",
        "service_role": "SIUD",
        "granted": "siud",
        ADMIN: "SIUD",
        SUPPORT: "S",
        "postgres": "SIUDTRGM",
    },
    "public.organization_phone_numbers": {
        "authenticated": "s",
        "service_role": "SIUD",
        "granted": "siud",
        ADMIN: "SIUD",
        SUPPORT: "SIU",
        "postgres": "SIUDTRGM",
    },
    # Its triggers keep the log and the seals from whoever may do all.
    "public.integration_audit_logs": {
        "service_role": "SI",
        "granted": "siud",
        ADMIN: "S",
        SUPPORT: "S",
        AUDITOR: "S",
        "postgres": "SIudtRGM",
    },
    "switchboard.schema_version": {ADMIN: "SI", SUPPORT: "S", AUDITOR: "S", "postgres": "SIUDTRGM"},
    "switchboard.keys": {ADMIN: "SIU", SUPPORT: "S", AUDITOR: "S", "postgres": "SIUdtRGM"},
    "switchboard.seals": {ADMIN: "SI", SUPPORT: "S", AUDITOR: "S", "postgres": "SIudtRGM"},
    "switchboard.people_labels": {ADMIN: "SIUD", "postgres": "SIUDTRGM"},
    "switchboard.organization_labels": {ADMIN: "SIUD", "postgres": "SIUDTRGM"},
    "switchboard.open_tickets": {"postgres": "SIUDTRGM"},
    "switchboard.locks": {"postgres": "SIUDTRGM"},
    "switchboard.deleted_integrations": {"postgres": "SIUDTRGM"},
    "switchboard.send_actions": {ADMIN: "SIUD", SUPPORT: "S", "postgres": "SIUDTRGM"},
    "switchboard.accepted": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SIUDTRGM"},
    "switchboard.settings": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SIUDTRGM"},
    "switchboard.credential_versions": {ADMIN: "S", SUPPORT: "S", "postgres": "SIUDTRGM"},
    "switchboard.rotations": {"postgres": "SIUDTRGM"},
    "switchboard.checks": {ADMIN: "S", SUPPORT: "S", "postgres": "SIUDTRGM"},
    "switchboard.observations": {ADMIN: "S", SUPPORT: "S", "postgres": "SIUDTRGM"},
    "switchboard.changes": {ADMIN: "S", SUPPORT: "S", "postgres": "SIUDTRGM"},
    "switchboard.archives": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SIudtRGM"},
    "switchboard.removals": {"postgres": "SIUDTRGM"},
    "switchboard.openings": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SIUDTRGM"},
    "switchboard.recorded_types": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SIUDTRGM"},
    "switchboard.logins": {ADMIN: "S", "postgres": "SIUDtRGM"},
    "switchboard.login_organizations": {ADMIN: "S", "postgres": "SIUDTRGM"},
    "switchboard.organization_administrators": {"postgres": "SIUDTRGM"},
    "switchboard.people": {"postgres": "SG"},
    "switchboard.organizations": {"postgres": "SG"},
    "switchboard.visible_people": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SG"},
    "switchboard.visible_organizations": {ADMIN: "S", SUPPORT: "S", AUDITOR: "S", "postgres": "SG"},
    # A sequence: nextval, currval, Select, setval. A schema: Use, Create. A function: eXecute.
    "switchboard.schema_version_id_seq": {"postgres": "NCSV"},
    "switchboard.seals_id_seq": {"postgres": "NCSV"},
    "switchboard.credential_versions_id_seq": {"postgres": "NCSV"},
    "switchboard.changes_place_seq": {"postgres": "NCSV"},
    "switchboard.archives_id_seq": {"postgres": "NCSV"},
    "switchboard": {"service_role": "U", ADMIN: "U", SUPPORT: "U", AUDITOR: "U", "postgres": "UC"},
}
READABLE = {"id", "organization_id", "integration_type", "display_name", "is_active", "is_verified"}
READABLE |= {"last_verified_at", "created_at", "updated_at"}
# Where not each column of a relation can be selected, inserted or updated: those that can.
COLUMNS = {
    ("authenticated", "public.integration_credentials"): {"S": READABLE},
    (SUPPORT, "public.integration_credentials"): {
        "S": {*READABLE, "created_by", "updated_by"},
        "U": {"is_active", "is_verified", "last_verified_at", "updated_by", "updated_at"},
    },
    (ADMIN, "switchboard.keys"): {"I": {"key_id", "purpose", "salt", "public_key", "created_by"}, "U": {"created_by"}},
    (SUPPORT, "switchboard.credential_versions"): {
        "S": {
            *("id", "credential_id", "organization_id", "integration_type", "kind", "fields", "was_verified"),
            *("verified_at", "user_id", "operator", "operator_from", "operation_id", "replaced_at", "replaced_by"),
        },
    },
}
CALLABLE = {
    "switchboard.actions()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.take_lock(text,uuid)": {ADMIN, SUPPORT},
    "switchboard.log_act(text,uuid,text,text,jsonb)": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.begin_open(uuid,text)": {ADMIN, SUPPORT},
    "switchboard.open_envelope(uuid)": {ADMIN, SUPPORT},
    "switchboard.setting(text)": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.change_setting(text,integer)": {ADMIN},
    "switchboard.forget_versions(uuid,text)": {ADMIN},
    "switchboard.hold_envelopes()": {ADMIN},
    "switchboard.begin_rotation(text,bytea,text,bytea)": {ADMIN},
    "switchboard.rotate_credentials(uuid[],text[],text[])": {ADMIN},
    "switchboard.rotate_versions(bigint[],text[],text[])": {ADMIN},
    "switchboard.finish_rotation(jsonb,uuid[],bigint[])": {ADMIN},
    "switchboard.retire_key(text,bigint)": {ADMIN},
    "switchboard.my_login()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.acting_person()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.scope()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.sees_everything()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.visible_organizations()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.require_everything(text)": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.planned_everything()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.planned_organizations()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.planned_vouching()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.planned_scope()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.same_scope(text)": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.names_somebody()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.scoped_integrations()": {ADMIN, SUPPORT},
    "switchboard.begin_check(uuid,timestamp with time zone)": {ADMIN, SUPPORT},
    "switchboard.hold_check(uuid)": {ADMIN, SUPPORT},
    "switchboard.note_check(uuid,jsonb,jsonb,jsonb)": {ADMIN, SUPPORT},
    "switchboard.claim_change(uuid[])": {ADMIN, SUPPORT},
    "switchboard.note_told(uuid)": {ADMIN, SUPPORT},
    "switchboard.record_archive(date,bigint,bytea,timestamp with time zone[])": {ADMIN},
    "switchboard.archived_before()": {ADMIN, SUPPORT, AUDITOR},
    "switchboard.uses_of(uuid)": {ADMIN, SUPPORT},
    "switchboard.record_type(text,bytea)": {ADMIN},
    "switchboard.withdraw_type(text)": {ADMIN},
    "switchboard.login_refusal(text)": {ADMIN},
    "switchboard.map_login(text,uuid,text,uuid[],boolean,boolean,text,text)": {ADMIN},
    "switchboard.edit_login(text,text,uuid[],boolean,text)": {ADMIN},
    "switchboard.remove_login(text)": {ADMIN},
    "switchboard.planned_request()": {ADMIN, SUPPORT},
    "switchboard.request_person()": {ADMIN, SUPPORT},
    "switchboard.request_administers()": {ADMIN, SUPPORT},
    "switchboard.request_rights()": {ADMIN, SUPPORT},
    "switchboard.request_integrations()": {ADMIN, SUPPORT},
    "switchboard.administrators(uuid)": {ADMIN, SUPPORT},
    "switchboard.change_administrator(uuid,uuid,boolean)": {ADMIN},
    "switchboard.may(uuid,uuid,text)": {"service_role", ADMIN, SUPPORT},
}
# What somebody who is signed in through Supabase sees: integrations, limits of permissions, numbers.
SEEN = {
    MEMBER: (["for a while", "viewed"], [1, 1, 2, 2, 2, 2], ["own"]),
    OUTSIDER: ([], [4], []),
    AWAY: ([], [], []),
    None: ([], [], []),
}
POLICIES = """
select p.polname::text, n.nspname || '.' || c.relname
from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
"""
SEE = """
select array(select display_name::text from public.integration_credentials order by 1),
       array(select daily_limit from public.user_integration_permissions order by 1),
       array(select display_name::text from public.organization_phone_numbers order by 1)
"""


@pytest.fixture(scope="module")
def project(supabase_server: SupabaseServer) -> Iterator[str]:
    """A Supabase project whose owner gave everything away before the schema came, and a row in every table."""
    name = supabase_server.create_project()
    for role in (ADMIN, SUPPORT, AUDITOR):
        supabase_server.create_role(role, "nologin")
    for login, options in (
        *(("stranger", "login"), ("granted", "login"), ("ann", f"login in role {ADMIN}")),
        *(("saul", f"login in role {SUPPORT}"), ("aude", f"login in role {AUDITOR}")),
    ):
        supabase_server.create_role(login, options)
    with psycopg.connect(supabase_server.conninfo(name)) as connection:
        connection.execute(BEFORE)
        connection.execute(PLAYGROUND)
    run_schema_files(supabase_server.conninfo(name, user="postgres"))
    with psycopg.connect(supabase_server.conninfo(name)) as connection:
        connection.execute(SEED)
    yield supabase_server.conninfo(name)
    supabase_server.drop_database(name)
    supabase_server.drop_new_roles()


@pytest.fixture
def connection(project: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection in a transaction that is rolled back."""
    with psycopg.connect(project) as connection:
        connection.execute("select 1")
        yield connection
        connection.rollback()


def may(connection: psycopg.Connection, role: str, statement: str) -> bool:
    """Whether the role gets to at least one row with it; rolled back."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"set local role {role}")
            cursor = connection.execute(statement)
            return cursor.rowcount != 0
    except psycopg.errors.InsufficientPrivilege:
        return False


def wanted_abilities(trials: Trials, who: str, name: str) -> frozenset[str]:
    """What the matrix says of a role and an object."""
    if name not in MATRIX:
        return frozenset("X" if who == "postgres" or who in CALLABLE.get(name, ()) else "")
    letters = MATRIX[name].get(who, "")
    columns = {verb: set(trials.columns.get(name, ())) for verb in "SIU" if verb in letters.upper()}
    columns |= COLUMNS.get((who, name), {})
    return frozenset({*letters, *(f"{verb}.{column}" for verb, names in columns.items() for column in names)})


def differences(
    connection: psycopg.Connection, trials: Trials, names: Iterable[str], who: str = "", verb: str = ""
) -> list[str]:
    """What a role (each, unless one is named) can do beyond the matrix (+), and what it cannot (-)."""
    abilities = trials.abilities(connection, {who: LOGINS[who]} if who else LOGINS, names, verb)
    wrong = []
    for (role, name), has in abilities.items():
        wanted = {
            ability
            for ability in wanted_abilities(trials, role, name)
            if (ability[0].upper() + ability[1:]).startswith(verb)
        }
        if has != wanted:
            wrong.append(f"{role} on {name}: +{sorted(has - wanted)} -{sorted(wanted - has)}")
    return wrong


def differences_anywhere(connection: psycopg.Connection, trials: Trials) -> list[str]:
    """What differs from the matrix. But for the schema itself all is tried as if it was open to everybody: a privilege
    that is hidden behind it is one too many.
    """
    wrong = differences(connection, trials, ["switchboard"])
    with connection.transaction(force_rollback=True):
        connection.execute("grant usage on schema switchboard to public")
        return wrong + differences(connection, trials, trials.statements.keys() - {"switchboard"})


def seen_by(connection: psycopg.Connection, person: str | None) -> tuple[list[str], list[int], list[str]]:
    with connection.transaction(force_rollback=True):
        as_web_user(connection, "authenticated", person)
        row = connection.execute(SEE).fetchone()
        assert row is not None
        return row


def test_each_role_can_do_what_the_matrix_says_and_nothing_else(connection: psycopg.Connection) -> None:
    """Also to what setup finds given away when it is run again."""
    trials = read_trials(connection)
    assert set(ROWS) == set(trials.columns)
    assert {name for name in trials.statements if "(" not in name} == set(MATRIX)
    assert differences_anywhere(connection, trials) == []
    for what in ("tables", "sequences", "functions"):
        connection.execute(f"grant all on all {what} in schema switchboard to {EVERYBODY}")
    connection.execute(f"grant all on schema switchboard to {EVERYBODY}")
    for table in TABLES:
        connection.execute(f"grant all on public.{table} to {EVERYBODY}")
    connection.execute("set local role postgres")
    for file in sorted(SCHEMA_FILES.glob("*.sql")):
        connection.execute(file.read_text(encoding="utf-8"))
    connection.execute("reset role")
    assert differences_anywhere(connection, trials) == []


def test_whoever_is_signed_in_sees_what_they_hold_in_the_organisation_that_they_belong_to(
    connection: psycopg.Connection,
) -> None:
    assert {person: seen_by(connection, person) for person in SEEN} == SEEN


@pytest.mark.long
def test_no_grant_policy_or_revoke_can_be_turned_round_without_a_difference(connection: psycopg.Connection) -> None:
    """Each privilege of each role on each object is flipped, each policy dropped, row security switched off."""
    trials = read_trials(connection)
    connection.execute("savepoint closed")
    counts: Counter[str] = Counter()
    survivors: list[str] = []
    for turn in every_turn(connection, trials):
        if turn.names == ("switchboard",):
            connection.execute("rollback to savepoint closed")
        elif not counts["opened"]:
            connection.execute("grant usage on schema switchboard to public")
            counts["opened"] = 1
        with connection.transaction(force_rollback=True):
            connection.execute(turn.statement)
            is_seen = " policy " in turn.statement and {who: seen_by(connection, who) for who in SEEN} != SEEN
            if not is_seen and not differences(connection, trials, turn.names, turn.who, turn.verb):
                survivors.append(turn.statement)
        counts[turn.statement.partition(" ")[0]] += 1
    print(counts)
    assert survivors == []
    assert (counts["drop"], counts["alter"]) == (42, 7)
    assert counts["grant"] + counts["revoke"] > 3000


@dataclass(frozen=True, slots=True)
class Turn:
    """A statement that turns one thing round, and where it shows: the objects, the role and the verb; "" for any."""

    statement: str
    names: tuple[str, ...]
    who: str = ""
    verb: str = ""


def every_turn(connection: psycopg.Connection, trials: Trials) -> Iterator[Turn]:
    """The schema's own come first, as it is closed to others for them."""
    for name in sorted(trials.statements, key=lambda name: name != "switchboard"):
        if name == "switchboard":
            kind, privileges = "schema", {"usage": "U", "create": "C"}
        elif "(" in name:
            kind, privileges = "function", {"execute": "X"}
        elif name not in trials.columns:
            kind, privileges = "sequence", {"usage": "", "select": "", "update": ""}
        else:
            kind, privileges = "table", {"select": "S", "trigger": "G"}
            if "T" in trials.statements[name]:
                privileges |= {"insert": "I", "update": "U", "delete": "D", "truncate": "T", "references": "R"}
                privileges["maintain"] = "M"
        for who in (*ROLES, "public"):
            for privilege, verb in privileges.items():
                yield from turns_of(connection, kind, name, who, privilege, verb, trials.columns.get(name, ()))
    for policy, table in connection.execute(POLICIES).fetchall():
        yield Turn(f"drop policy {policy} on {table}", (table,))
        if policy == "switchboard_own_select":
            yield Turn(f"alter policy {policy} on {table} using (true)", ())
    for table in TABLES:
        yield Turn(f"alter table public.{table} disable row level security", (f"public.{table}",))


def turns_of(
    connection: psycopg.Connection, kind: str, name: str, who: str, privilege: str, verb: str, columns: Sequence[str]
) -> Iterator[Turn]:
    """Those of one privilege on one object: of all of it, and of each column where it is not held on all of it."""
    grantee = {"ann": ADMIN, "saul": SUPPORT, "aude": AUDITOR}.get(LOGINS[who][0], who) if who in LOGINS else who
    tries = "stranger" if who == "public" else who
    ask = "select has_{}_privilege(%s, %s, {}%s)"
    (has,) = connection.execute(ask.format(kind, ""), [grantee, name, privilege]).fetchone() or (None,)
    turn, to = ("revoke", "from") if has else ("grant", "to")
    # What these views ask of the login is asked with the rights of whoever reads them.
    also = f"; grant execute on function switchboard.scope() to {grantee}" if ".visible_" in name and not has else ""
    yield Turn(f"{turn} {privilege} on {kind} {name} {to} {grantee}{also}", (name,), tries, verb)
    if kind != "table" or has or privilege not in ("select", "insert", "update"):
        return
    for column in columns:
        (has,) = connection.execute(ask.format("column", "%s, "), [grantee, name, column, privilege]).fetchone() or (0,)
        turn, to = ("revoke", "from") if has else ("grant", "to")
        yield Turn(f"{turn} {privilege} ({column}) on {name} {to} {grantee}{also}", (name,), tries, f"{verb}.{column}")


def test_every_function_fixes_its_path_with_temporary_types_last(project: str) -> None:
    with psycopg.connect(project) as connection:
        paths = connection.execute(
            "select proname::text, proconfig from pg_proc where pronamespace = 'switchboard'::regnamespace"
        ).fetchall()
    assert [name for name, config in paths if "search_path=pg_catalog, pg_temp" not in (config or [])] == []


@pytest.mark.parametrize(
    "statement",
    [
        "select credentials_encrypted from public.integration_credentials",
        "select * from public.integration_credentials",
        "select to_jsonb(c) from public.integration_credentials c",
        "select id from public.integration_credentials where credentials_encrypted like 'the%'",
        "update public.integration_credentials set display_name = 'x'",
        "update public.integration_credentials set organization_id = gen_random_uuid()",
        "update public.integration_credentials set credentials_encrypted = 'x'",
        "update public.integration_credentials set is_active = false returning credentials_encrypted",
    ],
)
def test_support_neither_reads_nor_writes_an_envelope(project: str, statement: str) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        assert not may(connection, "switchboard_support", statement)
        assert may(connection, "switchboard_admin", statement)


@pytest.mark.parametrize(("purpose", "allowed"), [("test", True), ("sync", True), ("reveal", False), ("copy", False)])
def test_support_opens_an_envelope_to_test_but_not_to_look(project: str, purpose: str, allowed: bool) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        begin = f"select switchboard.begin_open('{INTEGRATION}', '{purpose}')"
        assert may(connection, "switchboard_support", begin) is allowed
        assert may(connection, "switchboard_admin", begin)
        connection.execute("set role switchboard_support")
        if allowed:
            (ticket,) = connection.execute(begin).fetchone() or (None,)
            opened = connection.execute("select switchboard.open_envelope(%s)", [ticket]).fetchone()
            assert opened == ("the envelope",)


def test_a_service_that_asks_what_somebody_may_do_reaches_nothing_else_of_the_schema(project: str) -> None:
    with psycopg.connect(project, autocommit=True) as connection:
        ask = f"select reason from switchboard.may('{MEMBER}', '{INTEGRATION}', 'configure')"
        assert may(connection, "service_role", ask)
        connection.execute("set role service_role")
        assert connection.execute(ask).fetchone() == ("may not configure",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select switchboard.open_envelope(gen_random_uuid())")


def test_changes_by_a_role_without_rights_on_the_log_are_logged(project: str) -> None:
    with psycopg.connect(project) as connection:
        connection.execute("set local role switchboard_support")
        connection.execute("update public.integration_credentials set is_active = false")
        connection.execute("select switchboard.log_act('connection_tested', null, 'zoho_mail', 'failed', null)")
        rows = connection.execute(
            "select action, details ->> 'role' from public.integration_audit_logs order by created_at desc limit 2"
        ).fetchall()
        connection.rollback()
    assert rows == [("connection_tested", "switchboard_support"), ("credential_disabled", "switchboard_support")]


def test_policies_are_as_supabases_linter_asks_for(project: str) -> None:
    """One permissive policy for each role and command, and nobody writes because of a plain "true"."""
    with psycopg.connect(project) as connection:
        policies = connection.execute(
            "select tablename::text, unnest(roles)::text, cmd, qual, with_check from pg_policies "
            "where schemaname = 'public' and permissive = 'PERMISSIVE'"
        ).fetchall()
    commands = [(table, role, cmd) for table, role, cmd, _, _ in policies]
    assert len(commands) > 20 and len(set(commands)) == len(commands)
    assert "ALL" not in {cmd for _, _, cmd in commands}
    assert [policy for policy in policies if policy[2] != "SELECT" and "true" in (policy[3], policy[4])] == []
