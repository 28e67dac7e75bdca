"""Logins that are people: made, changed and removed by an owner who is no superuser, and what each role may not do."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.commands import contents, execute
from tests.support.database.schema import run_files_with_roles
from tests.support.servers.debian import POSTGRES_15, _Postgres15, needs
from tests.support.servers.pooler import TransactionPooler
from tests.support.servers.supabase import SupabaseServer
from tui.data.access.changes import (
    LoginChanged,
    LoginEdit,
    NewLogin,
    NewRole,
    Scope,
    add_login,
    adding,
    edit_login,
    rehearse,
    remove_login,
    removing,
    require_mapper,
)
from tui.data.access.logins import Login, find_login, find_person_to_map, list_logins
from tui.data.access.other_programs import other_programs
from tui.data.access.passwords import generate_password, require_good_password
from tui.data.permissions.grantees import label_person
from tui.data.postgres.database import Database
from tui.data.postgres.failures.login_refusals import LOGIN_REFUSALS
from tui.errors import InvalidInput, PermissionDenied, SchemaMissing, ServerUnsuitable, SwitchboardError
from tui.process.identity import Operator
from tui.secret import Secret
from tui.words.people.access import saved, state_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

LOGINS_SQL = Path(__file__).parents[3] / "sql" / "016_logins.sql"
CANARY = "canary-pass-wörd 47+11"
EVERYTHING = Scope(sees_all=True)
GROUPS = """
select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
 where r.rolname = %s and g.rolname like 'switchboard%%'
"""


class SupabaseOn15(SupabaseServer):
    """The same on Debian's Postgres 15, where whoever may create roles may grant all of them."""

    __test__ = False
    server_class = _Postgres15


@contextmanager
def project_on(server: SupabaseServer) -> Iterator[str]:
    """A project whose owner `postgres`, no superuser, has set Switchboard up; Asha is in its directory."""
    name = server.create_project()
    url = server.conninfo(name, user="postgres")
    asyncio.run(run_files_with_roles(url))
    execute(server.conninfo(name), "insert into auth.users (id, email) values (%s, 'asha@acme.example')", ASHA)
    yield url
    server.drop_database(name)
    server.drop_new_roles()


@pytest.fixture(scope="module")
def template(supabase_server: SupabaseServer) -> Iterator[str]:
    """Name of such a project, to be cloned; the groups are there as long as it is."""
    with project_on(supabase_server) as url, supabase_server.keeping_roles():
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def project(supabase_server: SupabaseServer, template: str) -> Iterator[str]:
    with supabase_server.own_database(template=template, owner="postgres", prefix="project") as name:
        yield supabase_server.conninfo(name, user="postgres")


def as_login(project: str, login: str) -> str:
    return make_conninfo(project, user=login)


@asynccontextmanager
async def database(conninfo: str) -> AsyncIterator[Database]:
    opened = Database(conninfo, Operator(None, "a test", None, "switchboard/test"))
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def refused(attempt: Any) -> SwitchboardError:
    with pytest.raises(SwitchboardError) as failure:
        await attempt
    return failure.value


def groups(conninfo: str, login: str) -> list[str]:
    return [name for (name,) in execute(conninfo, GROUPS, login)]


def can_log_in(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


async def a_life(server: SupabaseServer, project: str) -> None:
    """Make a login, log in with it, change it, and remove it while it is connected."""
    name = str(conninfo_to_dict(project)["dbname"])
    superuser = server.conninfo(name)
    server.log_every_statement(name)
    mark = server.log_size()
    tomorrow = execute(project, "select now() + interval '1 day'")[0][0]
    async with database(project) as owner:
        new = NewLogin("Eve's", ASHA, "support", Scope((ACME, GLOBEX)), "a note", NewRole(Secret(CANARY), tomorrow))
        rehearsed = await rehearse(owner, adding(new))
        assert (rehearsed.left_to_do, rehearsed.done) == ((), rehearsed.done)
        assert await list_logins(owner) == []
        assert "Eve's" not in server.roles()
        added = await add_login(owner, new)
        assert (added.left_to_do, added.log_row is not None) == ((), True)
        login = await find_login(owner, "Eve's")
        assert (login.state, login.role, login.expires_at, login.connection_limit) == ("alive", "support", tomorrow, 8)
        assert (login.person and login.person.email, login.note) == ("asha@acme.example", "a note")
        assert {organization.id for organization in login.organizations} == {ACME, GLOBEX}
        by_password = server.conninfo(name, user="Eve's", password=CANARY)
        assert can_log_in(by_password)
        assert not can_log_in(server.conninfo(name, user="Eve's", password=CANARY + "?"))
        logged = server.log_since(mark)
        assert "SCRAM-SHA-256$" in logged
        assert "canary" not in logged
        assert execute(by_password, "select user_id, role, organizations from switchboard.my_login()") == [
            (ASHA, "support", sorted([ACME, GLOBEX]))
        ]

        edited = await edit_login(owner, login, LoginEdit("auditor", EVERYTHING, None))
        assert edited.left_to_do == ()
        assert groups(superuser, "Eve's") == ["switchboard_auditor"]
        login = await find_login(owner, "Eve's")
        assert (login.state, login.sees_all, login.organizations, login.note) == ("alive", True, (), None)
        assert (await edit_login(owner, login, LoginEdit.of(login))).is_nothing

        with psycopg.connect(by_password) as session:
            login = await find_login(owner, "Eve's")
            assert login.sessions == 1
            removed = await remove_login(owner, login)
            assert (removed.left_to_do, removed.sessions_ended) == ((), 1)
            with pytest.raises(psycopg.OperationalError):
                session.execute("select 1")
        assert not can_log_in(by_password)
        assert groups(superuser, "Eve's") == []
        assert execute(superuser, "select rolcanlogin, rolpassword from pg_authid where rolname = 'Eve''s'") == [
            (False, None)
        ]
        # Not even the owner is a member of it afterwards, but by what the server itself gives to whoever makes a role.
        held = "select count(*) from pg_auth_members where roleid = %s::regrole and grantor = 'postgres'::regrole"
        assert execute(superuser, held, '"Eve\'s"') == [(0,)]
        (gone,) = await list_logins(owner)
        assert (gone.login, gone.state, gone.removed_at is not None) == ("Eve's", "removed", True)
        assert isinstance(await refused(find_login(owner, "Eve's")), InvalidInput)

        # Whoever has lost a password is removed and added again.
        again = NewLogin("Eve's", ASHA, "admin", EVERYTHING, None, NewRole(Secret(CANARY[::-1])))
        assert "Nobody can log in" in (await refused(add_login(owner, replace(again, new_role=None)))).sentence
        assert (await add_login(owner, again)).left_to_do == ()
        login = await find_login(owner, "Eve's")
        assert (login.state, login.expires_at) == ("alive", None)
        assert not can_log_in(by_password)
        assert can_log_in(server.conninfo(name, user="Eve's", password=CANARY[::-1]))
    details = execute(
        superuser,
        "select details ->> 'change' from integration_audit_logs where action = 'access_changed' order by created_at",
    )
    assert details == [("mapped",), ("edited",), ("removed",), ("mapped",)]


async def test_an_owner_who_is_no_superuser_makes_changes_and_removes_a_login(
    supabase_server: SupabaseServer, project: str
) -> None:
    await a_life(supabase_server, project)


@pytest.mark.long
@pytest.mark.parametrize("version", [15, 16])
def test_the_same_on_an_older_server(version: int) -> None:
    if version == 15:
        needs(POSTGRES_15 / "postgres", "postgresql-15")
    server = SupabaseOn15(version=15) if version == 15 else SupabaseServer(version=version)
    try:
        with project_on(server) as url:
            asyncio.run(a_life(server, url))
    finally:
        server.close()


async def test_what_is_refused_is_refused_in_words_and_leaves_nothing(
    supabase_server: SupabaseServer, project: str
) -> None:
    admin = supabase_server.conninfo(str(conninfo_to_dict(project)["dbname"]))
    supabase_server.create_role("eve")
    supabase_server.create_role("nobody", "nologin")
    supabase_server.create_role("deputy", "login in role postgres")
    execute(admin, "insert into auth.users (id, email, deleted_at) values (%s, 'm@acme.example', now())", GLOBEX)
    made = NewRole(generate_password())
    async with database(project) as owner:
        before = contents(admin), supabase_server.roles()
        asked: dict[str, tuple[NewLogin, type[SwitchboardError]]] = {
            "no role of that name": (NewLogin("eva", ASHA, "admin", EVERYTHING), InvalidInput),
            "own login": (NewLogin("postgres", ASHA, "admin", EVERYTHING), PermissionDenied),
            "superuser": (NewLogin("supabase_admin", ASHA, "admin", EVERYTHING), InvalidInput),
            "programs use": (NewLogin("authenticator", ASHA, "admin", EVERYTHING), InvalidInput),
            "Nobody can log in": (NewLogin("nobody", ASHA, "admin", EVERYTHING), InvalidInput),
            "that programs use": (NewLogin("deputy", ASHA, "admin", EVERYTHING), InvalidInput),
            "no such person": (NewLogin("newer", ACME, "admin", EVERYTHING, None, made), InvalidInput),
            "not active": (NewLogin("newer", GLOBEX, "admin", EVERYTHING, None, made), InvalidInput),
            "would see nothing": (NewLogin("newer", ASHA, "admin", Scope(), None, made), InvalidInput),
            "names none": (NewLogin("newer", ASHA, "admin", Scope((ACME,), sees_all=True), None, made), InvalidInput),
            "has a role of that name": (NewLogin("eve", ASHA, "admin", EVERYTHING, None, made), InvalidInput),
        }
        for words, (new, kind) in asked.items():
            failure = await refused(add_login(owner, new))
            assert (words in failure.sentence, type(failure)) == (True, kind), failure
            assert str(await refused(rehearse(owner, adding(new)))) == str(failure)
        execute(admin, "alter role switchboard_auditor rename to elsewhere")
        failure = await refused(add_login(owner, NewLogin("newer", ASHA, "auditor", EVERYTHING, None, made)))
        assert ("no group switchboard_auditor" in failure.sentence, type(failure)) == (True, SchemaMissing)
        execute(admin, "alter role elsewhere rename to switchboard_auditor")
        for login in (" eve", "e" * 64, "e\nve"):
            with pytest.raises(InvalidInput, match="no name for a login"):
                adding(NewLogin(login, ASHA, "admin", EVERYTHING))
        assert (contents(admin), supabase_server.roles()) == before
        await add_login(owner, NewLogin("eve", ASHA, "admin", EVERYTHING))
        assert (
            "a person already" in (await refused(add_login(owner, NewLogin("eve", ASHA, "admin", EVERYTHING)))).sentence
        )
    # A pooler that logs in as one for everybody.
    async with TransactionPooler(project) as pooler, database(make_conninfo(pooler.conninfo, user="eve")) as pooled:
        failure = await refused(add_login(pooled, NewLogin("newer", ASHA, "admin", EVERYTHING, None, made)))
        assert ("pooler" in failure.sentence, type(failure)) == (True, ServerUnsuitable)


def test_every_code_that_the_database_refuses_with_has_its_words() -> None:
    codes = set(re.findall(r"^\s+when '(\w+)' then '", LOGINS_SQL.read_text(encoding="utf-8"), re.MULTILINE))
    assert codes == LOGIN_REFUSALS.keys()


async def test_an_administrator_who_may_not_manage_roles_maps_and_is_given_the_sql_for_whoever_may(
    supabase_server: SupabaseServer, project: str
) -> None:
    admin = supabase_server.conninfo(str(conninfo_to_dict(project)["dbname"]))
    for role in ("ann", "bob", "eve"):
        supabase_server.create_role(role, "login noinherit")
    async with database(as_login(project, "bob")) as first:
        # Not yet in a group.
        assert isinstance(await refused(list_logins(first)), PermissionDenied)
    execute(admin, "grant switchboard_admin to ann, bob with inherit true")
    async with database(as_login(project, "bob")) as first:
        failure = await refused(add_login(first, NewLogin("eve", ASHA, "support", EVERYTHING)))
        assert ("see nothing any more" in failure.sentence, failure.exit_status) == (True, 3)
    async with database(project) as owner:
        await add_login(owner, NewLogin("ann", ASHA, "admin", EVERYTHING))
        await add_login(owner, NewLogin("bob", ASHA, "admin", Scope((ACME,))))
    async with database(as_login(project, "bob")) as scoped:
        failure = await refused(add_login(scoped, NewLogin("eve", ASHA, "support", EVERYTHING)))
        assert (failure.exit_status, "sees every organisation" in failure.what_to_do) == (3, True)
        # Before anybody is told to have a role made for it.
        new_role = NewRole(generate_password())
        failure = await refused(add_login(scoped, NewLogin("newer", ASHA, "support", EVERYTHING, None, new_role)))
        assert (failure.exit_status, "sees every organisation" in failure.what_to_do) == (3, True)
        assert "sees every organisation" in (await refused(require_mapper(scoped))).what_to_do
    async with database(as_login(project, "ann")) as ann:
        made = NewLogin("newer", ASHA, "support", EVERYTHING, None, NewRole(generate_password()))
        failure = await refused(add_login(ann, made))
        assert (failure.exit_status, 'create role "newer" login' in failure.what_to_do) == (3, True)
        own = await find_login(ann, "ann")
        assert (await refused(remove_login(ann, own))).exit_status == 3
        added = await add_login(ann, NewLogin("eve", ASHA, "support", EVERYTHING))
        login = await find_login(ann, "eve")
        assert (login.state, added.done, len(added.left_to_do)) == ("not_in_group", (), 1)
        hand_on(project, added)
        assert (await find_login(ann, "eve")).state == "alive"
        edited = await edit_login(ann, login, LoginEdit("auditor", EVERYTHING, None))
        assert len(edited.left_to_do) == 2
        hand_on(project, edited)
        assert groups(admin, "eve") == ["switchboard_auditor"]
        with psycopg.connect(as_login(project, "eve")) as session:
            session.execute("select 1")
            removed = await remove_login(ann, await find_login(ann, "eve"))
            assert (removed.sessions_ended, len(removed.left_to_do)) == (0, 3)
            assert groups(admin, "eve") == ["switchboard_auditor"]
            # It sees nothing meanwhile: it is nobody's.
            assert session.execute("select sees_everything from switchboard.my_login()").fetchone() == (False,)
            session.rollback()
            execute(admin, removed.left_to_do[0])
            hand_on(project, LoginChanged(None, (), removed.left_to_do[1:2]))
            execute(admin, removed.left_to_do[2])
            with pytest.raises(psycopg.OperationalError):
                session.execute("select 1")
        assert groups(admin, "eve") == []
        assert not can_log_in(as_login(project, "eve"))


def hand_on(project: str, changed: LoginChanged) -> None:
    """Let the owner run what was left to do."""
    for statement in changed.left_to_do:
        execute(project, statement)


async def test_a_login_that_is_no_longer_what_was_mapped_says_why_and_its_name_is_left_alone(
    supabase_server: SupabaseServer, project: str
) -> None:
    admin = supabase_server.conninfo(str(conninfo_to_dict(project)["dbname"]))

    def change(*statements: str) -> None:
        for statement in statements:
            execute(admin, statement)

    changes: dict[str, Callable[[], None]] = {
        "in_other_group": lambda: change("grant switchboard_admin to eve"),
        "not_in_group": lambda: change("revoke switchboard_support from eve granted by postgres"),
        "password_expired": lambda: change("alter role eve valid until '2001-01-01'"),
        "person_inactive": lambda: change("update auth.users set deleted_at = now()"),
        "no_login": lambda: change("alter role eve nologin"),
        "role_renamed": lambda: change("alter role eve rename to eva"),
        "role_remade": lambda: change("drop role eva", "create role eve login in role switchboard_support"),
        "role_gone": lambda: change("drop role eve"),
    }
    supabase_server.create_role("eve")
    async with database(project) as owner:
        await add_login(owner, NewLogin("eve", ASHA, "support", EVERYTHING))
        seen = {}
        kept: Login | None = None
        for state, happen in changes.items():
            happen()
            login = await find_login(owner, "eve")
            seen[login.state] = state
            kept = login if state == "role_remade" else kept
            if state in ("in_other_group", "not_in_group"):
                edited = await edit_login(owner, login, LoginEdit.of(login))
                assert edited.left_to_do == ('revoke "switchboard_admin" from "eve" granted by supabase_admin',)
                repaired = (await find_login(owner, "eve")).state
                # The other grant is a superuser's, which this owner may not take back.
                assert repaired == "in_other_group"
            if state == "role_renamed":
                closed = await rehearse(owner, removing(login))
                assert 'alter role "eva" nologin password null' in (*closed.done, *closed.left_to_do)
                assert state_words(login).short == "renamed to eva"
                assert "renamed to eva, so nobody is this person" in saved(login, is_nothing=True)
            if state == "role_remade":
                assert saved(login, is_nothing=True).startswith(
                    "Nothing changes: eve: The role was dropped and made anew"
                )
                assert (await rehearse(owner, removing(login))).done == ()
        assert seen == {state: state for state in changes}
        assert kept is not None
        removed = await remove_login(owner, kept)
        assert (removed.log_row is not None, removed.done, removed.left_to_do) == (True, (), ())


async def test_programs_that_used_a_login_are_named_and_ours_is_not(
    supabase_server: SupabaseServer, project: str
) -> None:
    supabase_server.create_role("eve", "login in role service_role")
    name = conninfo_to_dict(project)["dbname"]
    write = """
        insert into integration_audit_logs
               (organization_id, integration_type, action, status, details, user_agent, created_at)
        values (%s, 'none', 'call_made', 'success', jsonb_build_object('session_user', %s::text), %s,
                now() - %s::interval)
    """
    for login, program, age in (
        ("eve", "dialer/2.1", "1 day"),
        ("eve", "switchboard/0.2.0 (eve@x)", "1 hour"),
        ("eve", "old/1", "8 days"),
        ("ann", "other/1", "1 day"),
    ):
        execute(supabase_server.conninfo(str(name)), write, ACME, login, program, age)
    async with database(project) as owner:
        assert await other_programs(owner, "eve") == ["dialer/2.1"]
        with psycopg.connect(make_conninfo(as_login(project, "eve"), application_name="crm")):
            assert await other_programs(owner, "eve") == ["crm", "dialer/2.1"]


def test_a_generated_password_is_long_and_different_each_time_and_a_typed_one_is_judged() -> None:
    made = {generate_password().reveal("a test") for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"(?:[A-Za-z2-9]{5}-){4}[A-Za-z2-9]{5}", password) for password in made)
    require_good_password(Secret(CANARY), "eve")
    for text in ("short", "x" * 1001, "tab\tis not printable", "evangeline1"):
        with pytest.raises(InvalidInput):
            require_good_password(Secret(text), "evangeline")


async def test_where_there_is_no_directory_somebody_is_an_id_with_a_name(installed_database: str) -> None:
    async with database(installed_database) as owner:
        for unknown in ("asha@acme.example", str(ASHA)):
            failure = await refused(find_person_to_map(owner, unknown))
            assert "has no directory of people" in failure.sentence
            assert "`switchboard permissions grant` with --label NAME first" in failure.what_to_do
        await label_person(owner, ACME, ASHA, "Asha")
        assert (await find_person_to_map(owner, str(ASHA))).name == "Asha"
